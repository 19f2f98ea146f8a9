import { fail } from "@doge/core";
import { type Slot, slotName } from "../edge/configuration.ts";
import type { Host } from "../host/host.ts";
import { compose, type Compose } from "../containers/docker.ts";

/** Where things are on a host: everything of a project below `~/doge/<slug>`, plain files that people can read. */
export interface Layout {
  readonly root: string;
  readonly lease: string;
  readonly backups: string;
  /** Images that were sent here, by their digests, where there is no registry. */
  readonly images: string;
  readonly releases: string;
  readonly journal: string;
  readonly pending: string;
  readonly current: string;
  readonly edgeFile: string;
  /** What the services were started with, and as which containers. */
  readonly servicesFile: string;
  /** There while visitors get the maintenance page. */
  readonly maintenance: string;
  /** The host's own command for backups. */
  readonly databaseScript: string;
  /** Compose file of single commands. */
  readonly taskFile: string;
  file(name: string): string;
  /** A path of these relative to `root`. */
  within(path: string): string;
  record(number: number): string;
  slotFile(slot: Slot): string;
  slot(slot: Slot): Compose;
  services(files: readonly string[]): Compose;
}

export async function layoutOn(host: Host, project: string): Promise<Layout> {
  const result = await host.run({ argv: ["sh", "-c", 'printf %s "$HOME"'] });
  if (result.exitCode !== 0 || !result.stdout.startsWith("/")) {
    fail({
      code: "host-home",
      summary: "The deploy user has no home folder",
      detail: result.stderr.trim() || `HOME is "${result.stdout}"`,
      address: host.name,
      remedy: "Check the user that cloud-init makes.",
    });
  }
  return layoutAt(`${result.stdout}/doge/${project}`);
}

export function layoutAt(root: string): Layout {
  const file = (name: string): string => `${root}/${name}`;
  const slotFile = (slot: Slot): string => file(`compose.${slotName(slot)}.yaml`);
  return {
    root,
    file,
    slotFile,
    lease: file("lease"),
    backups: file("backups"),
    images: file("images"),
    releases: file("releases"),
    journal: file("journal.jsonl"),
    pending: file("pending.json"),
    current: file("current.json"),
    databaseScript: file("bin/db"),
    taskFile: file("compose.app-task.yaml"),
    maintenance: file("maintenance.json"),
    edgeFile: file("edge/caddy.json"),
    servicesFile: file("services.mark"),
    within: (path) => path.slice(root.length + 1),
    record: (number) => file(`releases/${String(number).padStart(6, "0")}.json`),
    slot: (slot) => compose({ name: slotName(slot), files: [slotFile(slot)], directory: root }),
    services: (files) => compose({ name: "services", files: files.map(file), directory: root }),
  };
}
