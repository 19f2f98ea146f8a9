/** The stand-in for ghcr.io, and a mirror of docker.io: the OCI distribution API. */
import { Hono } from "hono";
import type { CloudContext, Gap, InventoryItem, Packages, Service } from "../ports.ts";
import { createAccess, type Access } from "./access.ts";
import { appendUpload, cancelUpload, deleteBlob, finishUpload, sendBlob, startUpload, uploadStatus } from "./blobs.ts";
import { RegistryError } from "./errors.ts";
import { deleteManifest, listReferrers, listTags, putManifest, sendManifest } from "./manifests.ts";
import { fillMirror } from "./mirror.ts";
import { createPackages } from "./packages.ts";
import { isDigest, mirrored, openRegistry, type Registry, type RegistryOptions } from "./model.ts";

export type { RegistryOptions } from "./model.ts";

const gaps: readonly Gap[] = [
  "docker.io is node, postgres, caddy and redis under `library/`, each a stand-in of one small layer.",
  "A personal token with `write:packages` may push below any owner: memberships of organizations are not looked up.",
  "Blobs that no manifest names stay until the whole package is deleted.",
  "Digests are sha256; no catalog.",
].map((gap) => ({ service: "registry", gap }));

/** Repositories have slashes in their names, so that one route reads them all. */
const operations: NonNullable<Service["operations"]> = [
  ["GET", "/token"],
  ["GET", "/v2/"],
  ["POST", "/v2/:name/blobs/uploads/"],
  ...["GET", "PATCH", "PUT", "DELETE"].map((method) => [method, "/v2/:name/blobs/uploads/:upload"] as const),
  ...["GET", "HEAD", "DELETE"].map((method) => [method, "/v2/:name/blobs/:digest"] as const),
  ...["GET", "HEAD", "PUT", "DELETE"].map((method) => [method, "/v2/:name/manifests/:reference"] as const),
  ["GET", "/v2/:name/tags/list"],
  ["GET", "/v2/:name/referrers/:digest"],
].map(([method = "", path = ""]) => ({ method, path }));

/** A Hono app that serves `/token` and `/v2/`. `start` fills the mirror; `packages` is for GitHub's API. */
export function createRegistry(
  context: CloudContext,
  options: RegistryOptions,
): Service & { readonly packages: Packages } {
  const registry = openRegistry(context, options);
  const access = createAccess(registry);
  const packages = createPackages(registry);
  const app = new Hono();
  app.onError((thrown, c) => {
    if (thrown instanceof RegistryError) return thrown.response();
    context.log("registry", `${c.req.method} ${c.req.path}: ${thrown.stack ?? thrown.message}`);
    return c.json({ errors: [{ code: "UNKNOWN", message: "a bug in the local cloud; its log has the details" }] }, 500);
  });
  app.use(async (c, next) => {
    await next();
    c.header("docker-distribution-api-version", "registry/2.0");
  });
  app.get("/token", (c) => access.issue(c.req.raw));
  app.all("/v2", (c) => c.redirect("/v2/"));
  app.all("/v2/*", (c) => answer(registry, access, c.req.raw));
  return {
    name: "registry",
    app,
    start: () => fillMirror(registry),
    inventory: async () =>
      packages.list().map(({ name }): InventoryItem => ({ service: "registry", kind: "package", id: name, name })),
    packages,
    gaps,
    operations,
  };
}

const repositoryName = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;

async function answer(registry: Registry, access: Access, request: Request): Promise<Response> {
  const path = decodeURIComponent(new URL(request.url).pathname);
  if (path === "/v2/") {
    access.authenticate(request);
    return Response.json({});
  }
  const [, repository = "", kind = "", rest = ""] =
    /^\/v2\/(.+)\/(blobs\/uploads|blobs|manifests|tags|referrers)\/([^/]*)$/.exec(path) ?? [];
  if (kind === "") throw new RegistryError("NAME_UNKNOWN", "no such path");
  if (!repositoryName.test(repository)) throw new RegistryError("NAME_INVALID", "invalid repository name");
  const reads = request.method === "GET" || request.method === "HEAD";
  access.require(
    request,
    repository,
    request.method === "DELETE" && kind !== "blobs/uploads"
      ? "delete"
      : reads && kind !== "blobs/uploads"
        ? "pull"
        : "push",
  );
  return route(registry, access, request, { repository, kind, rest });
}

async function route(
  registry: Registry,
  access: Access,
  request: Request,
  { repository, kind, rest }: { repository: string; kind: string; rest: string },
): Promise<Response> {
  const { method } = request;
  const mayPull = (other: string): boolean => {
    if (mirrored(other)) return true;
    try {
      access.require(request, other, "pull");
      return true;
    } catch {
      return false;
    }
  };
  switch (`${method === "HEAD" ? "GET" : method} ${kind}`) {
    case "GET blobs":
      return sendBlob(registry, request, repository, digest(rest));
    case "DELETE blobs":
      return deleteBlob(registry, repository, digest(rest));
    case "POST blobs/uploads":
      return startUpload(registry, request, repository, mayPull);
    case "PATCH blobs/uploads":
      return appendUpload(registry, request, repository, rest);
    case "PUT blobs/uploads":
      return finishUpload(registry, request, repository, rest);
    case "GET blobs/uploads":
      return uploadStatus(registry, repository, rest);
    case "DELETE blobs/uploads":
      return cancelUpload(registry, repository, rest);
    case "GET manifests":
      return sendManifest(registry, request, repository, rest);
    case "PUT manifests":
      return putManifest(registry, request, repository, rest);
    case "DELETE manifests":
      return deleteManifest(registry, repository, rest);
    case "GET tags":
      if (rest === "list") return listTags(registry, request, repository);
      break;
    case "GET referrers":
      return listReferrers(registry, request, repository, digest(rest));
    default:
  }
  throw new RegistryError("UNSUPPORTED", "the operation is unsupported");
}

function digest(text: string): string {
  if (!isDigest(text))
    throw new RegistryError("DIGEST_INVALID", "the digest must be sha256: and 64 hexadecimal digits");
  return text;
}
