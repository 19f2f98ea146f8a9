import { delimiter } from "node:path";
import type { CommandFileContents, CommandFiles } from "./command-files.ts";
import type { JobSession } from "./session.ts";

/** The whole environment of a program that a step starts. */
export function stepEnvironment(
  session: JobSession,
  own: Readonly<Record<string, string>>,
  extra: Readonly<Record<string, string>>,
): Record<string, string> {
  const env = { ...session.machineEnv, ...session.env, ...own, ...session.fixedEnv, ...extra };
  return { ...env, PATH: [...session.path, env["PATH"] ?? ""].join(delimiter) };
}

/** Takes in what a step wrote to its command files: variables, PATH and summary change the job. */
export async function applyCommandFiles(session: JobSession, files: CommandFiles): Promise<CommandFileContents> {
  const contents = await files.collect();
  for (const [name, value] of Object.entries(contents.env)) {
    if (/^(GITHUB_|RUNNER_)/.test(name) || name === "NODE_OPTIONS") {
      session.log.write(`##[error]Can't store ${name} output parameter using '$GITHUB_ENV' command.`);
    } else session.env[name] = value;
  }
  session.path.unshift(...contents.paths.toReversed());
  if (contents.summary !== "") session.summarize(session.masker.mask(contents.summary));
  return contents;
}
