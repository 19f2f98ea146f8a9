import { Hono, type Context } from "hono";
import { html } from "hono/html";
import { changes, commit, commits, type Commit, type FileChange } from "../git/history.ts";
import type { Hub } from "../hub.ts";
import type { Issue, PullIssue, RepositoryDocument } from "../model.ts";
import { checksOf, latestCheckRuns, latestStatuses } from "../protection.ts";
import { mergeState } from "../pulls/mergeable.ts";
import { findRepository, fullName, isPull, issueKey } from "../records.ts";
import { layout, type Html } from "./layout.ts";

/**
 * What the links in API bodies open: repository, branch, commit, pull request, issue, file. For the eyes of whoever
 * runs the local cloud; as everything here they answer on this machine alone, and without a login.
 */
export function pageRoutes(hub: Hub): Hono {
  const app = new Hono();
  const at =
    (show: (repository: RepositoryDocument, c: Context) => Promise<Response> | Response) =>
    (c: Context): Promise<Response> | Response => {
      const repository = findRepository(
        hub.records,
        c.req.param("owner") ?? "",
        (c.req.param("repo") ?? "").replace(/\.git$/, ""),
      );
      return repository ? show(repository, c) : c.html(layout("Not found", [{ href: "/", text: "GitHub" }], ""), 404);
    };
  const missing = (repository: RepositoryDocument, c: Context): Response | Promise<Response> =>
    c.html(layout("Not found", crumbs(repository), ""), 404);

  app.get("/", (c) =>
    c.html(
      layout(
        "Repositories",
        [],
        list(
          hub.records.repositories.list().map((repository) => {
            return html`<a href="/${fullName(repository)}">${fullName(repository)}</a>`;
          }),
        ),
      ),
    ),
  );
  app.get(
    "/:owner/:repo",
    at((repository, c) => repositoryPageOf(hub, repository, repository.defaultBranch, c)),
  );
  app.get(
    "/:owner/:repo/tree/:ref{.+}",
    at((repository, c) => repositoryPageOf(hub, repository, c.req.param("ref") ?? "", c)),
  );
  app.get(
    "/:owner/:repo/commit/:sha",
    at(async (repository, c) => {
      const git = hub.git(repository);
      const sha = await git.resolve(c.req.param("sha") ?? "");
      if (sha === undefined) return missing(repository, c);
      const found = await commit(git, sha);
      const files = await changes(git, found.parents[0], sha);
      return c.html(
        layout(
          firstLine(found.message),
          crumbs(repository),
          html` <p>${found.author.name} · ${found.author.date} · <code>${sha}</code></p>
            <pre>${found.message}</pre>
            ${checks(hub, repository, sha)} ${diff(files)}`,
        ),
      );
    }),
  );
  app.get(
    "/:owner/:repo/pull/:number",
    at(async (repository, c) => {
      const issue = hub.records.issues.get(issueKey(repository, c.req.param("number") ?? ""));
      if (isPull(issue)) return c.html(await pullPage(hub, repository, issue));
      return missing(repository, c);
    }),
  );
  app.get(
    "/:owner/:repo/pulls",
    at((repository, c) => c.html(layout("Pull requests", crumbs(repository), pulls(hub, repository)))),
  );
  app.get(
    "/:owner/:repo/issues/:number",
    at((repository, c) => {
      const issue = hub.records.issues.get(issueKey(repository, c.req.param("number") ?? ""));
      if (!issue) return missing(repository, c);
      if (issue.pull) return c.redirect(`/${fullName(repository)}/pull/${issue.number}`);
      return c.html(layout(`${issue.title} #${issue.number}`, crumbs(repository), html`${conversation(hub, issue)}`));
    }),
  );
  app.get(
    "/:owner/:repo/compare/:basehead{.+}",
    at(async (repository, c) => {
      const git = hub.git(repository);
      const [base = "", head = ""] = (c.req.param("basehead") ?? "").split("...");
      const [from, to] = await Promise.all([git.resolve(base), git.resolve(head)]);
      const fork = from && to && (await git.mergeBase(from, to));
      if (!fork || !to) return missing(repository, c);
      return c.html(layout(`${base}...${head}`, crumbs(repository), diff(await changes(git, fork, to))));
    }),
  );
  for (const kind of ["blob", "raw"] as const) {
    app.get(
      `/:owner/:repo/${kind}/:ref/:path{.+}`,
      at(async (repository, c) => {
        const git = hub.git(repository);
        const sha = await git.resolve(c.req.param("ref") ?? "");
        const path = c.req.param("path") ?? "";
        const entry = sha === undefined ? undefined : await git.entry(sha, path);
        if (entry?.type !== "blob") return missing(repository, c);
        const content = await git.blob(entry.sha);
        if (kind === "raw")
          return c.body(new Uint8Array(content), 200, { "content-type": "text/plain; charset=utf-8" });
        return c.html(layout(path, crumbs(repository), html`<pre>${content.toString()}</pre>`));
      }),
    );
  }
  return app;
}

const firstLine = (message: string): string => message.split("\n", 1)[0] ?? "";
const crumbs = (repository: RepositoryDocument) => [
  { href: "/", text: repository.owner },
  { href: `/${fullName(repository)}`, text: repository.name },
];
const list = (items: readonly unknown[]): Html =>
  items.length === 0
    ? html`<p>None.</p>`
    : html`<ul>
        ${items.map((item) => html`<li>${item}</li>`)}
      </ul>`;

