import { type Attributes, defineResource } from "@doge/engine";
import { complete, required } from "../shared/attributes.ts";
import { computedString, identity } from "../shared/schema.ts";
import { relatedAll } from "./client/jsonapi.ts";
import type { Tfe } from "./configure.ts";

const schema = {
  description: "Gives a workspace the variables of a set.",
  attributes: { id: computedString, workspace_id: identity, variable_set_id: identity },
} as const;

const state = (workspace: string, set: string): Attributes =>
  complete(schema, { id: `${workspace}_${set}`, workspace_id: workspace, variable_set_id: set });

async function observe({ api }: Tfe, attributes: Attributes): Promise<Attributes | undefined> {
  const workspace = required(attributes, "workspace_id");
  const set = required(attributes, "variable_set_id");
  const live = await api.variableSets.get(set);
  return live && relatedAll(live, "workspaces").includes(workspace) ? state(workspace, set) : undefined;
}

export const workspaceVariableSet = defineResource<Tfe>()({
  type: "tfe_workspace_variable_set",
  schemaVersion: 0,
  schema,
  read: observe,
  find: (client, { config }) => observe(client, config),

  /** Attaching twice changes nothing. */
  async reconcile({ api }, { config }) {
    const workspace = required(config, "workspace_id");
    const set = required(config, "variable_set_id");
    await api.variableSets.attach(set, "workspaces", [workspace]);
    return state(workspace, set);
  },

  remove: ({ api }, prior) =>
    api.variableSets.detach(required(prior, "variable_set_id"), "workspaces", [required(prior, "workspace_id")]),

  importState(id) {
    const [workspace = "", set = ""] = id.split("_");
    return state(workspace, set);
  },
});
