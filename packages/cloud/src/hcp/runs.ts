import { Hono, type Context } from "hono";
import {
  conflict,
  flag,
  found,
  invalid,
  isRecord,
  readResource,
  relatedId,
  send,
  sendPage,
  text,
  texts,
  toOne,
  type Resource,
  type SentResource,
} from "./jsonapi.ts";
import { makeLink } from "./blobs.ts";
import { configurationResource } from "./configurations.ts";
import {
  defaultTerraformVersion,
  isFinished,
  timestamp,
  userId,
  userName,
  type ConfigurationVersion,
  type Hcp,
  type Phase,
  type Run,
  type Workspace,
  workspacesOf,
} from "./model.ts";
import { phaseResource } from "./phases.ts";
import type { Worker } from "./worker.ts";
import { workspaceResource } from "./workspaces.ts";

export function runResource(run: Run): Resource {
  const waits = run.status === "planned" || run.status === "planned_and_saved";
  return {
    id: run.id,
    type: "runs",
    attributes: {
      status: run.status,
      "status-timestamps": run.timestamps,
      message: run.message,
      source: "tfe-api",
      "created-at": run.createdAt,
      "has-changes": run.hasChanges,
      "auto-apply": run.autoApply,
      "is-destroy": run.isDestroy,
      "plan-only": run.planOnly,
      "save-plan": run.savePlan,
      refresh: run.refresh,
      "refresh-only": run.refreshOnly,
      "allow-empty-apply": run.allowEmptyApply,
      "allow-config-generation": false,
      "target-addrs": run.targetAddrs,
      "replace-addrs": run.replaceAddrs,
      "terraform-version": run.terraformVersion,
      "trigger-reason": "manual",
      variables: run.variables,
      actions: {
        "is-cancelable": !isFinished(run) && !waits,
        "is-confirmable": waits,
        "is-discardable": waits || run.status === "pending",
        "is-force-cancelable": run.status === "planning" || run.status === "applying",
      },
      permissions: {
        "can-apply": true,
        "can-cancel": true,
        "can-comment": true,
        "can-discard": true,
        "can-force-cancel": true,
        "can-force-execute": false,
      },
    },
    relationships: {
      workspace: toOne("workspaces", run.workspaceId),
      "configuration-version": toOne("configuration-versions", run.configurationVersionId),
      plan: toOne("plans", run.plan.id),
      apply: toOne("applies", run.apply.id),
      "created-by": toOne("users", userId),
    },
    links: { self: `/api/v2/runs/${run.id}` },
  };
}

export const runRoutes = (hcp: Hcp, worker: Worker): Hono => {
  const routes = new Hono();
  const byId = (c: Context): Run => found(hcp.runs.get(c.req.param("run") ?? ""));
  const newestFirst = (c: Context, where: (run: Run) => boolean): Response => {
    const query = new URL(c.req.url).searchParams;
    const statuses = (query.get("filter[status]") ?? "").split(",").filter(Boolean);
    const runs = hcp.runs.list((run) => where(run) && (statuses.length === 0 || statuses.includes(run.status)));
    return sendPage(c, runs.toReversed().map(runResource));
  };

  routes.post("/runs", async (c) => {
    const run = createRun(hcp, await readResource(c));
    worker.advance(run.workspaceId);
    return send(c, { data: runResource(found(hcp.runs.get(run.id))) }, 201);
  });
  routes.get("/runs/:run", (c) => {
    const run = byId(c);
    const asked = (new URL(c.req.url).searchParams.get("include") ?? "").split(",").filter(Boolean);
    const included = asked.flatMap((name) => includedResource(hcp, run, name));
    return send(c, { data: runResource(run), ...(asked.length > 0 ? { included } : {}) });
  });
  routes.get("/workspaces/:workspace/runs", (c) => {
    const { id } = found(hcp.workspaces.get(c.req.param("workspace")));
    return newestFirst(c, (run) => run.workspaceId === id);
  });
  const inOrganization = (c: Context): ((run: Run) => boolean) => {
    const ids = new Set(workspacesOf(hcp, c.req.param("organization") ?? "").map(({ id }) => id));
    return ({ workspaceId }) => ids.has(workspaceId);
  };
  routes.get("/organizations/:organization/runs", (c) => newestFirst(c, inOrganization(c)));
  routes.get("/organizations/:organization/runs/queue", (c) => {
    const isHere = inOrganization(c);
    const waiting = hcp.runs.list((run) => isHere(run) && !isFinished(run) && run.status !== "planned_and_saved");
    return sendPage(
      c,
      waiting.map((run, position) => {
        const resource = runResource(run);
        return { ...resource, attributes: { ...resource.attributes, "position-in-queue": position } };
      }),
    );
  });
  routes.get("/organizations/:organization/capacity", (c) => {
    const isHere = inOrganization(c);
    const runs = hcp.runs.list((run) => isHere(run) && !isFinished(run));
    const pending = runs.filter(({ status }) => status === "pending").length;
    const running = runs.filter(({ status }) => status === "planning" || status === "applying").length;
    return send(c, {
      data: { id: c.req.param("organization"), type: "organization-capacity", attributes: { pending, running } },
    });
  });
  routes.get("/runs/:run/run-events", (c) => {
    const run = byId(c);
    const events = Object.entries(run.timestamps).map(([name, at]) => ({
      id: `re-${run.id.slice(4)}-${name.replace(/-at$/, "")}`,
      type: "run-events",
      attributes: { action: name.replace(/-at$/, "").replaceAll("-", "_"), description: null, "created-at": at },
    }));
    return send(c, { data: events });
  });
  routes.get("/runs/:run/policy-checks", (c) => (byId(c), sendPage(c, [])));
  routes.get("/runs/:run/task-stages", (c) => (byId(c), sendPage(c, [])));
  routes.get("/runs/:run/comments", (c) => (byId(c), sendPage(c, [])));

  // 202 without a body: the client polls the run.
  const action = (name: string, act: (run: Run) => void | Promise<void>): void => {
    routes.post(`/runs/:run/actions/${name}`, async (c) => {
      await act(byId(c));
      return c.body(null, 202);
    });
  };
  action("apply", ({ id }) => worker.confirm(id));
  action("discard", ({ id }) => worker.discard(id));
  action("cancel", (run) => {
    if (isFinished(run) || run.status === "planned" || run.status === "planned_and_saved")
      throw conflict("transition not allowed");
    return worker.cancel(run.id);
  });
  action("force-cancel", (run) => {
    if (isFinished(run)) throw conflict("transition not allowed");
    return worker.cancel(run.id, true);
  });
  return routes;
};

