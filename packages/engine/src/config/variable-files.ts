import { type Diagnostic, diagnosticsOf, error, fail, type Outcome } from "@doge/core";
import type { VariableValue } from "../plan/model.ts";
import * as v from "../lang/values.ts";
import { placed } from "./locate.ts";
import type { Source } from "./model.ts";
import { readSource } from "./read.ts";

/** One `-var` or `-var-file`, in the order of the command line. */
export type VariableArgument = { readonly assignment: string } | { readonly file: Source };

export interface VariableSources {
  /** `TF_VAR_name` is the variable `name`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Those of the root module's folder; only `*.tfvars` and `*.tfvars.json` count. */
  readonly files: readonly Source[];
  readonly args: readonly VariableArgument[];
}

/**
 * The values that Terraform would take, the later over the earlier: the environment, `terraform.tfvars`,
 * `terraform.tfvars.json`, `*.auto.tfvars` and `*.auto.tfvars.json` in order of their names, then the arguments.
 */
export async function collectVariables(sources: VariableSources): Promise<Outcome<Record<string, VariableValue>>> {
  const diagnostics: Diagnostic[] = [];
  const values: Record<string, VariableValue> = {};
  for (const [name, text] of Object.entries(sources.env))
    if (name.startsWith("TF_VAR_") && text !== undefined) values[name.slice("TF_VAR_".length)] = { text };
  for (const file of automatic(sources.files)) Object.assign(values, await readVariables(file, diagnostics));
  for (const one of sources.args) {
    try {
      if ("file" in one) Object.assign(values, await readVariables(one.file, diagnostics));
      else Object.assign(values, assigned(one.assignment));
    } catch (thrown) {
      diagnostics.push(...diagnosticsOf(thrown));
    }
  }
  return { value: values, diagnostics };
}

function automatic(files: readonly Source[]): Source[] {
  const named = (name: string): Source[] => files.filter(({ file }) => file === name);
  const auto = files.filter(({ file }) => /\.auto\.tfvars(\.json)?$/.test(file));
  return [
    ...named("terraform.tfvars"),
    ...named("terraform.tfvars.json"),
    ...auto.sort((a, b) => (a.file < b.file ? -1 : 1)),
  ];
}

/** A file of variables: `name = value` in HCL, or an object in JSON. Values may refer to nothing. */
async function readVariables(source: Source, diagnostics: Diagnostic[]): Promise<Record<string, VariableValue>> {
  const values: Record<string, VariableValue> = {};
  for (const body of await readSource(source, diagnostics)) {
    for (const item of body.items) {
      try {
        if (item.kind === "block") diagnostics.push(placed(noBlocks(item.name), item.place));
        else values[item.name] = { value: v.toPlain(item.attribute().value()) };
      } catch (thrown) {
        diagnostics.push(...diagnosticsOf(thrown).map((d) => placed(d, item.place, `var.${item.name}`)));
      }
    }
  }
  return values;
}

const noBlocks = (name: string): Diagnostic =>
  error({
    code: "variables-block",
    summary: "Unexpected block",
    detail: `Blocks of type "${name}" are not allowed here: a file of variables holds only name = value.`,
  });

function assigned(assignment: string): Record<string, VariableValue> {
  const at = assignment.indexOf("=");
  if (at > 0) return { [assignment.slice(0, at).trim()]: { text: assignment.slice(at + 1) } };
  return fail({
    code: "variables-assignment",
    summary: "Invalid -var option",
    detail: `The given -var option ${JSON.stringify(assignment)} is not a variable name and value separated by an equals sign.`,
    remedy: "Write it as -var name=value.",
  });
}
