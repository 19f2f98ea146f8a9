/** Tags, tag bindings and remote state consumers of a workspace. */
import { Hono, type Context } from "hono";
import { found, invalid, readResources, send, sendPage, type Resource } from "./jsonapi.ts";
import type { Hcp, Workspace } from "./model.ts";
import { workspaceResource } from "./workspaces.ts";

export const workspaceRelationRoutes = (hcp: Hcp): Hono => {
  const routes = new Hono();
  const byId = (c: Context): Workspace => found(hcp.workspaces.get(c.req.param("workspace") ?? ""));
  const tag = (name: string): Resource => ({
    id: `tag-${name}`,
    type: "tags",
    attributes: { name, "instance-count": taggedWith(hcp, name) },
  });
  const sentNames = async (c: Context): Promise<string[]> =>
    (await readResources(c)).flatMap(({ id, attributes }) => {
      const name = attributes["name"] ?? id?.replace(/^tag-/, "");
      return typeof name === "string" ? [name] : [];
    });

  routes.get("/workspaces/:workspace/relationships/tags", (c) => sendPage(c, byId(c).tagNames.map(tag)));
  routes.post("/workspaces/:workspace/relationships/tags", async (c) => {
    const workspace = byId(c);
    const names = await sentNames(c);
    const wrong = names.find((name) => !/^[A-Za-z0-9][\w:-]*$/.test(name));
    if (wrong !== undefined) throw invalid("name", "Name can only include letters, numbers, colons, -, and _");
    hcp.workspaces.put(workspace.id, {
      ...workspace,
      tagNames: [...new Set([...workspace.tagNames, ...names])].sort(),
    });
    return c.body(null, 204);
  });
  routes.delete("/workspaces/:workspace/relationships/tags", async (c) => {
    const workspace = byId(c);
    const gone = await sentNames(c);
    hcp.workspaces.put(workspace.id, {
      ...workspace,
      tagNames: workspace.tagNames.filter((name) => !gone.includes(name)),
    });
    return c.body(null, 204);
  });

  const binding =
    (type: string, workspace: Workspace) =>
    ({ key, value }: { key: string; value: string }): Resource => ({
      id: `${workspace.id}/${key}`,
      type,
      attributes: { key, value },
    });
  routes.get("/workspaces/:workspace/relationships/tag-bindings", (c) => {
    const workspace = byId(c);
    return sendPage(c, workspace.tagBindings.map(binding("tag-bindings", workspace)));
  });
  // Clients read this list whole, without pages.
  routes.get("/workspaces/:workspace/effective-tag-bindings", (c) => {
    const workspace = byId(c);
    return send(c, { data: workspace.tagBindings.map(binding("effective-tag-bindings", workspace)) });
  });
  const sentBindings = async (c: Context): Promise<{ key: string; value: string }[]> =>
    (await readResources(c)).flatMap(({ attributes: { key, value } }) =>
      typeof key === "string" ? [{ key, value: typeof value === "string" ? value : "" }] : [],
    );
  routes.patch("/workspaces/:workspace/relationships/tag-bindings", async (c) => {
    const workspace = byId(c);
    const sent = await sentBindings(c);
    const kept = workspace.tagBindings.filter(({ key }) => !sent.some((bound) => bound.key === key));
    const saved = hcp.workspaces.put(workspace.id, { ...workspace, tagBindings: [...kept, ...sent] });
    return send(c, { data: saved.tagBindings.map(binding("tag-bindings", saved)) });
  });
  routes.delete("/workspaces/:workspace/tag-bindings", (c) => {
    hcp.workspaces.put(byId(c).id, { ...byId(c), tagBindings: [] });
    return c.body(null, 204);
  });

  const consumers = async (
    c: Context,
    change: (now: readonly string[], sent: readonly string[]) => readonly string[],
  ): Promise<Response> => {
    const workspace = byId(c);
    const sent = (await readResources(c)).flatMap(({ id }) => (id === undefined ? [] : [id]));
    if (sent.some((id) => !hcp.workspaces.get(id))) throw invalid("remote-state-consumers", "Workspace not found");
    hcp.workspaces.put(workspace.id, {
      ...workspace,
      remoteStateConsumers: change(workspace.remoteStateConsumers, sent),
    });
    return c.body(null, 204);
  };
  const path = "/workspaces/:workspace/relationships/remote-state-consumers";
  routes.get(path, (c) =>
    sendPage(
      c,
      byId(c).remoteStateConsumers.flatMap((id) => {
        const workspace = hcp.workspaces.get(id);
        return workspace ? [workspaceResource(hcp, workspace)] : [];
      }),
    ),
  );
  routes.post(path, (c) => consumers(c, (now, sent) => [...new Set([...now, ...sent])]));
  routes.patch(path, (c) => consumers(c, (_, sent) => [...new Set(sent)]));
  routes.delete(path, (c) => consumers(c, (now, sent) => now.filter((id) => !sent.includes(id))));
  return routes;
};

const taggedWith = (hcp: Hcp, name: string): number =>
  hcp.workspaces.list(({ tagNames }) => tagNames.includes(name)).length;
