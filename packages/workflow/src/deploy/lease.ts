import { breakLease, leaseStatus, type LeaseStatus, projectLayout } from "@doge/deploy";
import type { Project } from "../project.ts";
import type { EnvironmentName } from "../workspaces/names.ts";
import { onEnvironment } from "./connect.ts";

/** Who holds an environment's lease. */
export const environmentLease = (project: Project, environment: EnvironmentName): Promise<LeaseStatus> =>
  onEnvironment(project, environment, async (host) =>
    leaseStatus(host, (await projectLayout(host, project.config.slug)).lease),
  );

/** Ends the lease of an environment: a deploy that holds it is refused its next step by the host itself. */
export const breakEnvironmentLease = (
  project: Project,
  environment: EnvironmentName,
  by: string,
): Promise<LeaseStatus> =>
  onEnvironment(project, environment, async (host) =>
    breakLease(host, (await projectLayout(host, project.config.slug)).lease, by),
  );
