import type { Hub } from "./hub.ts";
import type { Deployment, DeploymentStatus } from "./model.ts";

export interface NewStatus {
  readonly state: string;
  readonly description: string;
  readonly environmentUrl: string;
  readonly logUrl: string;
  readonly creator: string;
  /** A success makes the earlier deployments of its environment inactive. */
  readonly supersede: boolean;
}

export function addDeploymentStatus(
  hub: Hub,
  deployment: Deployment,
  { supersede, ...fields }: NewStatus,
): { deployment: Deployment; status: DeploymentStatus } {
  const { deployments } = hub.records;
  const now = hub.now();
  const add = (to: Deployment, status: DeploymentStatus): Deployment =>
    deployments.put(to.id, { ...to, statuses: [...to.statuses, status], updatedAt: now });
  const make = (of: Omit<NewStatus, "supersede">): DeploymentStatus => ({
    ...of,
    id: hub.context.ids.next("github.deployment-statuses"),
    createdAt: now,
  });

  const status = make(fields);
  const changed = add(deployment, status);
  if (fields.state === "success" && supersede && !deployment.transient) {
    const { id, repository, environment } = deployment;
    const earlier = deployments.list(
      (other) => other.id !== id && other.repository === repository && other.environment === environment,
    );
    for (const other of earlier) {
      if (other.statuses.at(-1)?.state === "success")
        add(other, make({ ...fields, state: "inactive", description: "" }));
    }
  }
  return { deployment: changed, status };
}
