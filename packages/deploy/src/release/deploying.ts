import type { Lease } from "../lease/lease.ts";
import type { Journal } from "./journal.ts";
import type { DeployOptions } from "./model.ts";
import type { Walk } from "./steps.ts";
import type { SwitchParts } from "./switch.ts";

/** Everything one deploy holds in its hands. */
export interface Deploying extends SwitchParts {
  readonly options: DeployOptions;
  readonly journal: Journal;
  readonly lease: Lease;
  readonly walk: Walk;
  readonly startedAt: Date;
  readonly url: string;
}
