import { hasErrors, type Outcome, type ProjectFiles } from "@doge/core";
import { loadConfiguration, prepare, validateValues } from "@doge/engine";
import { providers } from "../providers.ts";

/** Checks a configuration against the providers' schemas, and all that needs no values; asks no vendor. */
export async function validateDocuments(
  documents: Readonly<Record<string, string>>,
  files: ProjectFiles,
): Promise<Outcome<{ readonly resources: number }>> {
  const loaded = await loadConfiguration(Object.entries(documents).map(([file, content]) => ({ file, content })));
  if (!loaded.value) return { diagnostics: loaded.diagnostics };
  const prepared = prepare(loaded.value, providers);
  const tried = prepared.value ?? prepared.partial;
  const values = tried ? validateValues(tried, { files }, prepared.diagnostics) : [];
  const diagnostics = [...loaded.diagnostics, ...prepared.diagnostics, ...values];
  if (!prepared.value || hasErrors(values)) return { diagnostics };
  return { value: { resources: prepared.value.resources.size }, diagnostics };
}
