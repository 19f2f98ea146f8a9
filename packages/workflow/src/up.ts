import { step } from "@doge/core";
import { deployEnvironment, type DeployResult, prepareImage } from "./deploy/deploy.ts";
import type { Project } from "./project.ts";
import { createRepository } from "./repository/create.ts";
import { convergeWorkspace, type WorkspaceResult } from "./run-workspace.ts";
import { requireTokens } from "./requirements.ts";

export interface UpResult {
  readonly repository: string;
  readonly workspaces: readonly WorkspaceResult[];
  readonly deploys: readonly DeployResult[];
  readonly milliseconds: number;
}

/**
 * From nothing to staging and production: meta, repository, base, dotenv, stage and prod, first deploys.
 * Every step converges, so that a run that was interrupted anywhere is simply run again.
 */
export async function up(project: Project): Promise<UpResult> {
  const now = (): Date => project.machine.clock.now();
  const started = now().getTime();
  requireTokens(project);
  const message = "doge up";

  const workspaces: WorkspaceResult[] = [];
  workspaces.push(await convergeWorkspace(project, "meta", { message }));
  const repository = await step(
    project.emit,
    now,
    { step: "repository", title: "Creating the repository" },
    () => createRepository(project),
    (r) => ({ outcome: r.created || r.pushed ? "done" : "unchanged", detail: r.url }),
  );
  workspaces.push(await convergeWorkspace(project, "base", { message }));
  workspaces.push(await convergeWorkspace(project, "dotenv", { message }));

  // The environments know nothing of each other, and the image needs neither: all three at once.
  const [stage, prod, image] = await settleAll([
    convergeWorkspace(project, "stage", { message }),
    convergeWorkspace(project, "prod", { message }),
    prepareImage(project, { ref: "main" }),
  ] as const);
  workspaces.push(stage, prod);

  const first = { image, owner: project.config.github.owner };
  const stageDeploy = await deployEnvironment(project, "stage", first);
  const prodDeploy = await deployEnvironment(project, "prod", first);
  return {
    repository: repository.url,
    workspaces,
    deploys: [stageDeploy, prodDeploy],
    milliseconds: now().getTime() - started,
  };
}

/** Waits for all, then throws the first failure: nothing is left running behind an error. */
async function settleAll<A, B, C>(work: readonly [Promise<A>, Promise<B>, Promise<C>]): Promise<[A, B, C]> {
  const settled = await Promise.allSettled(work);
  const failed = settled.find((s) => s.status === "rejected");
  if (failed) throw failed.reason;
  return settled.map((s) => (s as PromiseFulfilledResult<unknown>).value) as [A, B, C];
}
