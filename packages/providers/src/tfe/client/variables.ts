import { ifFound } from "../../shared/errors.ts";
import { type JsonApi, type Resource, segment } from "./jsonapi.ts";

export interface VariableAttributes {
  readonly key: string;
  /** null where it is sensitive: such a value is written and never read again. */
  readonly value: string | null;
  readonly category: "terraform" | "env";
  readonly description: string | null;
  readonly hcl: boolean;
  readonly sensitive: boolean;
}

export type Variable = Resource<VariableAttributes>;

export interface VariableSetAttributes {
  readonly name: string;
  readonly description: string | null;
  readonly global: boolean;
  readonly priority?: boolean;
}

export type VariableSet = Resource<VariableSetAttributes>;

/** Where a variable lives. */
export type Owner = { readonly workspace: string } | { readonly variableSet: string };

export interface Variables {
  list(owner: Owner): Promise<Variable[]>;
  create(owner: Owner, attributes: VariableAttributes): Promise<Variable>;
  update(owner: Owner, id: string, attributes: Partial<VariableAttributes>): Promise<Variable>;
  delete(owner: Owner, id: string): Promise<void>;
}

export function variables(api: JsonApi): Variables {
  const all = (owner: Owner) =>
    "workspace" in owner
      ? `/workspaces/${segment(owner.workspace)}/vars`
      : `/varsets/${segment(owner.variableSet)}/relationships/vars`;
  const at = (owner: Owner, id: string) => `${all(owner)}/${segment(id)}`;
  return {
    list: async (owner) => (await ifFound(api.all<VariableAttributes>(all(owner)))) ?? [],
    create: (owner, attributes) => api.one<VariableAttributes>("POST", all(owner), { type: "vars", attributes }),
    update: (owner, id, attributes) =>
      api.one<VariableAttributes>("PATCH", at(owner, id), { type: "vars", id, attributes }),
    delete: async (owner, id) => void (await ifFound(api.send("DELETE", at(owner, id)))),
  };
}

export interface VariableSets {
  list(organization: string): Promise<VariableSet[]>;
  byName(organization: string, name: string): Promise<VariableSet | undefined>;
  get(id: string): Promise<VariableSet | undefined>;
  create(
    organization: string,
    attributes: Partial<VariableSetAttributes>,
    parentProject?: string,
  ): Promise<VariableSet>;
  update(id: string, attributes: Partial<VariableSetAttributes>): Promise<VariableSet>;
  delete(id: string): Promise<void>;
  attach(id: string, kind: "workspaces" | "stacks", ids: readonly string[]): Promise<void>;
  detach(id: string, kind: "workspaces" | "stacks", ids: readonly string[]): Promise<void>;
}

export function variableSets(api: JsonApi): VariableSets {
  const of = (organization: string) => `/organizations/${segment(organization)}/varsets`;
  const at = (id: string) => `/varsets/${segment(id)}`;
  const pointers = (type: string, ids: readonly string[]) => ({ data: ids.map((id) => ({ type, id })) });
  const list = (organization: string) => api.all<VariableSetAttributes>(of(organization));
  return {
    list,
    byName: async (organization, name) => (await list(organization)).find((set) => set.attributes.name === name),
    get: (id) => ifFound(api.one<VariableSetAttributes>("GET", `${at(id)}?include=workspaces`)),
    create: (organization, attributes, project) =>
      api.one<VariableSetAttributes>("POST", of(organization), {
        type: "varsets",
        attributes,
        ...(project ? { relationships: { parent: { data: { type: "projects", id: project } } } } : {}),
      }),
    update: (id, attributes) => api.one<VariableSetAttributes>("PATCH", at(id), { type: "varsets", id, attributes }),
    delete: async (id) => void (await ifFound(api.send("DELETE", at(id)))),
    attach: async (id, kind, ids) => {
      if (ids.length === 0) return;
      await api.send("POST", `${at(id)}/relationships/${kind}`, { body: pointers(kind, ids), repeatable: true });
    },
    detach: async (id, kind, ids) => {
      if (ids.length === 0) return;
      await ifFound(api.send("DELETE", `${at(id)}/relationships/${kind}`, { body: pointers(kind, ids) }));
    },
  };
}
