import type { Hono } from "hono";
import { notFound, unprocessable } from "../errors.ts";
import { tellDispatch } from "../events.ts";
import type { Hub } from "../hub.ts";
import { fullName } from "../records.ts";
import { enter, inputOf, optional, param, requiredText, routes, type Env } from "./route.ts";

/** What of Actions' API is GitHub's part: starting workflows by hand, and the door to the rest. */
export function dispatchRoutes(hub: Hub): Hono<Env> {
  const app = routes();
  const actions = "/repos/:owner/:repo/actions";

  app.post(`${actions}/workflows/:workflow_id/dispatches`, async (c) => {
    const { repository, viewer } = enter(hub, c, "actions", "write");
    const input = await inputOf(c);
    const wanted = requiredText(input, "ref");
    const git = hub.git(repository);
    const ref = (
      await Promise.all([`refs/heads/${wanted}`, `refs/tags/${wanted}`, wanted].map((name) => git.ref(name)))
    ).find((found) => found !== undefined);
    const sha = ref && (await git.resolve(ref.ref));
    if (!ref || sha === undefined) throw unprocessable(`No ref found for: ${wanted}`);
    const path = `/repos/${fullName(repository)}/actions/workflows/${encodeURIComponent(param(c, "workflow_id"))}`;
    const answer = await hub.actions().routes.request(path);
    if (!answer.ok) throw notFound();
    const { path: file } = (await answer.json()) as { path: string };
    const workflow = file.split("/").at(-1) ?? "";
    const text = await git.entry(sha, file).then((entry) => entry && git.blob(entry.sha));
    if (!text || !/\bworkflow_dispatch\b/.test(text.toString())) {
      throw unprocessable("Workflow does not have 'workflow_dispatch' trigger");
    }
    const inputs = { ...optional.object(input, "inputs") };
    tellDispatch(hub, viewer, repository, { ref: ref.ref, sha, workflow, inputs });
    return c.body(null, 204);
  });

  // Runs, jobs, logs, artifacts, caches: Actions' own, after the same authentication.
  app.all(`${actions}/*`, (c) => {
    enter(hub, c, "actions", c.req.method === "GET" || c.req.method === "HEAD" ? "read" : "write");
    const url = new URL(c.req.url);
    url.pathname = url.pathname.replace(/^\/api\/v3/, "");
    return hub.actions().routes.fetch(new Request(url, c.req.raw));
  });
  return app;
}
