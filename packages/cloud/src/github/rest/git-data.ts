import type { Hono } from "hono";
import { notFound, unprocessable, validationFailed } from "../errors.ts";
import { commit } from "../git/history.ts";
import { zeroSha, type Git, type Ref, type Signature, type TreeEntry } from "../git/repository.ts";
import type { Hub } from "../hub.ts";
import type { RepositoryDocument } from "../model.ts";
import { namedNodeId } from "../nodes.ts";
import { moveRef } from "../refs.ts";
import { personOf } from "../repositories.ts";
import { gitCommitBody } from "../views/commits.ts";
import { repositoryUrl } from "../views/repositories.ts";
import { enter, inputOf, optional, page, param, requiredText, routes, type Env, type Input } from "./route.ts";

const sha = /^[0-9a-f]{40}$/;

/** The git database: refs, commits, trees, blobs. */
export function gitDataRoutes(hub: Hub): Hono<Env> {
  const app = routes();
  const base = "/repos/:owner/:repo/git";

  app.get(`${base}/ref/:ref{.+}`, async (c) => {
    const { repository } = enter(hub, c, "contents");
    const ref = await hub.git(repository).ref(`refs/${param(c, "ref")}`);
    if (!ref) throw notFound();
    return c.json(refBody(hub, repository, ref));
  });
  app.get(`${base}/matching-refs/:ref{.*}`, async (c) => {
    const { repository } = enter(hub, c, "contents");
    const prefix = `refs/${c.req.param("ref")}`;
    const refs = (await hub.git(repository).refs("refs/")).filter(({ ref }) => ref.startsWith(prefix));
    return page(hub, c, refs, (ref) => refBody(hub, repository, ref));
  });
  app.post(`${base}/refs`, async (c) => {
    const place = enter(hub, c, "contents", "write");
    const git = hub.git(place.repository);
    const input = await inputOf(c);
    const ref = requiredText(input, "ref");
    const after = requiredText(input, "sha");
    if (!/^refs\/[^/]+\/./.test(ref) || !(await git.validRef(ref))) {
      throw unprocessable("Reference name must start with 'refs/' and contain at least two slashes.");
    }
    if (!sha.test(after) || (await git.resolve(after, "object")) === undefined)
      throw unprocessable("Object does not exist");
    if (await git.ref(ref)) throw unprocessable("Reference already exists");
    await moveRef(hub, place, { ref, before: zeroSha, after }, false);
    return c.json(refBody(hub, place.repository, await refOf(git, ref)), 201, {
      location: refUrl(hub, place.repository, ref),
    });
  });
  app.patch(`${base}/refs/:ref{.+}`, async (c) => {
    const place = enter(hub, c, "contents", "write");
    const git = hub.git(place.repository);
    const input = await inputOf(c);
    const ref = `refs/${param(c, "ref")}`;
    const after = requiredText(input, "sha");
    const old = await git.ref(ref);
    if (!old) throw unprocessable("Reference does not exist");
    if (!sha.test(after) || (await git.resolve(after, "object")) === undefined)
      throw unprocessable("Object does not exist");
    await moveRef(hub, place, { ref, before: old.sha, after }, optional.boolean(input, "force") ?? false);
    return c.json(refBody(hub, place.repository, await refOf(git, ref)));
  });
  app.delete(`${base}/refs/:ref{.+}`, async (c) => {
    const place = enter(hub, c, "contents", "write");
    const old = await hub.git(place.repository).ref(`refs/${param(c, "ref")}`);
    if (!old) throw unprocessable("Reference does not exist");
    await moveRef(hub, place, { ref: old.ref, before: old.sha, after: zeroSha }, true);
    return c.body(null, 204);
  });

  app.get(`${base}/commits/:sha`, async (c) => {
    const { repository } = enter(hub, c, "contents");
    const git = hub.git(repository);
    const found = await git.resolve(param(c, "sha"));
    if (found === undefined) throw notFound();
    return c.json(gitCommitBody(hub, repository, await commit(git, found)));
  });
  app.post(`${base}/commits`, async (c) => {
    const { repository, viewer } = enter(hub, c, "contents", "write");
    const git = hub.git(repository);
    const input = await inputOf(c);
    const tree = requiredText(input, "tree");
    const parents = optional.texts(input, "parents") ?? [];
    if (!sha.test(tree) || !(await git.resolve(tree, "tree"))) throw unprocessable("Tree SHA does not exist");
    for (const parent of parents) {
      if (!sha.test(parent) || !(await git.resolve(parent)))
        throw unprocessable("Parent SHA does not exist or is not a commit object");
    }
    const author = signature(optional.object(input, "author"), personOf(hub, viewer.login));
    const committer = signature(optional.object(input, "committer"), author);
    const made = await git.commitTree({ tree, parents, message: requiredText(input, "message"), author, committer });
    return c.json(gitCommitBody(hub, repository, await commit(git, made)), 201);
  });

  app.get(`${base}/trees/:sha{.+}`, async (c) => {
    const { repository } = enter(hub, c, "contents");
    const git = hub.git(repository);
    const tree = await git.resolve(param(c, "sha"), "tree");
    if (tree === undefined) throw notFound();
    return c.json(await treeBody(hub, repository, tree, c.req.query("recursive") !== undefined));
  });
  app.post(`${base}/trees`, async (c) => {
    const { repository } = enter(hub, c, "contents", "write");
    const tree = await writeTree(hub.git(repository), await inputOf(c));
    return c.json(await treeBody(hub, repository, tree, false), 201);
  });

  app.get(`${base}/blobs/:sha`, async (c) => {
    const { repository } = enter(hub, c, "contents");
    const git = hub.git(repository);
    const found = await git.resolve(param(c, "sha"), "blob");
    if (found === undefined) throw notFound();
    const content = await git.blob(found);
    return c.json({
      sha: found,
      node_id: namedNodeId("B", repository.id, found),
      size: content.length,
      url: `${repositoryUrl(hub, repository)}/git/blobs/${found}`,
      content: base64Lines(content),
      encoding: "base64",
    });
  });
  app.post(`${base}/blobs`, async (c) => {
    const { repository } = enter(hub, c, "contents", "write");
    const input = await inputOf(c);
    const encoding = optional.text(input, "encoding") ?? "utf-8";
    const content = Buffer.from(requiredText(input, "content"), encoding === "base64" ? "base64" : "utf8");
    const made = await hub.git(repository).writeBlob(content);
    return c.json({ sha: made, url: `${repositoryUrl(hub, repository)}/git/blobs/${made}` }, 201);
  });
  return app;
}

