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
}

/** What visitors are told instead of getting the app; undefined where they get it. */
export async function maintenanceOn(host: Host, layout: Layout): Promise<Maintenance | undefined> {
  const text = await host.readFile(layout.maintenance);
  return text === undefined ? undefined : (JSON.parse(text) as Maintenance);
}

/**
 * Turns the maintenance page on (`message`) or off. It stays through deploys and restarts of the edge and of
 * the host, until it is turned off. Throws `release-none`, `lease-held`.
 */
export async function setMaintenance(options: {
  readonly host: Host;
  readonly clock: Clock;
  readonly project: string;
  readonly owner: string;
  readonly message: string | undefined;
}): Promise<Maintenance | undefined> {
  const { host, clock, project, owner, message } = options;
  const layout = await layoutOn(host, project);
  const purpose = `maintenance ${message === undefined ? "off" : "on"}`;
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
    const maintenance = message === undefined ? undefined : { since: clock.now().toISOString(), by: owner, message };
    if (maintenance) await host.writeFile(layout.maintenance, `${JSON.stringify(maintenance)}\n`);
    else await host.run({ argv: ["rm", "-f", layout.maintenance] });
    const wanted = edgeFile({ ...current.settings, ...(maintenance ? { maintenance } : {}) });
    await host.writeFile(layout.edgeFile, wanted);
    await caddyOn(host).load(wanted);
    return maintenance;
  } finally {
    await lease.release();
  }
}
