import { once } from "node:events";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { Hono, type Context } from "hono";
import type { GitHubIdentity } from "../../ports.ts";
import { ApiError } from "../errors.ts";
import type { Hub } from "../hub.ts";
import type { RepositoryDocument } from "../model.ts";
import { refusals, type RefChange } from "../protection.ts";
import { refsMoved } from "../push.ts";
import { findRepository, fullName } from "../records.ts";
import { pushPolicy, readPushHead } from "./receive.ts";
import { zeroSha, type Git } from "./repository.ts";
import { spawnGit } from "./run.ts";

interface Guest {
  readonly repository: RepositoryDocument;
  readonly viewer: GitHubIdentity | undefined;
}

/** git's smart HTTP protocol, served by git's own `http-backend`. */
export function gitRoutes(hub: Hub): Hono {
  const app = new Hono();
  app.get("/:owner/:repo/info/refs", (c) => {
    const service = c.req.query("service") ?? "git-upload-pack";
    return withGuest(hub, c, service === "git-receive-pack" ? "write" : "read", ({ repository, viewer }) =>
      backend(hub, c, repository, { path: "/info/refs", viewer, input: Readable.from([]) }),
    );
  });
  app.post("/:owner/:repo/git-upload-pack", (c) =>
    withGuest(hub, c, "read", ({ repository, viewer }) =>
      backend(hub, c, repository, { path: "/git-upload-pack", viewer, input: requestBody(c) }),
    ),
  );
  app.post("/:owner/:repo/git-receive-pack", (c) => withGuest(hub, c, "write", (guest) => receive(hub, c, guest)));
  return app;
}

/** Finds out who asks for what; refuses in plain text, which git shows as `remote: …`. */
async function withGuest(
  hub: Hub,
  c: Context,
  level: "read" | "write",
  serve: (guest: Guest) => Promise<Response>,
): Promise<Response> {
  const name = (c.req.param("repo") ?? "").replace(/\.git$/, "");
  const repository = findRepository(hub.records, c.req.param("owner") ?? "", name);
  const login = (text: string): Response => c.text(text, 401, { "www-authenticate": 'Basic realm="GitHub"' });
  let viewer: GitHubIdentity | undefined;
  try {
    viewer = hub.access.authenticate(c.req.header("authorization"));
  } catch {
    return login("Invalid username or token. Password authentication is not supported for Git operations.");
  }
  if (!viewer && (level === "write" || !repository || repository.private)) return login("No anonymous write access.");
  if (!repository || !hub.access.may(viewer, repository, "contents", "read"))
    return c.text("Repository not found.", 404);
  if (!hub.access.may(viewer, repository, "contents", level)) {
    return c.text(`Permission to ${fullName(repository)}.git denied to ${viewer?.login}.`, 403);
  }
  if (level === "write" && repository.archived) {
    return c.text("This repository was archived so it is read-only.", 403);
  }
  return serve({ repository, viewer });
}

/** The body as git meant it: it compresses what is long. */
function requestBody(c: Context): Readable {
  const { body } = c.req.raw;
  if (!body) return Readable.from([]);
  const plain = Readable.fromWeb(body);
  if (c.req.header("content-encoding") !== "gzip") return plain;
  const gunzip = createGunzip();
  pipeline(plain, gunzip).catch(() => gunzip.destroy());
  return gunzip;
}

/** A push: protection before, consequences after. The client's push ends when the consequences are there. */
async function receive(hub: Hub, c: Context, { repository, viewer }: Guest): Promise<Response> {
  if (!viewer) throw new ApiError(401, "Requires authentication");
  const body = requestBody(c).iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array>;
  const head = await readPushHead(body);
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield head.bytes;
    for (let next = await body.next(); !next.done; next = await body.next()) yield next.value;
  }
  const refused = head.changes.flatMap((change) => refusals(hub, viewer, repository, change));
  const workflows =
    viewer.repository === undefined ? viewer.scopes.includes("workflow") : viewer.scopes.includes("workflows:write");
  return backend(hub, c, repository, {
    path: "/git-receive-pack",
    viewer,
    input: Readable.from(whole()),
    env: { GITHUB_PUSH_POLICY: pushPolicy(refused, workflows) },
    after: async () => {
      const moves = await accepted(hub.git(repository), head.changes);
      await refsMoved(hub, viewer, repository.id, moves);
    },
  });
}

