import { type Attributes, defineResource } from "@doge/engine";
import { complete, flag, required, sameWhenEmpty, sorted, strings, text } from "../shared/attributes.ts";
import { alreadyExists, createOnce } from "../shared/errors.ts";
import { computedString, onOff, requiredString, stringSet } from "../shared/schema.ts";
import { related, relatedAll, vendor } from "./client/jsonapi.ts";
import type { VariableSet } from "./client/variables.ts";
import { type Tfe, organizationOf } from "./configure.ts";

const schema = {
  description: "Variables for several workspaces.",
  attributes: {
    id: computedString,
    name: requiredString,
    description: { type: "string", optional: true, same: sameWhenEmpty },
    global: { ...onOff(false), description: "For every workspace of the organization." },
    priority: { ...onOff(false), description: "Not to be overridden by a workspace's own variables." },
    organization: { type: "string", optional: true, computed: true, forceNew: true },
    workspace_ids: { type: stringSet, optional: true, computed: true },
    stack_ids: { type: stringSet, optional: true, computed: true },
    parent_project_id: { type: "string", optional: true, computed: true, forceNew: true },
  },
} as const;

const state = (set: VariableSet, known: Attributes): Attributes =>
  complete(schema, {
    id: set.id,
    name: set.attributes.name,
    description: set.attributes.description ?? "",
    global: set.attributes.global,
    priority: set.attributes.priority ?? false,
    organization: related(set, "organization") ?? known["organization"],
    workspace_ids: sorted(relatedAll(set, "workspaces")),
    stack_ids: sorted(relatedAll(set, "stacks")),
    parent_project_id: set.relationships?.["parent"]?.data ? projectOf(set) : null,
  });

function projectOf(set: VariableSet): string | null {
  const parent = set.relationships?.["parent"]?.data;
  return parent && "type" in parent && parent.type === "projects" ? parent.id : null;
}

async function attach(client: Tfe, set: VariableSet, config: Attributes): Promise<boolean> {
  let changed = false;
  for (const [kind, attribute] of [
    ["workspaces", "workspace_ids"],
    ["stacks", "stack_ids"],
  ] as const) {
    // Left open: attachments are the business of tfe_workspace_variable_set.
    if (!config[attribute] || flag(config, "global")) continue;
    const present = relatedAll(set, kind);
    const wanted = strings(config, attribute);
    const missing = wanted.filter((id) => !present.includes(id));
    const extra = present.filter((id) => !wanted.includes(id));
    await client.api.variableSets.attach(set.id, kind, missing);
    await client.api.variableSets.detach(set.id, kind, extra);
    changed ||= missing.length + extra.length > 0;
  }
  return changed;
}

export const variableSet = defineResource<Tfe>()({
  type: "tfe_variable_set",
  schemaVersion: 0,
  schema,

  async read({ api }, prior) {
    const set = await api.variableSets.get(required(prior, "id"));
    return set && state(set, prior);
  },

  async find(client, { config }) {
    const set = await client.api.variableSets.byName(organizationOf(client, config), required(config, "name"));
    return set && state(set, config);
  },

  async reconcile(client, { config, prior, created }) {
    const organization = organizationOf(client, config);
    const known = { ...config, organization };
    const name = required(config, "name");
    const wanted = {
      name,
      description: text(config, "description") ?? "",
      global: flag(config, "global") ?? false,
      priority: flag(config, "priority") ?? false,
    };
    const { variableSets } = client.api;
    let live: VariableSet;
    if (prior) live = await variableSets.update(required(prior, "id"), wanted);
    else {
      live = await createOnce({
        create: () => variableSets.create(organization, wanted, text(config, "parent_project_id")),
        find: () => variableSets.byName(organization, name),
        taken: [409, 422],
        exists: (found) =>
          alreadyExists(vendor, {
            type: "tfe_variable_set",
            name,
            importId: found.id,
            rename: "choose another name or slug",
          }),
      });
      await created(state(live, known));
    }
    const changed = await attach(client, live, config);
    return state(changed ? ((await variableSets.get(live.id)) ?? live) : live, known);
  },

  remove: ({ api }, prior) => api.variableSets.delete(required(prior, "id")),
  importState: (id) => ({ id }),
});
