import type { Emit, Machine } from "@doge/core";
import type { ProjectConfig } from "./config/schema.ts";
import type { Settings } from "./settings.ts";

/** A user's repository with its configuration, its settings, and the machine that Doge runs on. */
export interface Project {
  readonly folder: string;
  readonly config: ProjectConfig;
  readonly settings: Settings;
  readonly machine: Machine;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** When the command ends at the latest, where it has a deadline. */
  readonly until?: Date | undefined;
}
