import type { Outcome } from "@doge/core";
import { loadConfiguration, validateConfiguration } from "@doge/engine";
import { providers } from "../providers.ts";

/** Checks Terraform JSON against the providers' schemas; asks no vendor. */
export function validateDocuments(
  documents: Readonly<Record<string, string>>,
): Outcome<{ readonly resources: number }> {
  const loaded = loadConfiguration(Object.entries(documents).map(([file, content]) => ({ file, content })));
  if (!loaded.value) return { diagnostics: loaded.diagnostics };
  const diagnostics = [...loaded.diagnostics, ...validateConfiguration(loaded.value, providers)];
  return { value: { resources: loaded.value.resources.size }, diagnostics };
}
