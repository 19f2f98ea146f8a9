import { randomUUID } from "node:crypto";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";
import { defineResource } from "../provider.ts";

const fields = (value: Value): ReadonlyMap<string, Value> => (v.isMapping(value) ? value.entries : new Map());

/**
 * `terraform_data`: a value in the state, and something to hang a replacement on. Its attributes have no
 * fixed type, so it works on values, where types are kept.
 */
export const terraformData = defineResource()({
  type: "terraform_data",
  schemaVersion: 0,
  schema: {
    attributes: {
      id: { type: "string", computed: true },
      input: { type: "dynamic", optional: true },
      output: { type: "dynamic", computed: true, recomputedBy: ["input"] },
      triggers_replace: { type: "dynamic", optional: true, forceNew: true },
    },
  },
  read: async (_, prior) => prior,
  reconcile: async (_, { config }) => config,
  remove: async () => undefined,
  builtin: {
    // There will be an id. The output has the input's type while it is unknown, and is known to be null with it.
    plan(after) {
      const { id, input, output } = Object.fromEntries(fields(after));
      const named = id?.kind === "unknown" ? v.someOf("string") : id;
      const known = input?.kind === "null" ? input : v.unknownOf(input && v.typeOf(input));
      return v.object([
        ...fields(after),
        ...(named ? [["id", named] as const] : []),
        ...(output?.kind === "unknown" && input ? [["output", known] as const] : []),
      ]);
    },
    make(after) {
      const { id, input } = Object.fromEntries(fields(after));
      const made = id === undefined || id.kind === "unknown" ? v.string(randomUUID()) : id;
      return v.object([...fields(after), ["id", made], ["output", v.unmarkDeep(input ?? v.nullOf())]]);
    },
  },
});
