import { error, hasErrors, type Outcome } from "@doge/core";
import { loadConfiguration } from "../config/load.ts";
import { decodeAs } from "../config/schema-types.ts";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";
import type { Type } from "../schema.ts";
import type { Path } from "../state/objects.ts";
import { recalledVariables } from "./ephemeral.ts";
import type { OutputChange, Plan, ResourceChange, VariableValue } from "./model.ts";

const format = "doge-plan/1";

/** A value in a file: its content, its type, and the places of what is unknown or sensitive. */
interface Stored {
  readonly type: Type;
  readonly value: unknown;
  readonly unknown: readonly Path[];
  readonly sensitive: readonly Path[];
}

type StoredChange<T> = Omit<T, "before" | "after"> & { readonly before?: Stored; readonly after?: Stored };
type StoredPlan = Omit<Plan, "configuration" | "changes" | "drift" | "outputs"> & {
  readonly format: string;
  readonly sources: Plan["configuration"]["sources"];
  /** Ephemeral variables that were set: their values are not here, and must be given again. */
  readonly ephemeral: readonly string[];
  readonly changes: readonly StoredChange<ResourceChange>[];
  readonly drift: readonly StoredChange<ResourceChange>[];
  readonly outputs: readonly StoredChange<OutputChange>[];
};

/**
 * The plan as text, complete but for what is ephemeral: configuration, variables, refreshed state. It holds secrets in
 * clear, like a state: write it with mode 0600.
 */
export function serializePlan(plan: Plan): string {
  const { configuration, changes, drift, outputs, variables, ...rest } = plan;
  const passing = ({ 0: name }: readonly [string, unknown]): boolean =>
    configuration.variables.get(name)?.ephemeral === true;
  const given = Object.entries(variables);
  const stored: StoredPlan = {
    format,
    ...rest,
    variables: Object.fromEntries(given.filter((one) => !passing(one))),
    ephemeral: given.filter(passing).map(([name]) => name),
    sources: configuration.sources,
    changes: changes.map(encodeChange),
    drift: drift.map(encodeChange),
    outputs: outputs.map(encodeChange),
  };
  return `${JSON.stringify(stored)}\n`;
}

/** Reads what `serializePlan` wrote. `given` is asked where the configuration has ephemeral variables. */
export async function parsePlan(
  text: string,
  given: () => Given | Promise<Given> = () => ({}),
): Promise<Outcome<Plan>> {
  let json: StoredPlan;
  try {
    json = JSON.parse(text) as StoredPlan;
  } catch {
    return unreadable("It is not JSON; it may have been cut off.");
  }
  if (json?.format !== format) return unreadable("It is no plan of this version of Doge.");
  const { format: _, sources, ephemeral, changes, drift, outputs, variables, ...rest } = json;
  const configuration = await loadConfiguration(sources);
  if (configuration.value === undefined || hasErrors(configuration.diagnostics))
    return { diagnostics: configuration.diagnostics };
  const declared = [...configuration.value.variables.values()].filter((one) => one.ephemeral);
  const recalled = recalledVariables(declared, ephemeral, declared.length > 0 ? await given() : {});
  if (recalled.value === undefined) return { diagnostics: recalled.diagnostics };
  const value: Plan = {
    ...rest,
    variables: { ...variables, ...recalled.value },
    configuration: configuration.value,
    changes: changes.map((change) => decodeChange<ResourceChange>(change)),
    drift: drift.map((change) => decodeChange<ResourceChange>(change)),
    outputs: outputs.map((change) => decodeChange<OutputChange>(change)),
  };
  return { value, diagnostics: [] };
}

type Given = Readonly<Record<string, VariableValue>>;

const unreadable = (detail: string): Outcome<Plan> => ({
  diagnostics: [
    error({ code: "plan-unreadable", summary: "The saved plan can't be read", detail, remedy: "Plan again." }),
  ],
});

type Changed = { readonly before?: Value; readonly after?: Value };

function encodeChange<T extends Changed>({ before, after, ...rest }: T): StoredChange<T> {
  return {
    ...rest,
    ...(before ? { before: encode(before) } : {}),
    ...(after ? { after: encode(after) } : {}),
  };
}

function decodeChange<T extends Changed>({ before, after, ...rest }: StoredChange<T>): T {
  return {
    ...rest,
    ...(before ? { before: decode(before) } : {}),
    ...(after ? { after: decode(after) } : {}),
  } as unknown as T;
}

function encode(value: Value): Stored {
  const unknown: Path[] = [];
  const sensitive: Path[] = [];
  const visit = (part: Value, path: Path): void => {
    if (part.sensitive) sensitive.push(path);
    if (part.kind === "unknown") unknown.push(path);
    v.mapParts(part, (inner, key) => {
      visit(inner, [...path, key]);
      return inner;
    });
  };
  visit(value, []);
  return { type: v.typeOf(value), value: v.toPlain(value), unknown, sensitive };
}

function decode(stored: Stored): Value {
  let value = decodeExact(stored.value, stored.type);
  for (const path of stored.unknown) value = changeAt(value, path, (part) => v.unknownOf(v.typeOf(part)));
  for (const path of stored.sensitive) value = changeAt(value, path, v.mark);
  return value;
}

/** Like `decodeAs`, but sets keep their order: paths count on it. */
function decodeExact(json: unknown, type: Type): Value {
  if (json === null || typeof type === "string") return decodeAs(json, type);
  switch (type[0]) {
    case "set":
      return { kind: "set", element: type[1], items: (json as unknown[]).map((item) => decodeExact(item, type[1])) };
    case "list":
      return v.list(
        type[1],
        (json as unknown[]).map((item) => decodeExact(item, type[1])),
      );
    case "tuple":
      return v.tuple((json as unknown[]).map((item, i) => decodeExact(item, type[1][i] ?? "dynamic")));
    case "map":
      return v.map(
        type[1],
        Object.entries(json as object).map(([name, item]) => [name, decodeExact(item, type[1])] as const),
      );
    case "object": {
      const given = json as Record<string, unknown>;
      return v.object(
        Object.entries(type[1]).map(([name, field]) => [name, decodeExact(given[name] ?? null, field)] as const),
      );
    }
  }
}

function changeAt(value: Value, [step, ...rest]: Path, change: (part: Value) => Value): Value {
  if (step === undefined) return change(value);
  return v.mapParts(value, (part, key) => (key === step ? changeAt(part, rest, change) : part));
}
