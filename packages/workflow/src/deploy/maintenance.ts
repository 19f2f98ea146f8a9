import { type Maintenance, setMaintenance } from "@doge/deploy";
import type { Project } from "../project.ts";
import type { EnvironmentName } from "../workspaces/names.ts";
import { onEnvironment } from "./connect.ts";
import { personOf } from "./person.ts";

/** Gives an environment's visitors the maintenance page, perhaps after a wait, or the app again where there is no page. */
export async function environmentMaintenance(
  project: Project,
  environment: EnvironmentName,
  page: Pick<Maintenance, "message" | "holdSeconds"> | undefined,
): Promise<Maintenance | undefined> {
  const owner = await personOf(project);
  return onEnvironment(project, environment, (host) =>
    setMaintenance({ host, clock: project.machine.clock, project: project.config.slug, owner, page }),
  );
}
