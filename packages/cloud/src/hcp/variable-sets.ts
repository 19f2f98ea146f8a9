import { Hono, type Context } from "hono";
import {
  flag,
  found,
  invalid,
  readResource,
  readResources,
  relatedIds,
  relatedMany,
  sendData,
  sendPage,
  text,
  toMany,
  toOne,
  type Resource,
  type SentResource,
} from "./jsonapi.ts";
import { timestamp, workspacesOf, type Hcp, type VariableSet, type Workspace } from "./model.ts";
import { createVariable, setsOf, variableCrud, variablesOf } from "./variables.ts";

export function variableSetResource(hcp: Hcp, set: VariableSet): Resource {
  const variables = variablesOf(hcp, { type: "varsets", id: set.id });
  return {
    id: set.id,
    type: "varsets",
    attributes: {
      name: set.name,
      description: set.description,
      global: set.global,
      priority: set.priority,
      "updated-at": set.updatedAt,
      "var-count": variables.length,
      "workspace-count": set.global ? workspacesOf(hcp, set.organization).length : set.workspaceIds.length,
      "project-count": set.global
        ? hcp.projects.list(({ organization }) => organization === set.organization).length
        : set.projectIds.length,
      permissions: { "can-update": true },
    },
    relationships: {
      organization: toOne("organizations", set.organization),
      parent: toOne("organizations", set.organization),
      vars: toMany(
        "vars",
        variables.map(({ id }) => id),
      ),
      workspaces: toMany("workspaces", set.workspaceIds),
      projects: toMany("projects", set.projectIds),
    },
  };
}

export const variableSetRoutes = (hcp: Hcp): Hono => {
  const routes = new Hono();
  const byId = (c: Context): VariableSet => found(hcp.variableSets.get(c.req.param("set") ?? ""));
  const workspace = (c: Context): Workspace => found(hcp.workspaces.get(c.req.param("workspace") ?? ""));
  const save = (set: VariableSet): VariableSet => hcp.variableSets.put(set.id, { ...set, updatedAt: timestamp(hcp) });
  const page = (c: Context, sets: readonly VariableSet[]): Response => {
    const search = new URL(c.req.url).searchParams.get("q");
    const matching = search ? sets.filter(({ name }) => name.includes(search)) : sets;
    return sendPage(
      c,
      matching.map((set) => variableSetResource(hcp, set)),
    );
  };

  routes.get("/organizations/:organization/varsets", (c) => {
    const name = c.req.param("organization");
    return page(
      c,
      hcp.variableSets.list(({ organization }) => organization === name),
    );
  });
  routes.get("/workspaces/:workspace/varsets", (c) => page(c, setsOf(hcp, workspace(c))));
  routes.get("/workspaces/:workspace/applicable-varsets", (c) => page(c, setsOf(hcp, workspace(c))));
  routes.get("/projects/:project/varsets", (c) => {
    const project = found(hcp.projects.get(c.req.param("project")));
    return page(
      c,
      hcp.variableSets.list(
        ({ global, organization, projectIds }) =>
          (global && organization === project.organization) || projectIds.includes(project.id),
      ),
    );
  });
  routes.post("/organizations/:organization/varsets", async (c) => {
    const sent = await readResource(c);
    const empty: VariableSet = {
      id: hcp.context.ids.prefixed("varset"),
      organization: c.req.param("organization"),
      name: "",
      description: "",
      global: false,
      priority: false,
      workspaceIds: [],
      projectIds: [],
      updatedAt: timestamp(hcp),
    };
    const set = save(changed(hcp, empty, sent));
    for (const variable of relatedMany(sent, "vars") ?? []) {
      const attributes = (variable["attributes"] ?? {}) as SentResource["attributes"];
      createVariable(hcp, { type: "varsets", id: set.id }, { attributes, relationships: {} });
    }
    return sendData(c, variableSetResource(hcp, set), 201);
  });
  routes.get("/varsets/:set", (c) => sendData(c, variableSetResource(hcp, byId(c))));
  const update = async (c: Context): Promise<Response> =>
    sendData(c, variableSetResource(hcp, save(changed(hcp, byId(c), await readResource(c)))));
  routes.patch("/varsets/:set", update);
  routes.put("/varsets/:set", update);
  routes.delete("/varsets/:set", (c) => {
    const { id } = byId(c);
    hcp.context.store.transaction(() => {
      for (const variable of variablesOf(hcp, { type: "varsets", id })) hcp.variables.delete(variable.id);
      hcp.variableSets.delete(id);
    });
    return c.body(null, 204);
  });
  variableCrud(hcp, routes, "/varsets/:set/relationships/vars", (c) => ({ type: "varsets", id: byId(c).id }));

  const members = (path: string, field: "workspaceIds" | "projectIds", exists: (id: string) => boolean): void => {
    const sentIds = async (c: Context): Promise<string[]> =>
      (await readResources(c)).flatMap(({ id }) => (id === undefined ? [] : [id]));
    routes.post(`/varsets/:set/relationships/${path}`, async (c) => {
      const set = byId(c);
      const ids = await sentIds(c);
      found(ids.every(exists) ? true : undefined);
      save({ ...set, [field]: [...new Set([...set[field], ...ids])] });
      return c.body(null, 204);
    });
    routes.delete(`/varsets/:set/relationships/${path}`, async (c) => {
      const set = byId(c);
      const ids = await sentIds(c);
      save({ ...set, [field]: set[field].filter((id) => !ids.includes(id)) });
      return c.body(null, 204);
    });
  };
  members("workspaces", "workspaceIds", (id) => hcp.workspaces.get(id) !== undefined);
  members("projects", "projectIds", (id) => hcp.projects.get(id) !== undefined);
  return routes;
};

function changed(hcp: Hcp, set: VariableSet, sent: SentResource): VariableSet {
  const name = text(sent, "name") ?? set.name;
  if (name === "") throw invalid("name", "Name can't be blank");
  if (
    hcp.variableSets.list(
      (other) => other.name === name && other.organization === set.organization && other.id !== set.id,
    ).length > 0
  )
    throw invalid("name", "Name has already been taken");
  const workspaceIds = sent.relationships["workspaces"] ? relatedIds(sent, "workspaces") : set.workspaceIds;
  const projectIds = sent.relationships["projects"] ? relatedIds(sent, "projects") : set.projectIds;
  found(
    workspaceIds.every((id) => hcp.workspaces.get(id)) && projectIds.every((id) => hcp.projects.get(id))
      ? true
      : undefined,
  );
  return {
    ...set,
    name,
    description: text(sent, "description") ?? set.description,
    global: flag(sent, "global") ?? set.global,
    priority: flag(sent, "priority") ?? set.priority,
    workspaceIds,
    projectIds,
  };
}
