import { Hono, type Context } from "hono";
import { html, raw } from "hono/html";
import { jobsOf, type JobRecord, type Office, type RunRecord } from "../records.ts";
import { readLog, same } from "./routes.ts";

type Page = ReturnType<typeof html>;

/**
 * The web pages of runs under `/:owner/:repo/actions`, for GitHub to mount at its root; they need no token: the local
 * cloud listens to this machine alone, and logs hold no secret.
 */
export function actionsPages(office: Office): Hono {
  const pages = new Hono().basePath("/:owner/:repo/actions");
  const { runs, jobs } = office;
  const repositoryOf = (c: Context): string => `${c.req.param("owner")}/${c.req.param("repo")}`;
  const runOf = (c: Context): RunRecord | undefined => {
    const run = runs.get(c.req.param("run") ?? "");
    return run && same(run.repository, repositoryOf(c)) ? run : undefined;
  };
  const jobOf = (c: Context): JobRecord | undefined => {
    const job = jobs.get(c.req.param("job") ?? "");
    const run = job && runs.get(job.runId);
    return run && same(run.repository, repositoryOf(c)) ? job : undefined;
  };

  pages.get("/", (c) => {
    const found = runs.list((run) => same(run.repository, repositoryOf(c))).toReversed();
    return c.html(
      layout(
        `Actions · ${repositoryOf(c)}`,
        html`<ul>
          ${found.map((run) => runLine(run))}
        </ul>`,
      ),
    );
  });
  pages.get("/runs/:run", (c) => {
    const run = runOf(c);
    return run ? c.html(runPage(run, jobsOf(office, run))) : c.notFound();
  });
  pages.get("/runs/:run/job/:job", (c) => {
    const run = runOf(c);
    const job = jobOf(c);
    return run && job ? c.html(jobPage(run, job)) : c.notFound();
  });
  // The whole log; with `from`, what came after so many bytes, and whether more may come.
  pages.get("/jobs/:job/log.txt", async (c) => {
    const job = jobOf(c);
    if (!job) return c.notFound();
    const log = Buffer.from(await readLog(office, job.id));
    c.header("x-log-ended", String(job.status === "completed"));
    return c.text(log.subarray(Number(c.req.query("from") ?? 0)).toString());
  });
  return pages;
}

const stateOf = (each: { readonly status: string; readonly conclusion?: string }): string =>
  each.conclusion ?? each.status;

const badge = (state: string): Page => html`<b class="${state}">${state.replace("_", " ")}</b>`;

const pathOf = (run: RunRecord): string => `/${run.repository}/actions/runs/${run.id}`;

const runLine = (run: RunRecord): Page =>
  html`<li>
    ${badge(stateOf(run))} <a href="${pathOf(run)}">${run.workflow.name} #${run.number}: ${run.title}</a> ${run.event}
    on ${run.headBranch}
  </li>`;

function runPage(run: RunRecord, jobs: readonly JobRecord[]): Page {
  return layout(
    `${run.workflow.name} #${run.number} · ${run.repository}`,
    html`<p>
        ${badge(stateOf(run))} ${run.title}: ${run.event} on ${run.headBranch}, <code>${run.headSha.slice(0, 7)}</code>,
        attempt ${run.attempt}
      </p>
      ${annotations(run)}
      <ul>
        ${jobs.map((job) => html`<li>${badge(stateOf(job))} <a href="${pathOf(run)}/job/${job.id}">${job.name}</a>${job.environment?.url === undefined ? "" : html` <a href="${job.environment.url}">${job.environment.url}</a>`}${annotations(job)}</li>`)}
      </ul>
      ${jobs
        .filter((job) => job.summary !== "")
        .map(
          (job) =>
            html`<h2>${job.name} summary</h2>
              <pre>${job.summary}</pre>`,
        )}
      ${
        run.status === "completed"
          ? ""
          : html`<script>
              setTimeout(() => location.reload(), 2000);
            </script>`
      }`,
  );
}

function jobPage(run: RunRecord, job: JobRecord): Page {
  return layout(
    `${job.name} · ${run.workflow.name} #${run.number}`,
    html`<p>${badge(stateOf(job))} ${job.name} of <a href="${pathOf(run)}">${run.workflow.name} #${run.number}</a></p>
      ${annotations(job)}
      <ol>
        ${job.steps.map((step) => html`<li>${badge(stateOf(step))} ${step.name}</li>`)}
      </ol>
      <pre id="log"></pre>
      <script>
        ${raw(follow(`/${run.repository}/actions/jobs/${job.id}/log.txt`))};
      </script>`,
  );
}

/** Appends to the log as it grows, and shows the page anew when it has ended. */
const follow = (address: string): string => `
  const log = document.getElementById("log");
  let from = 0;
  let whole = false;
  (async () => {
    while (!whole) {
      const answer = await fetch(${JSON.stringify(address)} + "?from=" + from);
      const bytes = await answer.arrayBuffer();
      from += bytes.byteLength;
      log.append(new TextDecoder().decode(bytes));
      whole = answer.headers.get("x-log-ended") === "true";
      if (!whole) await new Promise((resolve) => setTimeout(resolve, 700));
    }
  })();`;

const annotations = ({ annotations: all }: Pick<RunRecord, "annotations">): Page =>
  html`${all.map((each) => html`<p class="${each.level}">${each.level}: ${each.message}</p>`)}`;

const layout = (title: string, body: Page): Page =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>${title}</title>
        <style>
          body {
            font:
              15px/1.5 system-ui,
              sans-serif;
            margin: 2rem auto;
            max-width: 72rem;
            padding: 0 1rem;
          }
          pre {
            background: #111;
            color: #ddd;
            overflow-x: auto;
            padding: 1rem;
          }
          .success {
            color: #1a7f37;
          }
          .failure,
          .error {
            color: #cf222e;
          }
          .cancelled,
          .skipped {
            color: #6e7781;
          }
          .in_progress,
          .queued,
          .warning {
            color: #9a6700;
          }
        </style>
      </head>
      <body>
        <h1>${title}</h1>
        ${body}
      </body>
    </html>`;
