import { type Host, releaseStatus, type ReleaseStatus } from "@doge/deploy";
import type { Project } from "../project.ts";
import { type EnvironmentName, hostsOf } from "../workspaces/names.ts";

export interface EnvironmentStatus {
  readonly environment: EnvironmentName;
  readonly url: string;
  /** For people, a line each. */
  readonly lines: readonly string[];
  readonly status: ReleaseStatus;
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

function describe({ current, pending, slots }: ReleaseStatus): readonly string[] {
  if (!current) return ["nothing is deployed yet"];
  const live = slots.find(({ slot }) => slot === current.slot);
  const health = live?.container?.running ? (live.ready ? "ready" : "running, not ready") : "not running";
  return [
    `release ${current.number} (${current.slot}), ${health}, since ${current.finishedAt}, by ${current.owner}`,
    `image ${current.image.digest.slice(0, 19)}, commit ${current.image.commit.slice(0, 7)}`,
    ...(pending
      ? [`release ${pending.number} is on its way since ${pending.startedAt} (${pending.phase}), by ${pending.owner}`]
      : []),
  ];
}
