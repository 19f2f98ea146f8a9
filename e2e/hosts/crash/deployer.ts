/**
 * A deployer as a process of its own, so that it can be killed: `deployer.ts FILE`, with the JSON of a DeployOrder.
 * Prints a line of JSON for each event, and one for the outcome.
 */
import { readFileSync } from "node:fs";
import { diagnosticsOf } from "../../../packages/core/src/index.ts";
import { deployRelease, type ReleaseImage } from "../../../packages/deploy/src/index.ts";
import type { DropletName } from "../../../tools/hosts/places.ts";
import { deployOptions } from "../../support/app.ts";
import { realPlace } from "../../support/real.ts";

export interface DeployOrder {
  /** `prod` unless told. */
  readonly droplet?: DropletName;
  readonly folder: string;
  readonly image: ReleaseImage;
  readonly owner: string;
  readonly leaseSeconds: number;
  readonly healthSeconds?: number;
}

/** What a deployer prints; `step` comes before its work begins. */
export type DeployerLine =
  | { readonly step: string }
  | { readonly waiting: string }
  | { readonly released: number; readonly outcome: string; readonly digest: string }
  | { readonly failed: readonly { readonly code: string; readonly detail?: string }[] };

const order = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as DeployOrder;
const print = (line: DeployerLine): void => console.log(JSON.stringify(line));

try {
  const place = await realPlace(order.droplet ?? "prod", { folder: order.folder, asItIs: true });
  const options = deployOptions(place, order.image, (event) => {
    if (event.type === "release.step") print(event.message ? { waiting: event.message } : { step: event.step });
  });
  const { healthSeconds = 20 } = order;
  const settings = { ...options.settings, healthSeconds };
  const proof = (): Promise<void> => place.machine.clock.sleep(500);
  const record = await deployRelease({ ...options, ...order, settings, proof });
  print({ released: record.number, outcome: record.outcome, digest: record.image.digest });
  await place.host.close();
} catch (thrown) {
  print({ failed: diagnosticsOf(thrown).map(({ code, detail }) => ({ code, ...(detail ? { detail } : {}) })) });
  process.exitCode = 1;
  // A connection that was cut may hold the process.
  setTimeout(() => process.exit(1), 500).unref();
}
