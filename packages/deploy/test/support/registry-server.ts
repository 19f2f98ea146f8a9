import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface RegistryServer {
  readonly url: string;
  readonly blobs: ReadonlyMap<string, Buffer>;
  /** `METHOD path`, in order. */
  readonly requests: string[];
  /** Puts an image there that a test builds on; returns the manifest's digest. */
  seed(repository: string, tag: string): string;
  stop(): Promise<void>;
}

const sha = (bytes: Buffer): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** A registry with token authentication, in memory: pushing needs `ada:right`, pulling nothing. */
export async function startRegistry(): Promise<RegistryServer> {
  const blobs = new Map<string, Buffer>();
  const owners = new Set<string>();
  const manifests = new Map<string, { readonly type: string; readonly bytes: Buffer }>();
  const requests: string[] = [];
  let url = "";

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? "", url);
    const method = request.method ?? "";
    requests.push(`${method} ${pathname}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const send = (status: number, headers: Record<string, string> = {}, content?: Buffer | string): void => {
      response.writeHead(status, headers).end(method === "HEAD" ? undefined : content);
    };
    if (pathname === "/token") {
      const right = `Basic ${Buffer.from("ada:right").toString("base64")}`;
      const { authorization } = request.headers;
      if (authorization && authorization !== right) return send(401);
      return send(200, {}, JSON.stringify({ token: `${authorization ? "rw" : "ro"}:${searchParams.get("scope")}` }));
    }
    const scope = /^\/v2\/(.+?)\/(?:blobs|manifests)\//.exec(pathname)?.[1] ?? "";
    const writes = method !== "GET" && method !== "HEAD";
    const token = (request.headers.authorization ?? "").replace("Bearer ", "");
    if (!token.includes(`repository:${scope}:`) || (writes && !token.startsWith("rw:"))) {
      const actions = writes ? "pull,push" : "pull";
      if (token && writes) return send(403, {}, JSON.stringify({ errors: [{ code: "DENIED", message: "no write" }] }));
      return send(401, {
        "www-authenticate": `Bearer realm="${url}/token",service="test",scope="repository:${scope}:${actions}"`,
      });
    }
    const [, repository = "", kind = "", name = ""] = /^\/v2\/(.+?)\/(blobs|manifests)\/(.*)$/.exec(pathname) ?? [];
    if (kind === "manifests" && writes) {
      const stored = { type: request.headers["content-type"] ?? "", bytes: body };
      for (const key of [name, sha(body)]) manifests.set(`${repository}@${key}`, stored);
      return send(201);
    }
    if (kind === "manifests") {
      const found = manifests.get(`${repository}@${name}`);
      if (!found) return send(404);
      return send(200, { "content-type": found.type, "docker-content-digest": sha(found.bytes) }, found.bytes);
    }
    if (method === "POST") {
      const mount = searchParams.get("mount");
      if (mount && owners.has(`${searchParams.get("from")}@${mount}`)) {
        owners.add(`${repository}@${mount}`);
        return send(201);
      }
      return send(202, { location: `/v2/${repository}/blobs/uploads/${randomUUID()}?state=x` });
    }
    if (method === "PUT") {
      const digest = searchParams.get("digest") ?? "";
      if (sha(body) !== digest) return send(400, {}, JSON.stringify({ errors: [{ code: "DIGEST_INVALID" }] }));
      blobs.set(digest, body);
      owners.add(`${repository}@${digest}`);
      return send(201);
    }
    return owners.has(`${repository}@${name}`) ? send(200, {}, blobs.get(name)) : send(404);
  };

  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const put = (repository: string, bytes: Buffer): { digest: string; size: number } => {
    blobs.set(sha(bytes), bytes);
    owners.add(`${repository}@${sha(bytes)}`);
    return { digest: sha(bytes), size: bytes.byteLength };
  };
  return {
    url,
    blobs,
    requests,
    seed(repository, tag) {
      const configuration = {
        architecture: "amd64",
        os: "linux",
        config: { Env: ["PATH=/usr/local/bin", "PORT=1"], Entrypoint: ["docker-entrypoint.sh"] },
        rootfs: { type: "layers", diff_ids: ["sha256:base"] },
      };
      const config = {
        mediaType: "application/vnd.docker.container.image.v1+json",
        ...put(repository, Buffer.from(JSON.stringify(configuration))),
      };
      const layer = {
        mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip",
        ...put(repository, Buffer.from("base layer")),
      };
      const type = "application/vnd.docker.distribution.manifest.v2+json";
      const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: type, config, layers: [layer] }));
      const list = "application/vnd.oci.image.index.v1+json";
      const platform = { os: "linux", architecture: "amd64" };
      const index = Buffer.from(
        JSON.stringify({ manifests: [{ mediaType: type, digest: sha(bytes), size: bytes.byteLength, platform }] }),
      );
      manifests.set(`${repository}@${sha(bytes)}`, { type, bytes });
      manifests.set(`${repository}@${tag}`, { type: list, bytes: index });
      return sha(bytes);
    },
    stop: () => new Promise((resolve) => (server.closeAllConnections(), server.close(() => resolve()))),
  };
}
