import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type ImageParts, sha256 } from "./support.ts";

export interface Registry {
  readonly url: string;
  /** Paths that were asked for and allowed. */
  readonly served: string[];
  /** Content by digest or `repository:tag`; tests spoil it. */
  readonly content: Map<string, Buffer>;
  /** Puts an image there; returns the digest of its manifest. */
  push(name: string, parts: ImageParts): string;
  close(): Promise<void>;
}

/** The least registry with ghcr.io's way to log in: a bearer token for basic credentials. */
export async function startRegistry(user: string, password: string): Promise<Registry> {
  const content = new Map<string, Buffer>();
  const served: string[] = [];
  const server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", address());
    if (url.pathname === "/token") {
      const basic = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
      if (request.headers.authorization !== basic)
        return response.writeHead(401).end('{"errors":[{"message":"bad credentials"}]}');
      return response.end(JSON.stringify({ token: `for ${url.searchParams.get("scope") ?? "login"}` }));
    }
    const [, repository = "", key = ""] = /^\/v2\/(.+)\/(?:manifests|blobs)\/(.+)$/.exec(url.pathname) ?? [];
    const scope = repository ? `repository:${repository}:pull` : "login";
    if (request.headers.authorization !== `Bearer for ${scope}`) {
      const realm = `Bearer realm="${address()}/token",service="test"${repository ? `,scope="${scope}"` : ""}`;
      return response
        .writeHead(401, { "www-authenticate": realm })
        .end('{"errors":[{"message":"authentication required"}]}');
    }
    if (url.pathname === "/v2/") return response.end("{}");
    const found = content.get(key) ?? content.get(`${repository}:${key}`);
    served.push(url.pathname);
    if (!found) return response.writeHead(404).end('{"errors":[{"message":"manifest unknown"}]}');
    return response.end(found);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: address(),
    served,
    content,
    push(name, { config, layers }) {
      const put = (bytes: Buffer): string => {
        content.set(sha256(bytes), bytes);
        return sha256(bytes);
      };
      const manifest = Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: put(config), size: config.length },
          layers: layers.map((layer) => ({
            mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
            digest: put(layer),
            size: layer.length,
          })),
        }),
      );
      const architecture = process.arch === "x64" ? "amd64" : process.arch;
      const index = Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          manifests: [
            { digest: sha256("elsewhere"), size: 1, platform: { os: "linux", architecture: "s390x" } },
            { digest: put(manifest), size: manifest.length, platform: { os: "linux", architecture } },
          ],
        }),
      );
      content.set(name, index);
      return put(index);
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
