/** The stand-in for HCP Terraform: its API, the runs behind it, and pages to look at. */
import { timingSafeEqual } from "node:crypto";
import { Hono, type Context } from "hono";
import type { CloudContext, Gap, InventoryItem, Service } from "../ports.ts";
import { readBlob } from "./blobs.ts";
import { configurationRoutes, uploadConfiguration } from "./configurations.ts";
import { ApiError, found, notFound, send } from "./jsonapi.ts";
import { readLog } from "./logs.ts";
import { defaultProject, openHcp, url, type Hcp, type HcpOptions, type Link } from "./model.ts";
import { organizationRoutes } from "./organizations.ts";
import { pageRoutes } from "./pages.ts";
import { phaseRoutes } from "./phases.ts";
import { createRun, runRoutes } from "./runs.ts";
import { stateRoutes, uploadJsonState, uploadState } from "./states.ts";
import { variableSetRoutes } from "./variable-sets.ts";
import { workspaceVariableRoutes } from "./variables.ts";
import { createWorker, type Worker } from "./worker.ts";
import { workspaceRelationRoutes } from "./workspace-relations.ts";
import { workspaceRoutes } from "./workspaces.ts";

export type { HcpOptions } from "./model.ts";

const gaps: readonly Gap[] = [
  "One user, one token. Every organization is that user's, and is there when it is first asked for; no teams, SSO, agents or permissions below the organization.",
  "Logs are plain text: `structured-run-output-enabled` is kept but false from the start.",
  "No policy checks, cost estimates, run tasks, run triggers, VCS connections, notifications, private registry or Stacks.",
  "Rate limits are announced in the headers but not enforced.",
  "Sensitive values are redacted from run logs and from `json-output`, where the real one trusts the reader.",
  "`json-output` is empty where the runner that carries the plan out gives no JSON.",
].map((gap) => ({ service: "hcp", gap }));

/** A Hono app that serves `/api/v2`, discovery, uploads, logs and `/app` pages. */
export function createHcp(context: CloudContext, options: HcpOptions): Service {
  const hcp = openHcp(context, options);
  const worker = createWorker(hcp);
  const app = new Hono();

  app.use(async (c, next) => {
    await next();
    // go-tfe reads these on ping and on errors; the CLI shows structured runs only to this very name.
    c.header("TFP-API-Version", "2.6");
    c.header("TFP-AppName", "HCP Terraform");
    c.header("X-RateLimit-Limit", "30");
    c.header("X-RateLimit-Remaining", "29");
    c.header("X-RateLimit-Reset", "0.5");
  });
  app.onError((thrown, c) => {
    if (thrown instanceof ApiError) return send(c, thrown.body(), thrown.status);
    context.log("hcp", `${c.req.method} ${c.req.path}: ${thrown.stack ?? thrown.message}`);
    return send(
      c,
      new ApiError(500, "internal server error", "A bug in the local cloud; its log has the details").body(),
      500,
    );
  });
  // Anything but 404 makes go-tfe retry, thirty times.
  app.notFound((c) => send(c, notFound().body(), 404));

  app.get("/.well-known/terraform.json", (c) => {
    const v2 = url(hcp, "/api/v2/");
    return c.json({
      "tfe.v2": v2,
      "tfe.v2.1": v2,
      "tfe.v2.2": v2,
      "state.v2": v2,
      "motd.v1": url(hcp, "/api/terraform/motd"),
    });
  });
  app.get("/api/terraform/motd", (c) => c.json({ msg: "Doge's local cloud, in the place of HCP Terraform" }));
  app.get("/", (c) => c.redirect(`/app/${hcp.organization}/workspaces`));
  app.route("/_archivist/v1/object", archiveRoutes(hcp, worker));
  app.route("/", pageRoutes(hcp));
  app.route("/api/v2", apiRoutes(hcp, worker));

  return {
    name: "hcp",
    app,
    start: () => worker.recover(),
    stop: () => worker.stop(),
    inventory: async () => inventory(hcp),
    gaps,
  };
}