async function repositoryPageOf(hub: Hub, repository: RepositoryDocument, ref: string, c: Context): Promise<Response> {
  const git = hub.git(repository);
  const name = fullName(repository);
  const sha = await git.resolve(ref);
  const branches = (await git.refs("refs/heads/")).map(({ ref }) => ref.slice("refs/heads/".length));
  const files = sha === undefined ? [] : await git.tree(sha);
  const history = sha === undefined ? [] : await commits(git, ["-10", sha]);
  const file = ({ path, type }: (typeof files)[number]): Html =>
    type === "blob" ? html`<a href="/${name}/blob/${ref}/${path}">${path}</a>` : html`${path}/`;
  return c.html(
    layout(
      name,
      [{ href: "/", text: "Repositories" }],
      html` <p>${repository.description ?? ""}</p>
        <p>
          ${repository.private ? "Private" : "Public"} · <a href="/${name}/actions">Actions</a> ·
          <code>git clone ${hub.server()}/${name}.git</code>
        </p>
        <h2>Branches</h2>
        ${list(branches.map((branch) => html`<a href="/${name}/tree/${branch}">${branch}</a>`))}
        <h2>Pull requests</h2>
        ${pulls(hub, repository)}
        <h2>Commits on ${ref}</h2>
        ${list(history.map((one) => commitLine(repository, one)))}
        <h2>Files</h2>
        ${list(files.map(file))}`,
    ),
  );
}

const commitLine = (repository: RepositoryDocument, { sha, message, author }: Commit): Html =>
  html`<a href="/${fullName(repository)}/commit/${sha}">${firstLine(message)}</a>
    <code>${sha.slice(0, 7)}</code> ${author.name}`;

function pulls(hub: Hub, repository: RepositoryDocument): Html {
  const found = hub.records.issues
    .list((issue) => issue.repository === repository.id)
    .filter(isPull)
    .toReversed();
  return list(
    found.map(
      (issue) =>
        html`${state(issue)} <a href="/${fullName(repository)}/pull/${issue.number}">${issue.title}</a> #${issue.number}
          ${issue.pull.head} → ${issue.pull.base}`,
    ),
  );
}

function state(issue: Issue): Html {
  const word = issue.pull?.mergedAt ? "merged" : issue.state;
  return html`<span class="state ${word}">${word}</span>`;
}

async function pullPage(hub: Hub, repository: RepositoryDocument, issue: PullIssue): Promise<Html> {
  const git = hub.git(repository);
  const { pull } = issue;
  const [merging, list_, files] = await Promise.all([
    mergeState(hub, repository, issue),
    commits(git, ["--reverse", "-50", `${pull.baseSha}..${pull.headSha}`]),
    git.mergeBase(pull.baseSha, pull.headSha).then((fork) => changes(git, fork, pull.headSha)),
  ]);
  const reviews = hub.records.reviews.list(
    (review) => review.repository === repository.id && review.pull === issue.number,
  );
  return layout(
    `${issue.title} #${issue.number}`,
    crumbs(repository),
    html` <p>${state(issue)} ${issue.author}: <code>${pull.head}</code> → <code>${pull.base}</code></p>
      ${issue.state === "open" ? html`<p>Mergeable: ${merging.name}. ${merging.unmet.join(" ")}</p>` : ""}
      ${conversation(hub, issue)}
      ${reviews.map((review) => html`<p>${review.author}: ${review.state.toLowerCase().replace("_", " ")} ${review.body}</p>`)}
      ${checks(hub, repository, pull.headSha)}
      <h2>Commits</h2>
      ${list(list_.map((one) => commitLine(repository, one)))} ${diff(files)}`,
  );
}

/** Comments as they were written: the stand-in renders no Markdown. */
function conversation(hub: Hub, issue: Issue): Html {
  const comments = hub.records.comments.list(
    (comment) => comment.repository === issue.repository && comment.issue === issue.number,
  );
  return html` ${
    issue.body
      ? html`<article>
          <header>${issue.author}</header>
          <pre>${issue.body}</pre>
        </article>`
      : ""
  }
  ${comments.map(
    ({ id, author, updatedAt, body }) =>
      html`<article id="issuecomment-${id}">
        <header>${author} · ${updatedAt}</header>
        <pre>${body}</pre>
      </article>`,
  )}`;
}

function checks(hub: Hub, repository: RepositoryDocument, sha: string): Html {
  const states = checksOf(hub, repository, sha);
  const links = new Map<string, string | null>([
    ...latestStatuses(hub, repository, sha).map(({ context, targetUrl }) => [context, targetUrl] as const),
    ...latestCheckRuns(hub, repository, sha).map(({ name, detailsUrl }) => [name, detailsUrl] as const),
  ]);
  const word = { success: "", failure: "closed", pending: "pending" } as const;
  const row = ([name, is]: [string, keyof typeof word]): Html => {
    const link = links.get(name);
    return html`<span class="state ${word[is]}">${is}</span> ${link ? html`<a href="${link}">${name}</a>` : name}`;
  };
  return html`<h2>Checks</h2>
    ${list([...states].map(row))}`;
}

const diff = (files: readonly FileChange[]): Html =>
  html`<h2>Files changed</h2>
    ${files.map(
      ({ filename, additions, deletions, patch }) =>
        html`<article>
          <header>${filename} +${additions} −${deletions}</header>
          <pre>${patch ?? ""}</pre>
        </article>`,
    )}`;
