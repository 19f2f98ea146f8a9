import { type Clock, fail } from "@doge/core";
import { caddyOn } from "../edge/admin.ts";
import { edgeFile } from "../edge/configuration.ts";
import type { Host } from "../host/host.ts";
import { takeLease } from "../lease/lease.ts";
import { journalOn } from "./journal.ts";
import { type Layout, layoutOn } from "./layout.ts";

export interface Maintenance {
  readonly since: string;
  readonly by: string;
  readonly message: string;
  /** How long a request waits for the end of the maintenance before it gets the page; undefined: not at all. */
  readonly holdSeconds?: number;
}

/** Those who were held have gone their way within moments after the configuration that released them. */
const releaseMilliseconds = 1_000;

/** What visitors are told, or wait for, instead of getting the app; undefined where they get it. */
export async function maintenanceOn(host: Host, layout: Layout): Promise<Maintenance | undefined> {
  const text = await host.readFile(layout.maintenance);
  return text === undefined ? undefined : (JSON.parse(text) as Maintenance);
}

/**
 * Turns the maintenance page on (`page`) or off. It stays through deploys and restarts of the edge and of
 * the host, until it is turned off; then those who were held are served. Throws `release-none`, `lease-held`.
 */
export async function setMaintenance(options: {
  readonly host: Host;
  readonly clock: Clock;
  readonly project: string;
  readonly owner: string;
  readonly page: Pick<Maintenance, "message" | "holdSeconds"> | undefined;
}): Promise<Maintenance | undefined> {
  const { host, clock, project, owner, page } = options;
  const layout = await layoutOn(host, project);
  const purpose = `maintenance ${page ? "on" : "off"}`;
  const lease = await takeLease({ host, clock, folder: layout.lease, owner: { owner, purpose } });
  try {
    const current = await journalOn(host, layout).current();
    if (!current) {
      return fail({
        code: "release-none",
        summary: "Nothing was deployed here yet",
        address: host.name,
        remedy: "Deploy first: `doge deploy`, or merge into the environment's branch.",
      });
    }
    const before = await maintenanceOn(host, layout);
    const maintenance = page && { since: clock.now().toISOString(), by: owner, ...page };
    if (maintenance) await host.writeFile(layout.maintenance, `${JSON.stringify(maintenance)}\n`);
    else await host.run({ argv: ["rm", "-f", layout.maintenance] });
    const wanted = edgeFile({ ...current.settings, ...(maintenance ? { maintenance } : {}) });
    await host.writeFile(layout.edgeFile, wanted);
    const edge = caddyOn(host);
    if (before?.holdSeconds !== undefined && !maintenance) {
      await edge.load(edgeFile({ ...current.settings, releasedTo: current.slot }));
      await clock.sleep(releaseMilliseconds);
    }
    await edge.load(wanted);
    return maintenance;
  } finally {
    await lease.release();
  }
}
