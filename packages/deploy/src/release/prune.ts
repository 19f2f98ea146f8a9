import type { Containers } from "../containers/containers.ts";
import { docker } from "../containers/docker.ts";
import { pruneBackups } from "../database/backup.ts";
import type { Deploying } from "./deploying.ts";
import type { DeployOptions } from "./model.ts";

const releasesKept = 5;

/** Keeps the last few images and backups, so that a rollback needs no registry. Failing here fails nothing. */
export async function prune({ journal, host, layout, containers }: Deploying): Promise<void> {
  const [releases] = await Promise.all([journal.releases(), host.run({ argv: pruneBackups(layout.backups, 10) })]);
  const keep = new Set(releases.slice(0, releasesKept).map(({ image }) => image.reference));
  // What is older went with the deploys before: to ask for each of fifty costs a second.
  const old = new Set(releases.slice(releasesKept, 2 * releasesKept).map(({ image }) => image.reference));
  for (const reference of old) if (!keep.has(reference)) await removeImage(containers, host, reference);
  await journal.forget(releases.slice(50).map(({ number }) => number));
}

async function removeImage(containers: Containers, host: DeployOptions["host"], reference: string): Promise<void> {
  if (await containers.hasImage(reference)) await host.run({ argv: docker.removeImage(reference) });
}
