import { fail } from "@doge/core";
import { decodeAs } from "../config/schema-types.ts";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";
import { defineDataSource } from "../provider.ts";
import type { State } from "../state/model.ts";

/** `terraform_remote_state`: the outputs of another state, wherever it is kept. */
export const remoteState = defineDataSource()({
  type: "terraform_remote_state",
  schema: {
    attributes: {
      backend: { type: "string", required: true },
      config: { type: "dynamic", optional: true },
      defaults: { type: "dynamic", optional: true },
      outputs: { type: "dynamic", computed: true },
      workspace: { type: "string", optional: true },
    },
  },
  read: async (_, config) => config,
  async builtin(config, { remoteState: read }) {
    const given = v.isMapping(config) ? config.entries : new Map<string, Value>();
    const text = (name: string): string | undefined => {
      const value = given.get(name);
      return value?.kind === "string" ? value.value : undefined;
    };
    const backend = text("backend") ?? "";
    const state = await (read ?? unavailable)({
      backend,
      config: (v.toPlain(given.get("config") ?? v.nullOf()) ?? {}) as Readonly<Record<string, unknown>>,
      workspace: text("workspace") ?? "default",
    });
    const defaults = given.get("defaults");
    if (state === undefined && !(defaults && v.isMapping(defaults)))
      return fail({
        code: "remote-state-missing",
        summary: "Unable to find remote state",
        detail: `No stored state was found for the given workspace in the "${backend}" backend.`,
      });
    const outputs = new Map<string, Value>(defaults && v.isMapping(defaults) ? defaults.entries : []);
    for (const [name, value] of outputsOf(state)) outputs.set(name, value);
    return v.object([...given, ["outputs", v.object(outputs)]]);
  },
});

const outputsOf = (state: State | undefined): [string, Value][] =>
  Object.entries(state?.outputs ?? {}).map(([name, output]) => [
    name,
    v.markIf(decodeAs(output.value, output.type), output.sensitive),
  ]);

const unavailable = (): never =>
  fail({
    code: "remote-state-unavailable",
    summary: "Remote states can't be read here",
    detail: "Nothing was set up that reads the states of other workspaces.",
  });
