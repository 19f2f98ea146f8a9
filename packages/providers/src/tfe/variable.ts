import { type Diagnostic, error } from "@doge/core";
import { type Attributes, defineResource } from "@doge/engine";
import { complete, flag, required, text } from "../shared/attributes.ts";
import { alreadyExists, createOnce } from "../shared/errors.ts";
import { computedString, identity, onOff, requiredString } from "../shared/schema.ts";
import { vendor } from "./client/jsonapi.ts";
import type { Owner, Variable, VariableAttributes } from "./client/variables.ts";
import type { Tfe } from "./configure.ts";

const owner = { type: "string", optional: true, forceNew: true } as const;

const schema = {
  description: "A variable of a workspace or of a variable set.",
  attributes: {
    // What is sensitive can't be renamed or uncovered: another variable takes its place.
    id: { ...computedString, recomputedBy: ["key", "sensitive"] },
    key: requiredString,
    value: { type: "string", optional: true, computed: true, sensitive: true, default: "" },
    category: { ...identity, description: "terraform or env." },
    description: { type: "string", optional: true, computed: true, default: "" },
    hcl: { ...onOff(false), computed: true, description: "The value is an expression of Terraform's language." },
    sensitive: { ...onOff(false), computed: true, description: "Written, and never shown again." },
    workspace_id: owner,
    variable_set_id: owner,
    readable_value: { ...computedString, recomputedBy: ["value", "sensitive"] },
  },
} as const;

const ownerOf = (attributes: Attributes): Owner => {
  const workspace = text(attributes, "workspace_id");
  return workspace ? { workspace } : { variableSet: required(attributes, "variable_set_id") };
};

/** `known` has the value: HCP keeps a sensitive one to itself. */
function state(variable: Variable, known: Attributes): Attributes {
  const { key, value, category, description, hcl, sensitive } = variable.attributes;
  return complete(schema, {
    id: variable.id,
    key,
    category,
    hcl,
    sensitive,
    description: description ?? "",
    value: sensitive ? (known["value"] ?? "") : (value ?? ""),
    readable_value: sensitive ? null : (value ?? ""),
    workspace_id: known["workspace_id"],
    variable_set_id: known["variable_set_id"],
  });
}

const request = (config: Attributes): VariableAttributes => ({
  key: required(config, "key"),
  value: text(config, "value") ?? "",
  category: required(config, "category") as VariableAttributes["category"],
  description: text(config, "description") ?? "",
  hcl: flag(config, "hcl") ?? false,
  sensitive: flag(config, "sensitive") ?? false,
});

async function sameKey({ api }: Tfe, config: Attributes): Promise<Variable | undefined> {
  const { key, category } = request(config);
  const all = await api.variables.list(ownerOf(config));
  return all.find(({ attributes }) => attributes.key === key && attributes.category === category);
}

export const variable = defineResource<Tfe>()({
  type: "tfe_variable",
  schemaVersion: 1,
  schema,

  validate(config): Diagnostic[] {
    const owners = ["workspace_id", "variable_set_id"].filter(
      (name) => config[name] !== null && config[name] !== undefined,
    );
    const category = config["category"];
    return [
      ...(owners.length === 1
        ? []
        : [
            invalid("workspace_id", `${owners.length} owners are named`, "Set either workspace_id or variable_set_id."),
          ]),
      ...(typeof category === "string" && category !== "terraform" && category !== "env"
        ? [invalid("category", `category is "${category}"`, 'Use "terraform" or "env".')]
        : []),
    ];
  },

  async read({ api }, prior) {
    // By the list: those of one owner are read at once, by one call.
    const variable = (await api.variables.list(ownerOf(prior))).find(({ id }) => id === prior["id"]);
    return variable && state(variable, prior);
  },

  async find(client, { config }) {
    const variable = await sameKey(client, config);
    return variable && state(variable, config);
  },

  async reconcile(client, { config, prior, created }) {
    const owner = ownerOf(config);
    const wanted = request(config);
    const { variables } = client.api;
    if (prior) {
      const covered = flag(prior, "sensitive") ?? false;
      if (!covered || (wanted.sensitive && prior["key"] === wanted.key)) {
        const { category: _, ...changes } = wanted;
        return state(await variables.update(owner, required(prior, "id"), changes), config);
      }
      await variables.delete(owner, required(prior, "id"));
    }
    const made = await createOnce({
      create: () => variables.create(owner, wanted),
      find: () => sameKey(client, config),
      taken: [409, 422],
      exists: (found) => alreadyExists(vendor, { type: "tfe_variable", name: wanted.key, importId: found.id }),
    });
    await created(state(made, config));
    return state(made, config);
  },

  remove: ({ api }, prior) => api.variables.delete(ownerOf(prior), required(prior, "id")),

  /** `ws-…/var-…` or `varset-…/var-…` */
  importState(id) {
    const [owner = "", variable = ""] = id.split("/").slice(-2);
    return { id: variable, [owner.startsWith("varset-") ? "variable_set_id" : "workspace_id"]: owner };
  },
});

const invalid = (attribute: string, detail: string, remedy: string): Diagnostic =>
  error({ code: "tfe-variable", summary: "A variable can't be like this", detail, remedy, address: attribute });
