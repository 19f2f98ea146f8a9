import { type Diagnostic, error, nearest } from "@doge/core";
import { placed } from "../config/locate.ts";
import type { PreparedModule } from "./modules.ts";

/** Whether a module's call gives it what it declares. */
export function checkCall({ path, call, configuration }: PreparedModule, diagnostics: Diagnostic[]): void {
  if (call === undefined) return;
  for (const [name, { place }] of call.inputs) {
    if (configuration.variables.has(name)) continue;
    const close = nearest(name, configuration.variables.keys());
    const unknown = error({
      code: "config-unknown-argument",
      summary: "Unsupported argument",
      detail: `An argument named "${name}" is not expected here: the module declares no such variable.`,
      ...(close === undefined ? {} : { remedy: `Did you mean "${close}"?` }),
    });
    diagnostics.push(placed(unknown, place, path));
  }
  for (const variable of configuration.variables.values()) {
    if (variable.default !== undefined || call.inputs.has(variable.name)) continue;
    const absent = error({
      code: "config-missing-argument",
      summary: "Missing required argument",
      detail: `The argument "${variable.name}" is required, but no definition was found.`,
    });
    diagnostics.push(placed(absent, call.place, path));
  }
  const repeated = call.count ?? call.forEach;
  if (repeated === undefined || configuration.providers.size === 0) return;
  diagnostics.push(
    placed(
      error({
        code: "module-with-providers",
        summary: "Module is incompatible with count, for_each, and depends_on",
        detail: `The module at ${call.source} has provider blocks of its own, so it can't be called with count or for_each.`,
        remedy: "Pass it providers instead: providers = { … }.",
      }),
      repeated.place,
      path,
    ),
  );
}
