import type { Hono } from "hono";
import { ApiError, notFound, unprocessable } from "../errors.ts";
import { commit } from "../git/history.ts";
import { zeroSha, type TreeEntry } from "../git/repository.ts";
import type { Hub } from "../hub.ts";
import type { RepositoryDocument } from "../model.ts";
import { webFlow } from "../pulls/mergeable.ts";
import { moveRef } from "../refs.ts";
import { personOf } from "../repositories.ts";
import { gitCommitBody } from "../views/commits.ts";
import { repositoryPage, repositoryUrl } from "../views/repositories.ts";
import { base64Lines, buildTree, signature } from "./git-data.ts";
import { enter, inputOf, optional, requiredText, routes, type Call, type Env, type Input } from "./route.ts";

/** Files of a commit: read, written, deleted. */
export function contentRoutes(hub: Hub): Hono<Env> {
  const app = routes();
  const path = "/repos/:owner/:repo/contents/:path{.*}";

  app.get("/repos/:owner/:repo/contents", (c) => read(hub, c));
  app.get(path, (c) => read(hub, c));
  app.put(path, async (c) => {
    const input = await inputOf(c);
    const content = Buffer.from(requiredText(input, "content"), "base64");
    return write(hub, c, input, content);
  });
  app.delete(path, async (c) => write(hub, c, await inputOf(c), undefined));
  app.get("/repos/:owner/:repo/readme", async (c) => {
    const { repository } = enter(hub, c, "contents");
    const { commit: sha, ref } = await start(hub, c, repository);
    const files = await hub.git(repository).tree(sha);
    const readme = files.find(({ path }) => /^readme(\.|$)/i.test(path));
    if (!readme) throw notFound();
    return c.json(await fileBody(hub, repository, readme, ref));
  });
  return app;
}

const pathOf = (c: Call): string => (c.req.param("path") ?? "").replace(/^\/+|\/+$/g, "");

async function start(hub: Hub, c: Call, repository: RepositoryDocument): Promise<{ commit: string; ref: string }> {
  const ref = c.req.query("ref") ?? repository.defaultBranch;
  const commit = await hub.git(repository).resolve(ref);
  if (commit !== undefined) return { commit, ref };
  throw c.req.query("ref") === undefined
    ? new ApiError(404, "This repository is empty.")
    : new ApiError(404, `No commit found for the ref ${ref}`);
}

async function read(hub: Hub, c: Call): Promise<Response> {
  const { repository } = enter(hub, c, "contents");
  const git = hub.git(repository);
  const { commit, ref } = await start(hub, c, repository);
  const path = pathOf(c);
  const entry = await git.entry(commit, path);
  if (!entry) throw notFound();
  if (entry.type === "tree") {
    const inside = await git.tree(entry.sha);
    const prefix = path === "" ? "" : `${path}/`;
    return c.json(inside.map((one) => entryBody(hub, repository, { ...one, path: prefix + one.path }, ref)));
  }
  if (entry.type === "blob" && /application\/vnd\.github\.(v3\.)?raw/.test(c.req.header("accept") ?? "")) {
    return c.body(new Uint8Array(await git.blob(entry.sha)), 200, { "content-type": "application/octet-stream" });
  }
  return c.json(await fileBody(hub, repository, entry, ref));
}

function entryBody(hub: Hub, repository: RepositoryDocument, entry: TreeEntry, ref: string): Record<string, unknown> {
  const path = entry.path.split("/").map(encodeURIComponent).join("/");
  const url = `${repositoryUrl(hub, repository)}/contents/${path}?ref=${encodeURIComponent(ref)}`;
  const page = repositoryPage(hub, repository);
  const folder = entry.type === "tree";
  const types = { tree: "dir", commit: "submodule", blob: entry.mode === "120000" ? "symlink" : "file" } as const;
  const git = entry.type === "commit" ? null : `${repositoryUrl(hub, repository)}/git/${entry.type}s/${entry.sha}`;
  const html = `${page}/${folder ? "tree" : "blob"}/${ref}/${path}`;
  return {
    type: types[entry.type],
    size: entry.size ?? 0,
    name: entry.path.split("/").at(-1),
    path: entry.path,
    sha: entry.sha,
    url,
    git_url: git,
    html_url: html,
    download_url: entry.type === "blob" ? `${page}/raw/${ref}/${path}` : null,
    _links: { self: url, git, html },
  };
}

async function fileBody(
  hub: Hub,
  repository: RepositoryDocument,
  entry: TreeEntry,
  ref: string,
): Promise<Record<string, unknown>> {
  const body = entryBody(hub, repository, entry, ref);
  if (entry.type !== "blob") return body;
  const content = await hub.git(repository).blob(entry.sha);
  if (entry.mode === "120000") return { ...body, target: content.toString() };
  // Above a megabyte GitHub gives the content only raw.
  const small = content.length <= 1024 * 1024;
  return { ...body, content: small ? base64Lines(content) : "", encoding: small ? "base64" : "none" };
}

/** One commit on a branch that sets a file, or without content takes it away. */
async function write(hub: Hub, c: Call, input: Input, content: Uint8Array | undefined): Promise<Response> {
  const place = enter(hub, c, "contents", "write");
  const { repository, viewer } = place;
  const git = hub.git(repository);
  const path = pathOf(c);
  const message = requiredText(input, "message");
  const branch = optional.text(input, "branch") ?? repository.defaultBranch;
  const tip = await git.branch(branch);
  const empty = tip === undefined && (await git.refs("refs/heads/")).length === 0;
  if (tip === undefined && !empty) throw new ApiError(404, `Branch ${branch} not found`);
  const old = tip === undefined ? undefined : await git.entry(tip, path);
  const known = optional.text(input, "sha");
  if (content === undefined && !old) throw notFound();
  if (old && known === undefined) throw unprocessable(`Invalid request.\n\n"sha" wasn't supplied.`);
  if (known !== undefined && known !== old?.sha) throw new ApiError(409, `${path} does not match ${known}`);

  const others =
    tip === undefined
      ? []
      : (await git.tree(`${tip}^{tree}`, true)).filter((entry) => entry.type !== "tree" && entry.path !== path);
  const sha = content && (await git.writeBlob(content));
  const file: TreeEntry[] = sha === undefined ? [] : [{ mode: old?.mode ?? "100644", type: "blob", sha, path }];
  const author = signature(optional.object(input, "author"), personOf(hub, viewer.login));
  const committer = signature(optional.object(input, "committer"), webFlow(hub.now()));
  const tree = await buildTree(git, [...others, ...file]);
  const after = await git.commitTree({ tree, parents: tip === undefined ? [] : [tip], message, author, committer });
  await moveRef(hub, place, { ref: `refs/heads/${branch}`, before: tip ?? zeroSha, after }, false).catch(
    (thrown: unknown) => {
      // Protection speaks here as a conflict.
      if (thrown instanceof ApiError && thrown.status === 422)
        throw new ApiError(409, `Could not update file: ${thrown.message}`);
      throw thrown;
    },
  );
  const written = await git.entry(after, path);
  const made = gitCommitBody(hub, repository, await commit(git, after));
  return c.json(
    { content: written ? entryBody(hub, repository, written, branch) : null, commit: made },
    old || !content ? 200 : 201,
  );
}
