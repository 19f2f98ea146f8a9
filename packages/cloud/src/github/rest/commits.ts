import type { Hono } from "hono";
import { ApiError, notFound, unprocessable } from "../errors.ts";
import { changes, commit, commits, divergence } from "../git/history.ts";
import type { Hub } from "../hub.ts";
import type { RepositoryDocument } from "../model.ts";
import { isPull, fullName } from "../records.ts";
import { commitBody, diffEntry } from "../views/commits.ts";
import { simplePull } from "../views/pulls.ts";
import { repositoryPage, repositoryUrl } from "../views/repositories.ts";
import { enter, page, param, routes, type Env } from "./route.ts";

/** Commits, their files, comparisons, archives. */
export function commitRoutes(hub: Hub): Hono<Env> {
  const app = routes();
  const base = "/repos/:owner/:repo";

  app.get(`${base}/commits`, async (c) => {
    const { repository } = enter(hub, c, "contents");
    const git = hub.git(repository);
    const start = await git.resolve(c.req.query("sha") ?? repository.defaultBranch);
    if (start === undefined) {
      if (c.req.query("sha") === undefined) throw new ApiError(409, "Git Repository is empty.");
      throw notFound();
    }
    const { path, author, since, until } = c.req.query();
    const filters = [
      ...(author ? [`--author=${author}`] : []),
      ...(since ? [`--since=${since}`] : []),
      ...(until ? [`--until=${until}`] : []),
    ];
    const found = await commits(git, [...filters, start, "--", ...(path ? [path] : [])]);
    return page(hub, c, found, (one) => commitBody(hub, repository, one));
  });

  app.get(`${base}/commits/:ref{.+}/pulls`, async (c) => {
    const { repository } = enter(hub, c, "pull-requests");
    const sha = await resolveOr422(hub, repository, param(c, "ref"));
    const git = hub.git(repository);
    const found = [];
    for (const issue of hub.records.issues.list((issue) => issue.repository === repository.id).filter(isPull)) {
      const { baseSha, headSha, mergeSha, mergedAt } = issue.pull;
      const inside = async (): Promise<boolean> =>
        (await git.isAncestor(sha, headSha)) && !(await git.isAncestor(sha, baseSha));
      if (headSha === sha || (mergedAt !== null && mergeSha === sha) || (await inside())) found.push(issue);
    }
    return page(hub, c, found, (issue) => simplePull(hub, repository, issue));
  });

  app.get(`${base}/commits/:ref{.+}`, async (c) => {
    const { repository } = enter(hub, c, "contents");
    const git = hub.git(repository);
    const sha = await resolveOr422(hub, repository, param(c, "ref"));
    const accept = c.req.header("accept") ?? "";
    if (/application\/vnd\.github\.(v3\.)?sha/.test(accept)) return c.text(sha);
    if (/application\/vnd\.github\.(v3\.)?(diff|patch)/.test(accept)) {
      return c.text((await git.run(["show", "--format=", "-p", sha])).toString());
    }
    const found = await commit(git, sha);
    const files = await changes(git, found.parents[0], sha);
    const sum = (key: "additions" | "deletions"): number => files.reduce((total, file) => total + file[key], 0);
    return c.json({
      ...commitBody(hub, repository, found),
      stats: { total: sum("additions") + sum("deletions"), additions: sum("additions"), deletions: sum("deletions") },
      files: files.map((file) => diffEntry(hub, repository, file, sha)),
    });
  });

  app.get(`${base}/compare/:basehead{.+}`, async (c) => {
    const { repository } = enter(hub, c, "contents");
    const git = hub.git(repository);
    const basehead = param(c, "basehead");
    const dots = basehead.indexOf("...");
    if (dots < 0) throw notFound();
    // Forks are not here: `owner:` before a branch can only be this repository's.
    const side = (text: string): Promise<string | undefined> => git.resolve(text.replace(/^[\w-]+:/, ""));
    const [from, to] = await Promise.all([side(basehead.slice(0, dots)), side(basehead.slice(dots + 3))]);
    if (from === undefined || to === undefined) throw notFound();
    const fork = await git.mergeBase(from, to);
    if (fork === undefined) throw new ApiError(404, `No common ancestor between ${basehead.replace("...", " and ")}.`);
    if (/application\/vnd\.github\.(v3\.)?diff/.test(c.req.header("accept") ?? "")) {
      return c.text((await git.run(["diff-tree", "-r", "-M", "-p", fork, to])).toString());
    }
    const [{ ahead, behind }, list, files, baseCommit, forkCommit] = await Promise.all([
      divergence(git, from, to),
      commits(git, ["--reverse", "--topo-order", `${from}..${to}`]),
      changes(git, fork, to),
      commit(git, from),
      commit(git, fork),
    ]);
    const status = ahead > 0 ? (behind > 0 ? "diverged" : "ahead") : behind > 0 ? "behind" : "identical";
    const html = `${repositoryPage(hub, repository)}/compare/${basehead}`;
    return c.json({
      url: `${repositoryUrl(hub, repository)}/compare/${basehead}`,
      html_url: html,
      permalink_url: `${repositoryPage(hub, repository)}/compare/${from}...${to}`,
      diff_url: `${html}.diff`,
      patch_url: `${html}.patch`,
      base_commit: commitBody(hub, repository, baseCommit),
      merge_base_commit: commitBody(hub, repository, forkCommit),
      status,
      ahead_by: ahead,
      behind_by: behind,
      total_commits: ahead,
      commits: list.slice(0, 250).map((one) => commitBody(hub, repository, one)),
      files: files.slice(0, 300).map((file) => diffEntry(hub, repository, file, to)),
    });
  });

  for (const [format, suffix, type] of [
    ["tarball", "tar.gz", "application/x-gzip"],
    ["zipball", "zip", "application/zip"],
  ] as const) {
    app.get(`${base}/${format}/:ref{.*}`, async (c) => {
      const { repository } = enter(hub, c, "contents");
      const git = hub.git(repository);
      const sha = await git.resolve(c.req.param("ref") || repository.defaultBranch);
      if (sha === undefined) throw notFound();
      const name = `${fullName(repository).replace("/", "-")}-${sha.slice(0, 7)}`;
      const archive = await git.run(["archive", `--format=${suffix}`, `--prefix=${name}/`, sha]);
      return c.body(new Uint8Array(archive), 200, {
        "content-type": type,
        "content-disposition": `attachment; filename=${name}.${suffix}`,
      });
    });
  }
  return app;
}

/** The commit that a name means; 422 in GitHub's words where there is none. */
export async function resolveOr422(hub: Hub, repository: RepositoryDocument, ref: string): Promise<string> {
  const sha = await hub.git(repository).resolve(ref);
  if (sha === undefined) throw unprocessable(`No commit found for SHA: ${ref}`);
  return sha;
}
