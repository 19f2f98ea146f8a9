import { step } from "@doge/core";
import { deployEnvironment } from "./deploy/deploy.ts";
import { type Droplets, withDroplets } from "./deploy/droplets.ts";
import { type PreparedImage, prepareImage } from "./deploy/image.ts";
import type { DeployResult } from "./deploy/receipt.ts";
import type { Project } from "./project.ts";
import { gitIn, headOf } from "./repository/git.ts";
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
  const deploys = await withDroplets(project, async (droplets) => {
    const base = convergeWorkspace(project, "base", { message });
    const [rest, images] = await settleAll(rise(project, droplets, base));
    workspaces.push(...rest);

    const { owner } = project.config.github;
    // What was rolled back stays so.
    const stays = { owner, takenBack: "stay" } as const;
    const staging = deployEnvironment(project, droplets, "stage", { image: images.stage, ...stays });
    return settleAll([
      staging,
      deployEnvironment(project, droplets, "prod", { image: images.prod, ...stays, after: staging }),
    ] as const);
  });
  return {
    repository: repository.url,
    workspaces,
    deploys,
    milliseconds: now().getTime() - started,
  };
}

const message = "doge up";

type Images = Readonly<Record<EnvironmentName, PreparedImage>>;

/** Images in a registry need the repository and its branches, nothing of the environments; others need their droplets. */
function rise(
  project: Project,
  droplets: Droplets,
  base: Promise<WorkspaceResult>,
): readonly [Promise<readonly WorkspaceResult[]>, Promise<Images>] {
  const made = infrastructure(project, base);
  return [
    made,
    project.config.registry === "none"
      ? imagesToSend(project, droplets, made)
      : imagesInRegistry(project, droplets, base),
  ];
}

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
async function imagesInRegistry(project: Project, droplets: Droplets, base: Promise<unknown>): Promise<Images> {
  const prod = await prepareImage(project, { ...(await refOf(project, "prod")), droplets });
  await base;
  const stage = await prepareImage(project, { ...(await refOf(project, "stage")), droplets });
  return { stage, prod };
}

/** What is built for staging now is what production gets. */
async function imagesToSend(project: Project, droplets: Droplets, made: Promise<unknown>): Promise<Images> {
  await made;
  const stage = await prepareImage(project, { ...(await refOf(project, "stage")), droplets });
  const wanted = await refOf(project, "prod");
  const { commit, tree } = await headOf(gitIn(project.machine, project.folder), wanted.ref);
  const prod =
    stage.built && stage.tree === tree ? { ...stage, commit } : await prepareImage(project, { ...wanted, droplets });
  return { stage, prod };
}

const refOf = async (
  project: Project,
  environment: EnvironmentName,
): Promise<{ readonly environment: EnvironmentName; readonly ref: string }> => ({
  environment,
  ref: (await environmentRefs(project))[environment],
});

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
