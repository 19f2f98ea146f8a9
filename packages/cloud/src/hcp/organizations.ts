/** The organization, its projects, and who is asking. */
import { Hono, type Context } from "hono";
import {
  ApiError,
  conflict,
  found,
  invalid,
  readResource,
  sendData,
  sendPage,
  text,
  toOne,
  type Resource,
} from "./jsonapi.ts";
import { defaultProject, timestamp, userId, userName, type Hcp, type Project } from "./model.ts";

const allowed = (names: readonly string[]): Record<string, boolean> =>
  Object.fromEntries(names.map((name) => [name, true]));

export const organizationRoutes = (hcp: Hcp): Hono => {
  const routes = new Hono();
  const organization = (): Resource => ({
    id: hcp.organization,
    type: "organizations",
    attributes: {
      name: hcp.organization,
      "external-id": `org-${hcp.organization}`,
      email: `${userName}@localcloud.invalid`,
      "created-at": defaultProject(hcp).createdAt,
      "collaborator-auth-policy": "password",
      "cost-estimation-enabled": false,
      "plan-expired": false,
      "plan-identifier": "free",
      "plan-is-trial": false,
      "plan-is-enterprise": false,
      "allow-force-delete-workspaces": true,
      "assessments-enforced": false,
      "default-execution-mode": "remote",
      "saml-enabled": false,
      "two-factor-conformant": true,
      "send-passing-statuses-for-untriggered-speculative-plans": false,
      permissions: allowed([
        "can-update",
        "can-create-workspace",
        "can-create-project",
        "can-manage-varsets",
        "can-read-varsets",
        "can-manage-tags",
        "can-traverse",
      ]),
    },
    relationships: { "default-project": toOne("projects", defaultProject(hcp).id) },
    links: { self: `/api/v2/organizations/${hcp.organization}` },
  });
  const project = ({ id, name, description, createdAt }: Project): Resource => ({
    id,
    type: "projects",
    attributes: {
      name,
      description: description ?? "",
      "created-at": createdAt,
      "default-execution-mode": "remote",
      "workspace-count": hcp.workspaces.list(({ projectId }) => projectId === id).length,
      "team-count": 0,
      permissions: allowed(["can-read", "can-update", "can-destroy", "can-create-workspace", "can-move-workspace"]),
    },
    relationships: { organization: toOne("organizations", hcp.organization) },
    links: { self: `/api/v2/projects/${id}` },
  });
  const byId = (c: Context): Project => found(hcp.projects.get(c.req.param("project") ?? ""));

  routes.get("/account/details", (c) =>
    sendData(c, {
      id: userId,
      type: "users",
      attributes: { username: userName, "is-service-account": false, email: `${userName}@localcloud.invalid` },
    }),
  );
  routes.get("/organizations", (c) => sendPage(c, [organization()]));
  routes.get("/organizations/:organization", (c) => sendData(c, organization()));
  routes.get("/organizations/:organization/entitlement-set", (c) =>
    sendData(c, {
      id: `org-${hcp.organization}`,
      type: "entitlement-sets",
      attributes: {
        operations: true,
        "state-storage": true,
        "private-module-registry": false,
        "cost-estimation": false,
        "policy-enforcement": false,
        "run-tasks": false,
        sentinel: false,
        teams: false,
        "user-limit": null,
        agents: false,
        "vcs-integrations": false,
        "self-serve-billing": false,
        "audit-logging": false,
        sso: false,
      },
    }),
  );

  routes.get("/organizations/:organization/projects", (c) => {
    const query = new URL(c.req.url).searchParams;
    const names = query.get("filter[names]")?.split(",");
    const search = query.get("q") ?? "";
    const projects = hcp.projects.list(({ name }) => (!names || names.includes(name)) && name.includes(search));
    return sendPage(c, projects.map(project));
  });
  routes.post("/organizations/:organization/projects", async (c) => {
    const sent = await readResource(c);
    const name = projectName(hcp, text(sent, "name") ?? "", undefined);
    const created: Project = {
      id: hcp.context.ids.prefixed("prj"),
      name,
      description: text(sent, "description") ?? "",
      createdAt: timestamp(hcp),
    };
    return sendData(c, project(hcp.projects.put(created.id, created)), 201);
  });
  routes.get("/projects/:project", (c) => sendData(c, project(byId(c))));
  routes.patch("/projects/:project", async (c) => {
    const now = byId(c);
    const sent = await readResource(c);
    const name = projectName(hcp, text(sent, "name") ?? now.name, now.id);
    return sendData(
      c,
      project(
        hcp.projects.put(now.id, { ...now, name, description: text(sent, "description") ?? now.description ?? "" }),
      ),
    );
  });
  routes.delete("/projects/:project", (c) => {
    const { id } = byId(c);
    if (id === defaultProject(hcp).id) throw new ApiError(403, "forbidden", "The default project can't be deleted");
    if (hcp.workspaces.list(({ projectId }) => projectId === id).length > 0)
      throw conflict("The project still has workspaces");
    hcp.projects.delete(id);
    return c.body(null, 204);
  });
  return routes;
};

function projectName(hcp: Hcp, name: string, self: string | undefined): string {
  if (!/^[\w -]{3,40}$/.test(name)) throw invalid("name", "Name must have 3 to 40 letters, numbers, spaces, -, or _");
  if (hcp.projects.list((other) => other.name === name && other.id !== self).length > 0)
    throw invalid("name", "Name has already been taken");
  return name;
}
