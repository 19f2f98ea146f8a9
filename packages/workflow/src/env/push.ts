import { redeployEnvironment } from "../deploy/deploy.ts";
import { personOf } from "../deploy/person.ts";
import type { DeployResult } from "../deploy/receipt.ts";
import type { Project } from "../project.ts";
import { convergeWorkspace } from "../run-workspace.ts";
import type { EnvironmentName } from "../workspaces/names.ts";

export interface EnvPush {
  readonly pushed: readonly EnvironmentName[];
  /** What serves with the new settings: the releases that served before, not the commit here. */
  readonly deploys: readonly DeployResult[];
  /** Given the files, but nothing runs there that could have them. */
  readonly idle: readonly EnvironmentName[];
}

/** Gives the env files here to environments: dotenv's variables, their secrets on GitHub, and what runs there. */
export async function envPush(
  project: Project,
  environments: readonly EnvironmentName[],
  options: { readonly deploy: boolean; readonly message: string },
): Promise<EnvPush> {
  const { deploy, message } = options;
  await convergeWorkspace(project, "dotenv", { message });
  for (const environment of environments) await convergeWorkspace(project, environment, { message });
  const deploys: DeployResult[] = [];
  const idle: EnvironmentName[] = [];
  const owner = await personOf(project);
  for (const environment of deploy ? environments : []) {
    const result = await redeployEnvironment(project, environment, owner);
    if (result) deploys.push(result);
    else idle.push(environment);
  }
  return { pushed: environments, deploys, idle };
}
