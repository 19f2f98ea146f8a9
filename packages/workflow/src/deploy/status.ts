import { type Host, releaseStatus } from "@doge/deploy";
import type { Project } from "../project.ts";
import { type EnvironmentName, hostsOf } from "../workspaces/names.ts";

export interface EnvironmentStatus {
  readonly environment: EnvironmentName;
  readonly url: string;
  /** For people, a line each. */
  readonly lines: readonly string[];
  readonly status: Awaited<ReturnType<typeof releaseStatus>>;
}

export async function environmentStatus(
  project: Project,
  host: Host,
  environment: EnvironmentName,
): Promise<EnvironmentStatus> {
  const status = await releaseStatus(host, project.config.slug);
  return {
    environment,
    url: `https://${hostsOf(environment, project.config.domain)[0]}`,
    status,
    lines: describe(status),
  };
}