function apiRoutes(hcp: Hcp, worker: Worker): Hono {
  const api = new Hono();
  api.use(async (c, next) => {
    const [, token = ""] = /^Bearer (.+)$/.exec(c.req.header("authorization") ?? "") ?? [];
    if (!sameText(token, hcp.token)) throw new ApiError(401, "unauthorized");
    await next();
  });
  const anOrganization = async (c: Context, next: () => Promise<void>): Promise<void> => {
    // What could not be an organization's name is none.
    found(/^[A-Za-z0-9_-]{3,40}$/.test(c.req.param("organization") ?? "") ? true : undefined);
    await next();
  };
  api.use("/organizations/:organization", anOrganization);
  api.use("/organizations/:organization/*", anOrganization);
  api.get("/ping", (c) => c.body(null, 204));
  api.route("/", organizationRoutes(hcp));
  api.route(
    "/",
    workspaceRoutes(hcp, { deleting: (id) => worker.cancelAll(id), unlocked: (id) => worker.advance(id) }),
  );
  api.route("/", workspaceRelationRoutes(hcp));
  api.route("/", workspaceVariableRoutes(hcp));
  api.route("/", variableSetRoutes(hcp));
  api.route("/", configurationRoutes(hcp));
  api.route("/", stateRoutes(hcp));
  api.route("/", runRoutes(hcp, worker));
  api.route("/", phaseRoutes(hcp));
  return api;
}

/** Uploads, downloads and logs: whoever knows the URL may. */
function archiveRoutes(hcp: Hcp, worker: Worker): Hono {
  const routes = new Hono();
  const linkOf = (c: Context): Link => found(hcp.links.get(c.req.param("key") ?? ""));
  routes.put("/:key", async (c) => {
    const link = linkOf(c);
    const bytes = new Uint8Array(await c.req.arrayBuffer());
    if (link.purpose === "configuration") {
      const version = await uploadConfiguration(hcp, link.id, bytes);
      if (version.autoQueueRuns && version.status === "uploaded") {
        const relationships = {
          workspace: { data: { id: version.workspaceId } },
          "configuration-version": { data: { id: version.id } },
        };
        worker.advance(createRun(hcp, { attributes: {}, relationships }).workspaceId);
      }
    } else if (link.purpose === "state") await uploadState(hcp, link.id, bytes);
    else if (link.purpose === "json-state") await uploadJsonState(hcp, link.id, bytes);
    else throw notFound();
    return c.body(null, 200);
  });
  routes.get("/:key", async (c) => {
    const { purpose, id } = linkOf(c);
    if (purpose === "log") {
      const query = new URL(c.req.url).searchParams;
      const offset = Math.max(Number(query.get("offset")) || 0, 0);
      const limit = Math.min(Math.max(Number(query.get("limit")) || 65_536, 1), 1_048_576);
      return c.body(new Uint8Array(await readLog(hcp, id, offset, limit)), 200, { "content-type": "text/plain" });
    }
    if (purpose === "configuration") throw notFound();
    const bytes = found(await readBlob(hcp, purpose === "state" ? "states" : "json-states", id));
    return c.body(new Uint8Array(bytes), 200, { "content-type": "application/json" });
  });
  return routes;
}

function inventory(hcp: Hcp): InventoryItem[] {
  const items = (kind: string, rows: readonly { readonly id: string; readonly name: string }[]): InventoryItem[] =>
    rows.map(({ id, name }) => ({ service: "hcp", kind, id, name }));
  return [
    ...items("workspace", hcp.workspaces.list()),
    ...items("variable set", hcp.variableSets.list()),
    ...items(
      "project",
      hcp.projects.list(({ id, organization }) => id !== defaultProject(hcp, organization).id),
    ),
  ];
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
