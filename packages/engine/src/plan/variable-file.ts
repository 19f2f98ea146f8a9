import { type Diagnostic, diagnosticsOf, hasErrors, type Outcome } from "@doge/core";
import type { Source } from "../config/model.ts";
import { readSource } from "../config/read.ts";
import * as v from "../lang/values.ts";
import type { VariableValue } from "./model.ts";

/** What a `*.tfvars` or `*.tfvars.json` file gives to variables. It can't refer to anything. */
export async function readVariableFile(source: Source): Promise<Outcome<Readonly<Record<string, VariableValue>>>> {
  const diagnostics: Diagnostic[] = [];
  const given: Record<string, VariableValue> = {};
  for (const body of await readSource(source, diagnostics)) {
    for (const item of body.items) {
      try {
        given[item.name] = { value: v.toPlain(item.attribute().value()) };
      } catch (thrown) {
        diagnostics.push(...diagnosticsOf(thrown));
      }
    }
  }
  return hasErrors(diagnostics) ? { diagnostics } : { value: given, diagnostics };
}
