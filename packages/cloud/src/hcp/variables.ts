/** Variables of workspaces and of variable sets, and which of them a run gets. */
import { Hono, type Context } from "hono";
import {
  flag,
  found,
  invalid,
  readResource,
  send,
  sendData,
  sendPage,
  text,
  toOne,
  type Resource,
  type SentResource,
} from "./jsonapi.ts";
import { organizationOf, timestamp, type Hcp, type Variable, type VariableSet, type Workspace } from "./model.ts";

/** A sensitive value goes in and never comes out. */
export function variableResource(variable: Variable): Resource {
  const { id, owner, key, value, description, category, hcl, sensitive } = variable;
  return {
    id,
    type: "vars",
    attributes: {
      key,
      value: sensitive ? null : value,
      description,
      category,
      hcl,
      sensitive,
      "created-at": variable.createdAt,
      "version-id": variable.versionId,
    },
    relationships: {
      [owner.type === "workspaces" ? "workspace" : "varset"]: toOne(owner.type, owner.id),
      configurable: toOne(owner.type, owner.id),
    },
  };
}

export const variablesOf = (hcp: Hcp, owner: Variable["owner"]): Variable[] =>
  hcp.variables.list((variable) => variable.owner.type === owner.type && variable.owner.id === owner.id);

/** CRUD below `prefix`, the same for a workspace and for a variable set. */
export function variableCrud(hcp: Hcp, routes: Hono, prefix: string, ownerOf: (c: Context) => Variable["owner"]): void {
  const one = (c: Context): Variable => {
    const owner = ownerOf(c);
    return found(variablesOf(hcp, owner).find(({ id }) => id === c.req.param("variable")));
  };
  routes.get(prefix, (c) => sendPage(c, variablesOf(hcp, ownerOf(c)).map(variableResource)));
  routes.post(prefix, async (c) =>
    sendData(c, variableResource(createVariable(hcp, ownerOf(c), await readResource(c))), 201),
  );
  routes.get(`${prefix}/:variable`, (c) => sendData(c, variableResource(one(c))));
  routes.patch(`${prefix}/:variable`, async (c) =>
    sendData(c, variableResource(updateVariable(hcp, one(c), await readResource(c)))),
  );
  routes.delete(`${prefix}/:variable`, (c) => {
    hcp.variables.delete(one(c).id);
    return c.body(null, 204);
  });
}

export function createVariable(hcp: Hcp, owner: Variable["owner"], sent: SentResource): Variable {
  const key = text(sent, "key") ?? "";
  const category = text(sent, "category");
  if (category !== "terraform" && category !== "env") throw invalid("category", "Category is not included in the list");
  checkKey(hcp, owner, key, category, undefined);
  const variable: Variable = {
    id: hcp.context.ids.prefixed("var"),
    owner,
    key,
    value: text(sent, "value") ?? "",
    description: text(sent, "description") ?? "",
    category,
    hcl: flag(sent, "hcl") ?? false,
    sensitive: flag(sent, "sensitive") ?? false,
    versionId: hcp.context.ids.hex(64),
    createdAt: timestamp(hcp),
  };
  return hcp.variables.put(variable.id, variable);
}

function updateVariable(hcp: Hcp, variable: Variable, sent: SentResource): Variable {
  const key = text(sent, "key") ?? variable.key;
  const category = text(sent, "category") ?? variable.category;
  const sensitive = flag(sent, "sensitive") ?? variable.sensitive;
  if (category !== variable.category) throw invalid("category", "Category can't be changed");
  if (variable.sensitive && !sensitive) throw invalid("sensitive", "Sensitive can't be changed back to false");
  if (variable.sensitive && key !== variable.key) throw invalid("key", "Key of a sensitive variable can't be changed");
  checkKey(hcp, variable.owner, key, variable.category, variable.id);
  return hcp.variables.put(variable.id, {
    ...variable,
    key,
    sensitive,
    value: text(sent, "value") ?? variable.value,
    description: text(sent, "description") ?? variable.description,
    hcl: flag(sent, "hcl") ?? variable.hcl,
    versionId: hcp.context.ids.hex(64),
  });
}

function checkKey(hcp: Hcp, owner: Variable["owner"], key: string, category: string, self: string | undefined): void {
  if (key === "") throw invalid("key", "Key can't be blank");
  if (!/^[\w-]+$/.test(key)) throw invalid("key", "Key can only contain letters, numbers, underscores, and hyphens");
  const taken = variablesOf(hcp, owner).some(
    (other) => other.key === key && other.category === category && other.id !== self,
  );
  if (taken) throw invalid("key", "Key has already been taken");
}

export const workspaceVariableRoutes = (hcp: Hcp): Hono => {
  const routes = new Hono();
  const byId = (c: Context): Workspace => found(hcp.workspaces.get(c.req.param("workspace") ?? ""));
  variableCrud(hcp, routes, "/workspaces/:workspace/vars", (c) => ({ type: "workspaces", id: byId(c).id }));
  routes.get("/workspaces/:workspace/all-vars", (c) =>
    send(c, { data: effectiveVariables(hcp, byId(c)).map(variableResource) }),
  );
  return routes;
};

export const setsOf = (hcp: Hcp, workspace: Workspace): VariableSet[] =>
  hcp.variableSets.list(
    (set) =>
      (set.global && set.organization === organizationOf(hcp, workspace)) ||
      set.projectIds.includes(workspace.projectId) ||
      set.workspaceIds.includes(workspace.id),
  );

/**
 * One variable per key and category, by HCP Terraform's precedence: priority sets, then the workspace's own,
 * then sets of the workspace, of its project, and global ones; among equals the set whose name sorts first.
 */
export function effectiveVariables(hcp: Hcp, workspace: Workspace): Variable[] {
  const width = (set: VariableSet): number =>
    set.workspaceIds.includes(workspace.id) ? 0 : set.projectIds.includes(workspace.projectId) ? 1 : 2;
  const sets = setsOf(hcp, workspace).sort((a, b) => width(a) - width(b) || (a.name < b.name ? -1 : 1));
  const ofSets = (some: readonly VariableSet[]): Variable[] =>
    some.flatMap(({ id }) => variablesOf(hcp, { type: "varsets", id }));
  const ordered = [
    ...ofSets(sets.filter(({ priority }) => priority)),
    ...variablesOf(hcp, { type: "workspaces", id: workspace.id }),
    ...ofSets(sets.filter(({ priority }) => !priority)),
  ];
  const winners = new Map<string, Variable>();
  for (const variable of ordered) {
    const name = `${variable.category}/${variable.key}`;
    if (!winners.has(name)) winners.set(name, variable);
  }
  return [...winners.values()];
}

/** Also of variables that lost by precedence: their values are as secret. */
export function sensitiveValues(hcp: Hcp, workspace: Workspace): string[] {
  const sets = setsOf(hcp, workspace).map(({ id }) => id);
  return hcp.variables
    .list(({ owner, sensitive }) => sensitive && (owner.id === workspace.id || sets.includes(owner.id)))
    .map(({ value }) => value);
}