/** Of the wanted changes, those that git made. */
async function accepted(git: Git, wanted: readonly RefChange[]): Promise<RefChange[]> {
  if (wanted.length === 0) return [];
  const refs = new Map((await git.refs("refs/")).map(({ ref, sha }) => [ref, sha]));
  return wanted.filter(({ ref, before, after }) => before !== after && (refs.get(ref) ?? zeroSha) === after);
}

interface BackendRequest {
  readonly path: string;
  readonly viewer: GitHubIdentity | undefined;
  readonly input: Readable;
  readonly env?: Readonly<Record<string, string>>;
  /** Done when git has ended, before the answer ends. */
  readonly after?: () => Promise<void>;
}

/** One CGI call of `git http-backend`; streams both ways. */
async function backend(
  hub: Hub,
  c: Context,
  repository: RepositoryDocument,
  request: BackendRequest,
): Promise<Response> {
  const git = hub.git(repository);
  const child = spawnGit(["http-backend"], {
    cwd: dirname(git.path),
    env: {
      GIT_PROJECT_ROOT: dirname(git.path),
      GIT_HTTP_EXPORT_ALL: "1",
      PATH_INFO: `/${repository.id}.git${request.path}`,
      REQUEST_METHOD: c.req.method,
      QUERY_STRING: new URL(c.req.url).search.slice(1),
      CONTENT_TYPE: c.req.header("content-type") ?? "",
      GIT_PROTOCOL: c.req.header("git-protocol") ?? "",
      REMOTE_ADDR: "127.0.0.1",
      ...(request.viewer && { REMOTE_USER: request.viewer.login }),
      ...request.env,
    },
  });
  const ended = once(child, "close");
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
  pipeline(request.input, child.stdin).catch(() => {});

  const output = child.stdout.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
  const head = await readHead(output);
  if (!head) {
    await ended;
    hub.context.log("github", `git http-backend failed: ${complaint.trim()}`);
    return c.text("The git backend failed.", 500);
  }
  async function* answer(rest: Buffer): AsyncGenerator<Uint8Array> {
    try {
      if (rest.length > 0) yield rest;
      for (let next = await output.next(); !next.done; next = await output.next()) yield next.value;
      await ended;
      await request.after?.();
    } catch (thrown) {
      hub.context.log("github", `a push of ${fullName(repository)} could not be followed up: ${String(thrown)}`);
      throw thrown;
    } finally {
      if (child.exitCode === null) child.kill();
    }
  }
  return new Response(ReadableStream.from<Uint8Array>(answer(head.rest)), {
    status: head.status,
    headers: head.headers,
  });
}

/** CGI's header lines; undefined where the output ended before them. */
async function readHead(
  output: AsyncIterator<Buffer>,
): Promise<{ status: number; headers: Headers; rest: Buffer } | undefined> {
  let bytes = Buffer.alloc(0);
  let end = -1;
  while (end < 0) {
    const { done, value } = await output.next();
    if (done) return undefined;
    bytes = Buffer.concat([bytes, value]);
    end = bytes.indexOf("\r\n\r\n");
  }
  const headers = new Headers();
  let status = 200;
  for (const line of bytes.toString("latin1", 0, end).split("\r\n")) {
    const [name = "", value = ""] = line.split(/:\s*(.*)/s, 2);
    if (name.toLowerCase() === "status") status = Number.parseInt(value, 10);
    else headers.append(name, value);
  }
  return { status, headers, rest: bytes.subarray(end + 4) };
}
