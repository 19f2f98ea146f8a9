import { DogeError } from "@doge/core";
import type { Project } from "./project.ts";
import { type TokenName, tokens } from "./settings.ts";

/** Stops at once where a token is missing: before anything is made, not in the middle. */
export function requireTokens(
  project: Project,
  names: readonly TokenName[] = Object.keys(tokens) as TokenName[],
): void {
  const missing = project.settings.missing(names);
  if (missing.length > 0) throw new DogeError(missing);
}
