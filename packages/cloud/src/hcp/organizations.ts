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
  const organization = (own: string): Resource => ({
    id: own,
    type: "organizations",
    attributes: {
      name: own,
      "external-id": `org-${own}`,
      email: `${userName}@localcloud.invalid`,
      "created-at": defaultProject(hcp, own).createdAt,
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
    relationships: { "default-project": toOne("projects", defaultProject(hcp, own).id) },
    links: { self: `/api/v2/organizations/${own}` },
  });
  const project = ({ id, organization: own, name, description, createdAt }: Project): Resource => ({
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
    relationships: { organization: toOne("organizations", own) },
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
  routes.get("/organizations", (c) =>
    sendPage(c, [...new Set(hcp.projects.list().map((each) => each.organization))].map(organization)),
  );
  routes.get("/organizations/:organization", (c) => sendData(c, organization(c.req.param("organization"))));
  routes.get("/organizations/:organization/entitlement-set", (c) =>
    sendData(c, {
      id: `org-${c.req.param("organization")}`,
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
    const { organization: own } = defaultProject(hcp, c.req.param("organization"));
    const projects = hcp.projects.list(
      (each) => each.organization === own && (!names || names.includes(each.name)) && each.name.includes(search),
    );
    return sendPage(c, projects.map(project));
  });
  routes.post("/organizations/:organization/projects", async (c) => {
    const sent = await readResource(c);
    const { organization: own } = defaultProject(hcp, c.req.param("organization"));
    const created: Project = {
      id: hcp.context.ids.prefixed("prj"),
      organization: own,
      name: projectName(hcp, text(sent, "name") ?? "", { organization: own }),
      description: text(sent, "description") ?? "",
      createdAt: timestamp(hcp),
    };
    return sendData(c, project(hcp.projects.put(created.id, created)), 201);
  });
  routes.get("/projects/:project", (c) => sendData(c, project(byId(c))));
  routes.patch("/projects/:project", async (c) => {
    const now = byId(c);
    const sent = await readResource(c);
    const name = projectName(hcp, text(sent, "name") ?? now.name, now);
    return sendData(
      c,
      project(
        hcp.projects.put(now.id, { ...now, name, description: text(sent, "description") ?? now.description ?? "" }),
      ),
    );
  });
  routes.delete("/projects/:project", (c) => {
    const { id, organization: own } = byId(c);
    if (id === defaultProject(hcp, own).id)
      throw new ApiError(403, "forbidden", "The default project can't be deleted");
    if (hcp.workspaces.list(({ projectId }) => projectId === id).length > 0)
      throw conflict("The project still has workspaces");
    hcp.projects.delete(id);
    return c.body(null, 204);
  });
  return routes;
};

function projectName(hcp: Hcp, name: string, self: Pick<Project, "organization"> & { readonly id?: string }): string {
  if (!/^[\w -]{3,40}$/.test(name)) throw invalid("name", "Name must have 3 to 40 letters, numbers, spaces, -, or _");
  const isOther = ({ id, organization }: Project): boolean => organization === self.organization && id !== self.id;
  if (hcp.projects.list((other) => other.name === name && isOther(other)).length > 0)
    throw invalid("name", "Name has already been taken");
  return name;
}
