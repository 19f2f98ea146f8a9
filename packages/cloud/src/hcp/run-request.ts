/** From a run's rows to what the Terraform runner is asked for. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { TerraformRunRequest } from "../ports.ts";
import { unpack } from "./archive.ts";
import { readBlob } from "./blobs.ts";
import { organizationOf, type Hcp, type Run, type Workspace } from "./model.ts";
import { currentStateText } from "./states.ts";
import { effectiveVariables } from "./variables.ts";

export const workFolder = (hcp: Hcp, runId: string): string => join(hcp.folder, "work", runId);

/**
 * The folder that Terraform runs in, unpacked where it is not there yet.
 * @throws Error with what to tell the user, where the archive or its working directory is not usable.
 */
export async function prepareFolder(hcp: Hcp, run: Run, workspace: Workspace): Promise<string> {
  const root = workFolder(hcp, run.id);
  if (!(await isFolder(root))) {
    const archive = await readBlob(hcp, "configurations", run.configurationVersionId);
    if (!archive) throw new Error("The configuration version has no archive");
    await unpack(archive, root);
  }
  const directory = workspace.settings["working-directory"];
  const folder = typeof directory === "string" ? join(root, directory) : root;
  if (!(await isFolder(folder)))
    throw new Error(`The working directory "${String(directory)}" is not in the configuration`);
  return folder;
}

const isFolder = async (path: string): Promise<boolean> => {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
};

export async function runRequest(
  hcp: Hcp,
  run: Run,
  workspace: Workspace,
  how: Pick<TerraformRunRequest, "folder" | "log" | "signal">,
): Promise<TerraformRunRequest> {
  return {
    ...how,
    root: workFolder(hcp, run.id),
    variables: terraformVariables(hcp, run, workspace),
    environment: {
      TFC_RUN_ID: run.id,
      TFC_WORKSPACE_NAME: workspace.name,
      TFC_WORKSPACE_SLUG: `${organizationOf(hcp, workspace)}/${workspace.name}`,
      TFC_PROJECT_NAME: hcp.projects.get(workspace.projectId)?.name ?? "",
      ...Object.fromEntries(
        effectiveVariables(hcp, workspace)
          .filter(({ category }) => category === "env")
          .map(({ key, value }) => [key, value]),
      ),
    },
    state: await currentStateText(hcp, workspace),
    destroy: run.isDestroy,
    refresh: run.refresh,
    refreshOnly: run.refreshOnly,
    targets: run.targetAddrs,
    replace: run.replaceAddrs,
    workspace: workspace.name,
  };
}

/** A run's own variables win over all but those of priority sets. */
function terraformVariables(hcp: Hcp, run: Run, workspace: Workspace): TerraformRunRequest["variables"] {
  const stored = effectiveVariables(hcp, workspace).filter(({ category }) => category === "terraform");
  const fixed = (owner: { type: string; id: string }): boolean =>
    owner.type === "varsets" && hcp.variableSets.get(owner.id)?.priority === true;
  const own = run.variables.filter(
    ({ key }) => !stored.some((variable) => variable.key === key && fixed(variable.owner)),
  );
  return [
    ...stored
      .filter(({ key }) => !own.some((variable) => variable.key === key))
      .map(({ key, value, hcl, sensitive }) => ({ key, value, hcl, sensitive })),
    ...own.map(({ key, value }) => ({ key, value, hcl: true, sensitive: false })),
  ];
}
