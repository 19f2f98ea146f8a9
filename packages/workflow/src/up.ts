import { step } from "@doge/core";
import type { ReleaseImage } from "@doge/deploy";
import { deployEnvironment, prepareImage } from "./deploy/deploy.ts";
import type { DeployResult } from "./deploy/receipt.ts";
import type { Project } from "./project.ts";
import { createRepository, environmentRefs } from "./repository/create.ts";
import { convergeWorkspace, type WorkspaceResult } from "./run-workspace.ts";
import { requireTokens } from "./requirements.ts";
import type { EnvironmentName } from "./workspaces/names.ts";

export interface UpResult {
  readonly repository: string;
  readonly workspaces: readonly WorkspaceResult[];
  readonly deploys: readonly DeployResult[];
  readonly milliseconds: number;
}

/**
 * From nothing to staging and production: meta, repository, base, dotenv, stage and prod, first deploys.
 * Every step converges, so that a run that was interrupted anywhere is simply run again. Once pull requests
 * have moved the branches on, it keeps each environment at the head of its branch; one that was rolled back from it stays.
 */
export async function up(project: Project): Promise<UpResult> {
  const now = (): Date => project.machine.clock.now();
  const started = now().getTime();
  requireTokens(project);
  const workspaces: WorkspaceResult[] = [];
  workspaces.push(await convergeWorkspace(project, "meta", { message }));
  const repository = await step(
    project.emit,
    now,
    { step: "repository", title: "Creating the repository" },
    () => createRepository(project),
    (r) => ({ outcome: r.created || r.pushed ? "done" : "unchanged", detail: r.url }),
  );
  // Images need the repository and its branches, nothing of the environments.
  const base = convergeWorkspace(project, "base", { message });
  const [rest, images] = await settleAll([infrastructure(project, base), environmentImages(project, base)] as const);
  workspaces.push(...rest);

  const { owner } = project.config.github;
  // What was rolled back stays so.
  const stays = { owner, takenBack: "stay" } as const;
  const staging = deployEnvironment(project, "stage", { image: images.stage, ...stays });
  const deploys = await settleAll([
    staging,
    deployEnvironment(project, "prod", { image: images.prod, ...stays, after: staging }),
  ] as const);
  return {
    repository: repository.url,
    workspaces,
    deploys,
    milliseconds: now().getTime() - started,
  };
}

const message = "doge up";

async function infrastructure(project: Project, base: Promise<WorkspaceResult>): Promise<readonly WorkspaceResult[]> {
  const first = await base;
  const dotenv = await convergeWorkspace(project, "dotenv", { message });
  // The environments know nothing of each other.
  const environments = await settleAll([
    convergeWorkspace(project, "stage", { message }),
    convergeWorkspace(project, "prod", { message }),
  ] as const);
  return [first, dotenv, ...environments];
}

/**
 * One after the other: mostly both are the same tree, and then the second is found. Production's goes first,
 * while `base` makes the branch of the other.
 */
async function environmentImages(
  project: Project,
  base: Promise<unknown>,
): Promise<Readonly<Record<EnvironmentName, ReleaseImage>>> {
  const prod = await prepareImage(project, { ref: (await environmentRefs(project)).prod });
  await base;
  const stage = await prepareImage(project, { ref: (await environmentRefs(project)).stage });
  return { stage, prod };
}

/** Waits for all, then throws the first failure: nothing is left running behind an error. */
async function settleAll<T extends readonly Promise<unknown>[]>(
  work: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const settled = await Promise.allSettled(work);
  const failed = settled.find((s) => s.status === "rejected");
  if (failed) throw failed.reason;
  return settled.map((s) => (s as PromiseFulfilledResult<unknown>).value) as {
    -readonly [K in keyof T]: Awaited<T[K]>;
  };
}
