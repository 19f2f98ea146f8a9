/** Plans and applies. */
import { Hono, type Context } from "hono";
import { linkUrl } from "./blobs.ts";
import { found, notFound, sendData, toMany, type Resource } from "./jsonapi.ts";
import type { Hcp, Phase, Run } from "./model.ts";
import { planDocument } from "./plan-documents.ts";

export function phaseResource(hcp: Hcp, type: "plans" | "applies", run: Run, phase: Phase): Resource {
  const states = type === "applies" ? hcp.states.list((state) => state.runId === run.id).map(({ id }) => id) : [];
  return {
    id: phase.id,
    type,
    attributes: {
      "execution-details": { mode: "remote" },
      status: phase.status,
      "status-timestamps": phase.timestamps,
      "log-read-url": linkUrl(hcp, phase.logKey),
      "resource-additions": phase.additions,
      "resource-changes": phase.changes,
      "resource-destructions": phase.destructions,
      "resource-imports": 0,
      ...(type === "plans"
        ? {
            "has-changes": run.hasChanges,
            "generated-configuration": false,
            "structured-run-output-enabled": false,
            actions: { "is-exportable": false },
            permissions: { "can-export": false },
          }
        : {}),
    },
    relationships: { "state-versions": toMany("state-versions", states) },
    links:
      type === "plans"
        ? {
            self: `/api/v2/plans/${phase.id}`,
            "json-output": `/api/v2/plans/${phase.id}/json-output`,
            "json-output-redacted": `/api/v2/plans/${phase.id}/json-output-redacted`,
          }
        : { self: `/api/v2/applies/${phase.id}` },
  };
}

export const phaseRoutes = (hcp: Hcp): Hono => {
  const routes = new Hono();
  const runOf = (c: Context, kind: "plan" | "apply"): Run => {
    const id = c.req.param("phase") ?? "";
    const run = found(hcp.runs.get(found(hcp.phases.get(id)).runId));
    if (run[kind].id !== id) throw notFound();
    return run;
  };
  const document = async (c: Context, run: Run, form: "plan" | "redacted"): Promise<Response> => {
    const json = await planDocument(hcp, run.id, form);
    // As the real one: nothing yet, and no error.
    if (json === undefined) return c.body(null, 204);
    return c.body(JSON.stringify(json), 200, { "content-type": "application/json" });
  };
  routes.get("/plans/:phase", (c) => {
    const run = runOf(c, "plan");
    return sendData(c, phaseResource(hcp, "plans", run, run.plan));
  });
  routes.get("/plans/:phase/json-output", (c) => document(c, runOf(c, "plan"), "plan"));
  routes.get("/plans/:phase/json-output-redacted", (c) => document(c, runOf(c, "plan"), "redacted"));
  routes.get("/applies/:phase", (c) => {
    const run = runOf(c, "apply");
    return sendData(c, phaseResource(hcp, "applies", run, run.apply));
  });
  const ofRun = (c: Context): Run => found(hcp.runs.get(c.req.param("run") ?? ""));
  routes.get("/runs/:run/plan", (c) => sendData(c, phaseResource(hcp, "plans", ofRun(c), ofRun(c).plan)));
  routes.get("/runs/:run/plan/json-output", (c) => document(c, ofRun(c), "plan"));
  routes.get("/runs/:run/apply", (c) => sendData(c, phaseResource(hcp, "applies", ofRun(c), ofRun(c).apply)));
  return routes;
};
