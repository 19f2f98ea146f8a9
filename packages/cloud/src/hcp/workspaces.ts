import { Hono, type Context } from "hono";
import { removeBlob } from "./blobs.ts";
import {
  conflict,
  found,
  invalid,
  isRecord,
  readBody,
  readResource,
  relatedId,
  relatedMany,
  sendData,
  sendPage,
  text,
  toOne,
  type Resource,
  type SentResource,
} from "./jsonapi.ts";
import {
  defaultProject,
  defaultTerraformVersion,
  organizationOf,
  timestamp,
  userId,
  workspacesOf,
  type Hcp,
  type Lock,
  type Workspace,
} from "./model.ts";
import { resourceCount } from "./state-content.ts";

const defaults: Readonly<Record<string, unknown>> = {
  "allow-destroy-plan": true,
  "assessments-enabled": false,
  "auto-apply": false,
  "auto-apply-run-trigger": false,
  description: null,
  "execution-mode": "remote",
  "file-triggers-enabled": true,
  "global-remote-state": false,
  "queue-all-runs": false,
  "setting-overwrites": { "execution-mode": true, "agent-pool": true },
  "source-name": null,
  "source-url": null,
  "speculative-enabled": true,
  // The real one answers true. Our logs are plain text, so clients must not look for structured lines.
  "structured-run-output-enabled": false,
  "terraform-version": defaultTerraformVersion,
  "trigger-patterns": [],
  "trigger-prefixes": [],
  "working-directory": null,
};

const permissions = Object.fromEntries(
  [
    "can-update",
    "can-destroy",
    "can-queue-run",
    "can-queue-apply",
    "can-queue-destroy",
    "can-read-run",
    "can-read-variable",
    "can-update-variable",
    "can-read-state-versions",
    "can-read-state-outputs",
    "can-create-state-versions",
    "can-lock",
    "can-unlock",
    "can-force-unlock",
    "can-read-settings",
    "can-manage-tags",
    "can-force-delete",
  ].map((name) => [name, true]),
);

export function workspaceResource(hcp: Hcp, workspace: Workspace): Resource {
  const organization = organizationOf(hcp, workspace);
  const relationships: Record<string, unknown> = {
    organization: toOne("organizations", organization),
    project: toOne("projects", workspace.projectId),
  };
  if (workspace.lock) relationships["locked-by"] = toOne(workspace.lock.type, workspace.lock.id);
  if (workspace.currentRunId) relationships["current-run"] = toOne("runs", workspace.currentRunId);
  if (workspace.latestRunId) relationships["latest-run"] = toOne("runs", workspace.latestRunId);
  if (workspace.stateVersionId)
    relationships["current-state-version"] = toOne("state-versions", workspace.stateVersionId);
  if (workspace.configurationVersionId) {
    relationships["current-configuration-version"] = toOne("configuration-versions", workspace.configurationVersionId);
  }
  const resources = resourceCount(hcp, workspace);
  return {
    id: workspace.id,
    type: "workspaces",
    attributes: {
      ...workspace.settings,
      name: workspace.name,
      "created-at": workspace.createdAt,
      "updated-at": workspace.updatedAt,
      environment: "default",
      locked: workspace.lock !== undefined,
      "locked-reason": workspace.lock?.reason ?? "",
      operations: workspace.settings["execution-mode"] !== "local",
      "resource-count": resources,
      source: "tfe-api",
      "tag-names": workspace.tagNames,
      "vcs-repo": null,
      permissions,
      actions: { "is-destroyable": true },
    },
    relationships,
    links: { self: `/api/v2/organizations/${organization}/workspaces/${workspace.name}` },
  };
}

export function workspaceNamed(hcp: Hcp, organization: string, name: string): Workspace {
  return found(workspacesOf(hcp, organization).find((workspace) => workspace.name === name));
}

export interface WorkspaceEvents {
  /** Ends the runs of a workspace before it goes. */
  readonly deleting: (workspaceId: string) => Promise<void>;
  /** Runs that waited for the lock may start. */
  readonly unlocked: (workspaceId: string) => void;
}

