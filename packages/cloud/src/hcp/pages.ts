/** Web pages for people: the links that clients print lead here. */
import { Hono } from "hono";
import { html, raw } from "hono/html";
import { stripVTControlCharacters } from "node:util";
import { logText } from "./logs.ts";
import { isFinished, organizationOf, workspacesOf, type Hcp, type Run, type Workspace } from "./model.ts";

type Html = ReturnType<typeof html>;

const page = (title: string, refreshes: boolean, body: Html): Html =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        ${refreshes ? raw('<meta http-equiv="refresh" content="2">') : ""}
        <title>${title}</title>
        <style>
          body {
            font:
              15px/1.5 system-ui,
              sans-serif;
            max-width: 60rem;
            margin: 2rem auto;
            padding: 0 1rem;
            color: #1f2328;
            background: #fff;
          }
          pre {
            background: #f6f8fa;
            padding: 1rem;
            overflow: auto;
            border-radius: 6px;
          }
          table {
            border-collapse: collapse;
          }
          td,
          th {
            text-align: left;
            padding: 0.2rem 1.2rem 0.2rem 0;
          }
          footer {
            color: #59636e;
            margin-top: 2rem;
          }
          @media (prefers-color-scheme: dark) {
            body {
              color: #f0f6fc;
              background: #0d1117;
            }
            pre {
              background: #151b23;
            }
            a {
              color: #4493f8;
            }
          }
        </style>
      </head>
      <body>
        ${body}
        <footer>Doge's local cloud, in the place of HCP Terraform.</footer>
      </body>
    </html>`;

export const pageRoutes = (hcp: Hcp): Hono => {
  const routes = new Hono();

  routes.get("/app/:organization", (c) => c.redirect(`/app/${c.req.param("organization")}/workspaces`));
  routes.get("/app/:organization/workspaces", async (c) => {
    const organization = c.req.param("organization");
    const rows = workspacesOf(hcp, organization).map((workspace) => {
      const run = workspace.latestRunId === undefined ? undefined : hcp.runs.get(workspace.latestRunId);
      return html`<tr>
        <td><a href="/app/${organization}/workspaces/${workspace.name}">${workspace.name}</a></td>
        <td>${run?.status ?? ""}</td>
        <td>${workspace.lock ? "locked" : ""}</td>
      </tr>`;
    });
    return c.html(
      await page(
        "Workspaces",
        false,
        html`<h1>Workspaces of ${organization}</h1>
          <table>
            <tr>
              <th>Name</th>
              <th>Latest run</th>
              <th></th>
            </tr>
            ${rows}
          </table>`,
      ),
    );
  });
  const workspacePage = async (organization: string, name: string): Promise<Html | undefined> => {
    const workspace = workspacesOf(hcp, organization).find((one) => one.name === name);
    if (!workspace) return undefined;
    const base = `/app/${organization}`;
    const runs = hcp.runs.list(({ workspaceId }) => workspaceId === workspace.id).toReversed();
    const rows = runs.map(
      (run) =>
        html`<tr>
          <td><a href="${base}/workspaces/${name}/runs/${run.id}">${run.id}</a></td>
          <td>${run.status}</td>
          <td>${run.createdAt}</td>
          <td>${run.message}</td>
        </tr>`,
    );
    return page(
      name,
      runs.some((run) => !isFinished(run)),
      html`<p><a href="${base}/workspaces">Workspaces</a></p>
        <h1>${name}</h1>
        <table>
          <tr>
            <th>Run</th>
            <th>Status</th>
            <th>Created</th>
            <th>Message</th>
          </tr>
          ${rows}
        </table>`,
    );
  };
  for (const path of [
    "/app/:organization/workspaces/:name",
    "/app/:organization/workspaces/:name/runs",
    "/app/:organization/:name",
  ]) {
    routes.get(path, async (c) => {
      const found = await workspacePage(c.req.param("organization") ?? "", c.req.param("name") ?? "");
      return found ? c.html(found) : c.notFound();
    });
  }
  // The CLI prints the second form, without "workspaces".
  for (const path of ["/app/:organization/workspaces/:name/runs/:run", "/app/:organization/:name/runs/:run"]) {
    routes.get(path, async (c) => {
      const run = hcp.runs.get(c.req.param("run") ?? "");
      const workspace = run && hcp.workspaces.get(run.workspaceId);
      const organization = workspace && organizationOf(hcp, workspace);
      if (!run || !workspace || workspace.name !== c.req.param("name") || organization !== c.req.param("organization"))
        return c.notFound();
      return c.html(await runPage(hcp, run, workspace));
    });
  }
  return routes;
};

function runPage(hcp: Hcp, run: Run, workspace: Workspace): Html | Promise<Html> {
  const phase = (title: string, { id, status, additions, changes, destructions }: Run["plan"]): Html | string =>
    status === "pending" || status === "unreachable"
      ? ""
      : html`<h2>${title}: ${status}</h2>
          <p>${additions} to add, ${changes} to change, ${destructions} to destroy</p>
          <pre>${stripVTControlCharacters(logText(hcp, id))}</pre>`;
  return page(
    `${run.id} ${run.status}`,
    !isFinished(run) && run.status !== "planned_and_saved",
    html`<p><a href="/app/${organizationOf(hcp, workspace)}/workspaces/${workspace.name}">${workspace.name}</a></p>
      <h1>${run.message}</h1>
      <p>${run.id}: <strong>${run.status}</strong></p>
      ${phase("Plan", run.plan)}${phase("Apply", run.apply)}`,
  );
}