/** GitHub breaks base64 after 60 characters. */
export const base64Lines = (content: Buffer): string =>
  content.toString("base64").replace(/.{60}/g, "$&\n").trimEnd() + "\n";

async function refOf(git: Git, ref: string): Promise<Ref> {
  const found = await git.ref(ref);
  if (!found) throw notFound();
  return found;
}

const refUrl = (hub: Hub, repository: RepositoryDocument, ref: string): string =>
  `${repositoryUrl(hub, repository)}/git/${ref}`;

function refBody(hub: Hub, repository: RepositoryDocument, { ref, sha, type }: Ref): Record<string, unknown> {
  return {
    ref,
    node_id: namedNodeId("REF", repository.id, ref),
    url: refUrl(hub, repository, ref),
    object: { sha, type, url: `${repositoryUrl(hub, repository)}/git/${type}s/${sha}` },
  };
}

export function signature(input: Input | undefined, fallback: Signature): Signature {
  if (!input) return fallback;
  return {
    name: requiredText(input, "name"),
    email: requiredText(input, "email"),
    date: optional.text(input, "date") ?? fallback.date,
  };
}

async function treeBody(
  hub: Hub,
  repository: RepositoryDocument,
  tree: string,
  recursive: boolean,
): Promise<Record<string, unknown>> {
  const url = `${repositoryUrl(hub, repository)}/git`;
  const entries = await hub.git(repository).tree(tree, recursive);
  return {
    sha: tree,
    url: `${url}/trees/${tree}`,
    tree: entries.map(({ mode, type, sha, size, path }) => ({
      path,
      mode,
      type,
      sha,
      ...(size !== undefined && { size }),
      ...(type !== "commit" && { url: `${url}/${type}s/${sha}` }),
    })),
    truncated: false,
  };
}

/** A tree from a list of paths, on top of `base_tree`; an entry with `sha: null` takes its path away. */
async function writeTree(git: Git, input: Input): Promise<string> {
  const base = optional.text(input, "base_tree");
  const wanted = input["tree"];
  if (!Array.isArray(wanted) || wanted.length === 0) throw unprocessable("Invalid tree info");
  const baseTree = base === undefined ? undefined : await git.resolve(base, "tree");
  if (base !== undefined && baseTree === undefined) throw unprocessable("base_tree is not a valid tree");
  const files = new Map<string, TreeEntry>();
  if (baseTree !== undefined) {
    for (const entry of await git.tree(baseTree, true)) if (entry.type !== "tree") files.set(entry.path, entry);
  }
  for (const item of wanted as Input[]) {
    const path = requiredText(item, "path");
    if (
      path === "" ||
      path.split("/").some((part) => part === "" || part === "." || part === ".." || part === ".git")
    ) {
      throw validationFailed({ resource: "Tree", code: "invalid", field: "path", value: path });
    }
    if (item["sha"] === null) {
      files.delete(path);
      continue;
    }
    const mode = optional.text(item, "mode") ?? "100644";
    const content = optional.text(item, "content");
    const object = content === undefined ? requiredText(item, "sha") : await git.writeBlob(Buffer.from(content));
    files.set(path, { mode, type: mode === "160000" ? "commit" : "blob", sha: object, path });
  }
  return buildTree(git, [...files.values()]);
}

/** Folders from the inside out, by `git mktree`. */
export async function buildTree(git: Git, files: readonly TreeEntry[]): Promise<string> {
  const folders = new Map<string, TreeEntry[]>();
  const lines: string[] = [];
  for (const file of files) {
    const slash = file.path.indexOf("/");
    if (slash < 0) lines.push(`${file.mode} ${file.type} ${file.sha}\t${file.path}`);
    else {
      const name = file.path.slice(0, slash);
      const inside = folders.get(name) ?? [];
      inside.push({ ...file, path: file.path.slice(slash + 1) });
      folders.set(name, inside);
    }
  }
  for (const [name, inside] of folders) lines.push(`040000 tree ${await buildTree(git, inside)}\t${name}`);
  return git.text(["mktree", "-z"], { input: lines.map((line) => `${line}\0`).join("") });
}
