import type { Outcome } from "@doge/core";
import { loadConfiguration, prepare } from "@doge/engine";
import { providers } from "../providers.ts";

/** Checks Terraform JSON against the providers' schemas; asks no vendor. */
export async function validateDocuments(
  documents: Readonly<Record<string, string>>,
): Promise<Outcome<{ readonly resources: number }>> {
  const loaded = await loadConfiguration(Object.entries(documents).map(([file, content]) => ({ file, content })));
  if (!loaded.value) return { diagnostics: loaded.diagnostics };
  const prepared = prepare(loaded.value, providers);
  const diagnostics = [...loaded.diagnostics, ...prepared.diagnostics];
  return prepared.value ? { value: { resources: prepared.value.resources.size }, diagnostics } : { diagnostics };
}