function includedResource(hcp: Hcp, run: Run, name: string): Resource[] {
  switch (name) {
    case "workspace": {
      const workspace = hcp.workspaces.get(run.workspaceId);
      return workspace ? [workspaceResource(hcp, workspace)] : [];
    }
    case "plan":
      return [phaseResource(hcp, "plans", run, run.plan)];
    case "apply":
      return [phaseResource(hcp, "applies", run, run.apply)];
    case "configuration_version": {
      const version = hcp.configurations.get(run.configurationVersionId);
      return version ? [configurationResource(hcp, version)] : [];
    }
    case "created_by":
      return [{ id: userId, type: "users", attributes: { username: userName } }];
    default:
      return [];
  }
}

/** @throws ApiError 422 for what can't be run. */
export function createRun(hcp: Hcp, sent: SentResource): Run {
  const workspace = hcp.workspaces.get(relatedId(sent, "workspace") ?? "");
  if (!workspace) throw invalid("workspace", "Workspace not found");
  if (workspace.settings["execution-mode"] === "local") {
    throw invalid("base", "Runs can't be created in a workspace with local execution mode");
  }
  const version = configurationFor(hcp, workspace, relatedId(sent, "configuration-version"));
  const refreshOnly = flag(sent, "refresh-only") ?? false;
  const isDestroy = flag(sent, "is-destroy") ?? false;
  const refresh = flag(sent, "refresh") ?? true;
  if (refreshOnly && isDestroy) throw invalid("refresh-only", "A run can't be both refresh-only and destroy");
  if (refreshOnly && !refresh) throw invalid("refresh", "A refresh-only run can't go without refresh");
  if (isDestroy && workspace.settings["allow-destroy-plan"] === false)
    throw invalid("is-destroy", "Destroy plans are not allowed in this workspace");
  const planOnly = flag(sent, "plan-only") ?? version.speculative;
  const savePlan = !planOnly && (flag(sent, "save-plan") ?? false);
  const now = timestamp(hcp);
  const id = hcp.context.ids.prefixed("run");
  const phase = (prefix: "plan" | "apply"): Phase => {
    const phaseId = hcp.context.ids.prefixed(prefix);
    hcp.phases.put(phaseId, { runId: id });
    return {
      id: phaseId,
      status: "pending",
      timestamps: {},
      logKey: makeLink(hcp, { purpose: "log", id: phaseId }),
      additions: 0,
      changes: 0,
      destructions: 0,
    };
  };
  const pinned = workspace.settings["terraform-version"];
  const run: Run = {
    id,
    workspaceId: workspace.id,
    configurationVersionId: version.id,
    status: "pending",
    timestamps: {},
    message: text(sent, "message") ?? "Queued manually via the Terraform Enterprise API",
    createdAt: now,
    hasChanges: false,
    autoApply: !planOnly && (flag(sent, "auto-apply") ?? workspace.settings["auto-apply"] === true),
    isDestroy,
    planOnly,
    savePlan,
    refresh,
    refreshOnly,
    allowEmptyApply: flag(sent, "allow-empty-apply") ?? false,
    targetAddrs: texts(sent, "target-addrs"),
    replaceAddrs: texts(sent, "replace-addrs"),
    variables: sentVariables(sent),
    terraformVersion: typeof pinned === "string" ? pinned : defaultTerraformVersion,
    plan: phase("plan"),
    apply: phase("apply"),
  };
  hcp.workspaces.put(workspace.id, { ...workspace, latestRunId: id, configurationVersionId: version.id });
  return hcp.runs.put(id, run);
}

function configurationFor(hcp: Hcp, workspace: Workspace, id: string | undefined): ConfigurationVersion {
  const usable = hcp.configurations.list((one) => one.workspaceId === workspace.id && one.status === "uploaded");
  const version =
    id === undefined ? usable.findLast(({ speculative }) => !speculative) : usable.find((one) => one.id === id);
  if (!version) throw invalid("configuration-version", "Configuration version is missing or not uploaded");
  return version;
}

function sentVariables(sent: SentResource): Run["variables"] {
  const variables = sent.attributes["variables"];
  if (variables === undefined || variables === null) return [];
  if (!Array.isArray(variables)) throw invalid("variables", "Variables must be a list");
  return variables.map((variable: unknown) => {
    if (!isRecord(variable) || typeof variable["key"] !== "string" || typeof variable["value"] !== "string") {
      throw invalid("variables", "Variables must have a key and a value");
    }
    return { key: variable["key"], value: variable["value"] };
  });
}