export const workspaceRoutes = (hcp: Hcp, events: WorkspaceEvents): Hono => {
  const routes = new Hono();
  const byId = (c: Context): Workspace => found(hcp.workspaces.get(c.req.param("workspace") ?? ""));
  const byName = (c: Context): Workspace =>
    workspaceNamed(hcp, c.req.param("organization") ?? "", c.req.param("name") ?? "");
  const save = (workspace: Workspace): Workspace =>
    hcp.workspaces.put(workspace.id, { ...workspace, updatedAt: timestamp(hcp) });
  const one = (c: Context, workspace: Workspace, status: 200 | 201 = 200): Response =>
    sendData(c, workspaceResource(hcp, workspace), status);

  const unlocked = (c: Context, workspace: Workspace): Response => {
    const response = one(c, unlockWorkspace(hcp, workspace));
    events.unlocked(workspace.id);
    return response;
  };

  const update = async (c: Context, workspace: Workspace): Promise<Response> => {
    const sent = await readResource(c);
    const name = text(sent, "name") ?? workspace.name;
    if (name !== workspace.name) checkName(hcp, organizationOf(hcp, workspace), name);
    return one(
      c,
      save({
        ...workspace,
        name,
        projectId: sentProject(hcp, sent) ?? workspace.projectId,
        settings: { ...workspace.settings, ...sentSettings(sent) },
        ...sentTags(hcp, sent, workspace),
      }),
    );
  };
  const remove = async (c: Context, workspace: Workspace, safely: boolean): Promise<Response> => {
    if (safely) {
      if (workspace.lock) throw conflict("Workspace is currently locked and cannot be deleted safely.");
      const count = resourceCount(hcp, workspace);
      if (count > 0)
        throw conflict(
          `Workspace ${workspace.name} is still managing ${count} resources; destroy them, or force delete the workspace.`,
        );
    }
    await events.deleting(workspace.id);
    await removeWorkspace(hcp, workspace.id);
    return c.body(null, 204);
  };

  routes.get("/organizations/:organization/workspaces", (c) => {
    const query = new URL(c.req.url).searchParams;
    const name = query.get("search[name]");
    const wildcard = query.get("search[wildcard-name]");
    const tags = (query.get("search[tags]") ?? "").split(",").filter(Boolean);
    const excluded = (query.get("search[exclude-tags]") ?? "").split(",").filter(Boolean);
    const project = query.get("filter[project][id]");
    const wildcardPattern =
      wildcard &&
      new RegExp(
        `^${wildcard
          .split("*")
          .map((part) => part.replace(/[^\w-]/g, "\\$&"))
          .join(".*")}$`,
      );
    const workspaces = workspacesOf(hcp, c.req.param("organization"))
      .filter(
        (workspace) =>
          (!name || workspace.name.includes(name)) && (!wildcardPattern || wildcardPattern.test(workspace.name)),
      )
      .filter(
        (workspace) =>
          tags.every((tag) => workspace.tagNames.includes(tag)) &&
          !excluded.some((tag) => workspace.tagNames.includes(tag)),
      )
      .filter((workspace) => !project || workspace.projectId === project)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    return sendPage(
      c,
      workspaces.map((workspace) => workspaceResource(hcp, workspace)),
    );
  });
  routes.post("/organizations/:organization/workspaces", async (c) => {
    const sent = await readResource(c);
    const organization = c.req.param("organization");
    const name = text(sent, "name") ?? "";
    checkName(hcp, organization, name);
    const now = timestamp(hcp);
    const empty: Workspace = {
      id: hcp.context.ids.prefixed("ws"),
      name,
      projectId: sentProject(hcp, sent) ?? defaultProject(hcp, organization).id,
      settings: { ...defaults, ...sentSettings(sent) },
      tagNames: [],
      tagBindings: [],
      remoteStateConsumers: [],
      createdAt: now,
      updatedAt: now,
    };
    return one(c, save({ ...empty, ...sentTags(hcp, sent, empty) }), 201);
  });
  routes.get("/organizations/:organization/workspaces/:name", (c) => one(c, byName(c)));
  routes.patch("/organizations/:organization/workspaces/:name", (c) => update(c, byName(c)));
  routes.delete("/organizations/:organization/workspaces/:name", (c) => remove(c, byName(c), false));
  routes.post("/organizations/:organization/workspaces/:name/actions/safe-delete", (c) => remove(c, byName(c), true));
  routes.get("/workspaces/:workspace", (c) => one(c, byId(c)));
  routes.patch("/workspaces/:workspace", (c) => update(c, byId(c)));
  routes.delete("/workspaces/:workspace", (c) => remove(c, byId(c), false));
  routes.post("/workspaces/:workspace/actions/safe-delete", (c) => remove(c, byId(c), true));

  routes.post("/workspaces/:workspace/actions/lock", async (c) => {
    const { reason } = await readBody(c);
    const lock: Lock = { type: "users", id: userId, reason: typeof reason === "string" ? reason : "" };
    return one(c, lockWorkspace(hcp, byId(c), lock));
  });
  routes.post("/workspaces/:workspace/actions/unlock", (c) => {
    const workspace = byId(c);
    if (!workspace.lock) throw conflict("Unable to unlock workspace. The workspace is not locked.");
    if (workspace.lock.type === "runs")
      throw conflict(`Unable to unlock workspace. The workspace is locked by Run ${workspace.lock.id}.`);
    return unlocked(c, workspace);
  });
  routes.post("/workspaces/:workspace/actions/force-unlock", (c) => {
    const workspace = byId(c);
    if (!workspace.lock) throw conflict("Unable to force unlock workspace. The workspace is not locked.");
    return unlocked(c, workspace);
  });
  return routes;
};

