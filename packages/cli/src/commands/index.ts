import type { Command } from "../command.ts";
import { adoptCommand } from "./adopt.ts";
import { deployCommand, logsCommand, rollbackCommand, sshCommand } from "./app.ts";
import { ciCheckCommand, ciDeployCommand, ciPlanCommand, ciWatchCommand } from "./ci.ts";
import {
  cloudDownCommand,
  cloudEnvCommand,
  cloudInventoryCommand,
  cloudServeCommand,
  cloudStatusCommand,
  cloudUpCommand,
} from "./cloud.ts";
import { completionCommand } from "./completion.ts";
import {
  dbBackupCommand,
  dbCopyCommand,
  dbDownloadCommand,
  dbListCommand,
  dbPsqlCommand,
  dbRestoreCommand,
  dbUploadCommand,
  dbVerifyCommand,
} from "./db.ts";
import { envDiffCommand, envPushCommand } from "./env.ts";
import { leaseBreakCommand, leaseShowCommand } from "./lease.ts";
import { maintenanceOffCommand, maintenanceOnCommand } from "./maintenance.ts";
import { newCommand } from "./new.ts";
import { doctorCommand, statusCommand, upCommand } from "./project.ts";
import { repoCreateCommand } from "./repo.ts";
import { secretsRotateCommand } from "./secrets.ts";
import { templateUpdateCommand } from "./template.ts";
import { outputCommand, providersSchemaCommand, showCommand } from "./show.ts";
import {
  forceUnlockCommand,
  stateListCommand,
  stateMvCommand,
  statePullCommand,
  statePushCommand,
  stateRmCommand,
  stateShowCommand,
  taintCommand,
  untaintCommand,
} from "./state.ts";
import { consoleCommand, execCommand, runCommand } from "./run.ts";
import {
  applyCommand,
  cleanCommand,
  destroyCommand,
  fmtCommand,
  importCommand,
  initCommand,
  planCommand,
  updateCommand,
  validateCommand,
} from "./workspaces.ts";

/** Every command, in the order in which help shows them. */
export const commands: readonly Command[] = [
  newCommand,
  adoptCommand,
  doctorCommand,
  upCommand,
  statusCommand,
  destroyCommand,
  initCommand,
  fmtCommand,
  validateCommand,
  planCommand,
  applyCommand,
  importCommand,
  outputCommand,
  showCommand,
  stateListCommand,
  stateShowCommand,
  stateMvCommand,
  stateRmCommand,
  statePullCommand,
  statePushCommand,
  taintCommand,
  untaintCommand,
  forceUnlockCommand,
  providersSchemaCommand,
  updateCommand,
  cleanCommand,
  deployCommand,
  rollbackCommand,
  logsCommand,
  sshCommand,
  execCommand,
  runCommand,
  consoleCommand,
  dbBackupCommand,
  dbListCommand,
  dbVerifyCommand,
  dbRestoreCommand,
  dbUploadCommand,
  dbDownloadCommand,
  dbCopyCommand,
  dbPsqlCommand,
  maintenanceOnCommand,
  maintenanceOffCommand,
  leaseShowCommand,
  leaseBreakCommand,
  envDiffCommand,
  envPushCommand,
  secretsRotateCommand,
  repoCreateCommand,
  templateUpdateCommand,
  ciCheckCommand,
  ciPlanCommand,
  ciWatchCommand,
  ciDeployCommand,
  cloudUpCommand,
  cloudDownCommand,
  cloudStatusCommand,
  cloudEnvCommand,
  cloudInventoryCommand,
  cloudServeCommand,
  completionCommand(() => commands),
];

/** The command that the words begin with, longest name first, and the words after it. */
export function findCommand(
  words: readonly string[],
): { readonly command: Command; readonly rest: readonly string[] } | undefined {
  for (const length of [2, 1]) {
    const name = words.slice(0, length).join(" ");
    const command = commands.find((c) => c.name === name);
    if (command && words.length >= length) return { command, rest: words.slice(length) };
  }
  return undefined;
}
