import type { Hub } from "./hub.ts";
import type { EnvironmentDocument, RepositoryDocument } from "./model.ts";
import { findEnvironment } from "./records.ts";

export type EnvironmentSettings = Pick<
  EnvironmentDocument,
  "waitTimer" | "preventSelfReview" | "reviewers" | "deploymentBranchPolicy"
>;

const open: EnvironmentSettings = {
  waitTimer: 0,
  preventSelfReview: false,
  reviewers: [],
  deploymentBranchPolicy: null,
};

/** Makes an environment, open to every branch unless told, or gives one that is there other settings. */
export function saveEnvironment(
  hub: Hub,
  repository: RepositoryDocument,
  name: string,
  settings: EnvironmentSettings = open,
): EnvironmentDocument {
  const old = findEnvironment(hub.records, repository, name);
  const now = hub.now();
  const id = old?.id ?? hub.context.ids.next("github.environments");
  return hub.records.environments.put(id, {
    ...settings,
    id,
    repository: repository.id,
    name: old?.name ?? name,
    branchPolicies: settings.deploymentBranchPolicy?.custom_branch_policies ? (old?.branchPolicies ?? []) : [],
    createdAt: old?.createdAt ?? now,
    updatedAt: now,
  });
}

/** GitHub makes an environment that a deployment names and nobody made. */
export function ensureEnvironment(hub: Hub, repository: RepositoryDocument, name: string): void {
  if (!findEnvironment(hub.records, repository, name)) saveEnvironment(hub, repository, name);
}
