import type { Containers } from "../containers/containers.ts";
import { docker } from "../containers/docker.ts";
import { pruneBackups } from "../database/backup.ts";
import { pruneStore } from "../registry/prune.ts";
import { engineName, isSent } from "../registry/sent.ts";
import type { Deploying } from "./deploying.ts";
import type { DeployOptions } from "./model.ts";

const releasesKept = 5;
const releasesRemembered = 50;

/** Keeps the last few images and backups, so that a rollback needs no registry. Failing here fails nothing. */
export async function prune({ journal, host, layout, containers }: Deploying): Promise<void> {
  const [releases] = await Promise.all([journal.releases(), host.run({ argv: pruneBackups(layout.backups, 10) })]);
  const kept = releases.slice(0, releasesKept).map(({ image }) => image);
  const keep = new Set(kept.map(({ reference }) => reference));
  // What is older went with the deploys before: to ask for each of fifty costs a second.
  const old = new Set(releases.slice(releasesKept, 2 * releasesKept).map(({ image }) => image.reference));
  for (const reference of old) if (!keep.has(reference)) await removeImage(containers, host, reference);
  if (releases.some(({ image }) => isSent(image.reference))) {
    const remembered = releases.slice(0, releasesRemembered).map(({ image }) => image.digest);
    await pruneStore(host, layout.images, { images: kept.map(({ digest }) => digest), tags: remembered });
  }
  await journal.forget(releases.slice(releasesRemembered).map(({ number }) => number));
}

async function removeImage(containers: Containers, host: DeployOptions["host"], reference: string): Promise<void> {
  const name = engineName(reference);
  if (await containers.hasImage(name)) await host.run({ argv: docker.removeImage(name) });
}