/** @throws ApiError 409 where someone holds the lock. */
export function lockWorkspace(hcp: Hcp, workspace: Workspace, lock: Lock): Workspace {
  if (workspace.lock) throw conflict("Unable to lock workspace. The workspace is already locked.");
  return hcp.workspaces.put(workspace.id, { ...workspace, lock });
}

export function unlockWorkspace(hcp: Hcp, workspace: Workspace): Workspace {
  const { lock: _, ...unlocked } = workspace;
  return hcp.workspaces.put(workspace.id, unlocked);
}

function checkName(hcp: Hcp, organization: string, name: string): void {
  if (!/^[A-Za-z0-9_-]{1,90}$/.test(name)) {
    throw invalid("name", "Name can only include letters, numbers, -, and _, and must have 1 to 90 characters");
  }
  if (workspacesOf(hcp, organization).some((workspace) => workspace.name === name))
    throw invalid("name", "Name has already been taken");
}

function sentSettings(sent: SentResource): Record<string, unknown> {
  const settings = Object.fromEntries(
    Object.entries(sent.attributes).filter(([name, value]) => name in defaults && value !== undefined),
  );
  const mode = settings["execution-mode"];
  if (mode !== undefined && mode !== "remote" && mode !== "local") {
    throw invalid(
      "execution-mode",
      mode === "agent"
        ? "Agent pools are not available in this organization"
        : "Execution mode is not included in the list",
    );
  }
  // The old name of execution-mode.
  if (mode === undefined && sent.attributes["operations"] === false) settings["execution-mode"] = "local";
  const folder = settings["working-directory"];
  if (typeof folder === "string" && folder.split("/").includes(".."))
    throw invalid("working-directory", "Working directory must stay inside the configuration");
  return settings;
}

function sentProject(hcp: Hcp, sent: SentResource): string | undefined {
  const id = relatedId(sent, "project");
  if (id !== undefined && !hcp.projects.get(id)) throw invalid("project", "Project not found");
  return id;
}

function sentTags(hcp: Hcp, sent: SentResource, workspace: Workspace): Pick<Workspace, "tagNames" | "tagBindings"> {
  const named = sent.attributes["tag-names"];
  const related = relatedMany(sent, "tags")?.flatMap(({ attributes }) =>
    isRecord(attributes) && typeof attributes["name"] === "string" ? [attributes["name"]] : [],
  );
  const bound = relatedMany(sent, "tag-bindings")?.flatMap(({ attributes }) =>
    isRecord(attributes) && typeof attributes["key"] === "string"
      ? [{ key: attributes["key"], value: typeof attributes["value"] === "string" ? attributes["value"] : "" }]
      : [],
  );
  const names = Array.isArray(named) ? named.filter((name) => typeof name === "string") : related;
  return {
    tagNames: names ? [...new Set(names)].sort() : workspace.tagNames,
    tagBindings: bound ?? workspace.tagBindings,
  };
}

/** With everything that belongs to it, as the real one does. */
async function removeWorkspace(hcp: Hcp, id: string): Promise<void> {
  const configurations = hcp.configurations.list(({ workspaceId }) => workspaceId === id);
  const states = hcp.states.list(({ workspaceId }) => workspaceId === id);
  const runs = hcp.runs.list(({ workspaceId }) => workspaceId === id);
  hcp.context.store.transaction(() => {
    hcp.workspaces.delete(id);
    for (const { id: variable } of hcp.variables.list(({ owner }) => owner.id === id)) hcp.variables.delete(variable);
    for (const set of hcp.variableSets.list(({ workspaceIds }) => workspaceIds.includes(id))) {
      hcp.variableSets.put(set.id, { ...set, workspaceIds: set.workspaceIds.filter((workspace) => workspace !== id) });
    }
    for (const configuration of configurations) {
      hcp.configurations.delete(configuration.id);
      hcp.links.delete(configuration.uploadKey);
    }
    for (const state of states) {
      hcp.states.delete(state.id);
      hcp.links.delete(state.stateKey);
      hcp.links.delete(state.jsonStateKey);
    }
    for (const run of runs) {
      hcp.runs.delete(run.id);
      for (const phase of [run.plan, run.apply]) {
        hcp.phases.delete(phase.id);
        hcp.links.delete(phase.logKey);
      }
    }
  });
  await Promise.all([
    ...configurations.map((configuration) => removeBlob(hcp, "configurations", configuration.id)),
    ...states.flatMap((state) => [removeBlob(hcp, "states", state.id), removeBlob(hcp, "json-states", state.id)]),
    ...runs.flatMap((run) => [
      removeBlob(hcp, "plans", run.id),
      removeBlob(hcp, "plans", `${run.id}.json`),
      removeBlob(hcp, "logs", run.plan.id),
      removeBlob(hcp, "logs", run.apply.id),
    ]),
  ]);
}
