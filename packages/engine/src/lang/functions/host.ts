import { fail, type ProjectFiles } from "@doge/core";

/** What functions may know of the world outside the configuration. */
export interface FunctionHost {
  readonly files?: ProjectFiles;
  /** When this plan was made, for `plantimestamp`; the same while it is applied. */
  readonly plannedAt?: Date;
  /** Present while applying: functions that give something else each time are unknown until then. */
  readonly applying?: { now(): Date };
}

export const noHost: FunctionHost = {};

/** The files of the project; a diagnostic where an expression may read none. */
export function filesOf(host: FunctionHost): ProjectFiles {
  return (
    host.files ??
    fail({
      code: "no-files-here",
      summary: "Function not available",
      detail: "Functions that read files can't be used in this place: there is no project around it.",
    })
  );
}
