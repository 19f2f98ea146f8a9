import { fail } from "@doge/core";
import type { TfeApi } from "@doge/providers/tfe";
import type { Project } from "../project.ts";
import type { WorkspaceName } from "../workspaces/names.ts";

/**
 * The workspace in HCP Terraform. Meta's own is made here where it is missing, since nothing else could
 * make it; the others are meta's work.
 */
export async function ensureWorkspace(
  project: Project,
  tfe: TfeApi,
  name: WorkspaceName,
): Promise<{ readonly id: string; readonly created: boolean }> {
  const { organization } = project.config.hcp;
  const fullName = `${project.config.slug}-${name}`;
  const found = await tfe.workspaces.byName(organization, fullName);
  if (found) return { id: found.id, created: false };
  if (name !== "meta") {
    return fail({
      code: "workspace-missing",
      summary: "The workspace is not there",
      detail: `${fullName} in organisation ${organization}.`,
      address: name,
      remedy: "The meta workspace makes it: doge apply meta.",
    });
  }
  const made = await tfe.workspaces.create(organization, { name: fullName, "execution-mode": "local" });
  return { id: made.id, created: true };
}
