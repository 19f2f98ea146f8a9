import type { RunOptions } from "./executors/executor.ts";
import type { Project } from "./project.ts";
import { requireTokens } from "./requirements.ts";
import { convergeWorkspace, type WorkspaceResult } from "./run-workspace.ts";
import { vendors } from "./vendors.ts";
import { step } from "@doge/core";
import { workspaceIsEmpty } from "./state/empty.ts";
import { workspaceExists } from "./state/store.ts";
import { workspaceNames, type WorkspaceName } from "./workspaces/names.ts";

export interface DestroyResult {
  readonly workspaces: readonly WorkspaceResult[];
  readonly milliseconds: number;
}

/**
 * Destroys workspaces in the seed's order: prod, stage, dotenv, base, meta, and last meta's own workspace.
 * One that holds nothing is passed over: a plan of it may want what is destroyed already. The repository stays unless told: it holds people's work.
 */
export async function destroy(
  project: Project,
  options: { readonly only?: WorkspaceName; readonly repository?: boolean; readonly run?: RunOptions } = {},
): Promise<DestroyResult> {
  const now = (): Date => project.machine.clock.now();
  const started = now().getTime();
  requireTokens(project);

  const workspaces: WorkspaceResult[] = [];
  for (const name of workspaceNames.toReversed()) {
    if (options.only && options.only !== name) continue;
    if (!(await workspaceExists(project, name)) || (await workspaceIsEmpty(project, name))) continue;
    workspaces.push(await convergeWorkspace(project, name, { ...options.run, destroy: true, message: "doge destroy" }));
  }
  // With targets, the rest stays, and meta's state with it.
  const whole = !options.run?.targets?.length;
  if (whole && (!options.only || options.only === "meta")) await removeMeta(project);
  if (options.repository) {
    const { owner, repository } = project.config.github;
    await step(project.emit, now, { step: "repository", title: `Deleting the repository ${owner}/${repository}` }, () =>
      removeRepository(project),
    );
  }
  return { workspaces, milliseconds: now().getTime() - started };
}

/** Images first: GitHub keeps packages when their repository goes. */
async function removeRepository(project: Project): Promise<void> {
  const { owner, repository } = project.config.github;
  const github = vendors(project).github();
  const organization = (await github.users.get(owner))?.type === "Organization";
  await github.packages.delete({ login: owner, organization }, repository.toLowerCase());
  await github.repositories.delete({ owner, repo: repository });
}

/** Meta can't remove the workspace that holds its own state: that is done last, by hand. */
async function removeMeta(project: Project): Promise<void> {
  const { config } = project;
  if (config.state.backend !== "hcp") return;
  const tfe = vendors(project).tfe();
  const meta = await tfe.workspaces.byName(config.hcp.organization, `${config.slug}-meta`);
  if (meta) await tfe.workspaces.delete(meta.id, { force: true });
}
