import { createHash } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createContext } from "../../src/kit/context.ts";
import { serveApp, type HttpServer } from "../../src/kit/http.ts";
import type { CloudContext, GitHubIdentity } from "../../src/ports.ts";
import { createRegistry } from "../../src/registry/index.ts";

const identities: Readonly<Record<string, GitHubIdentity>> = {
  "ada-writes": { login: "ada", scopes: ["repo", "write:packages"] },
  "ada-reads": { login: "ada", scopes: ["read:packages"] },
  "ada-nothing": { login: "ada", scopes: ["repo"] },
  "job-of-shop": { login: "github-actions[bot]", scopes: ["contents:read", "packages:write"], repository: "Ada/shop" },
};
const types = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  index: "application/vnd.oci.image.index.v1+json",
};
const folder = mkdtempSync(join(tmpdir(), "doge-registry-"));
let context: CloudContext;
let registry: ReturnType<typeof createRegistry>;
let server: HttpServer;

beforeAll(async () => {
  let url = "";
  context = createContext({ folder, seed: "registry", url: () => url });
  registry = createRegistry(context, {
    identify: (_, token) => identities[token],
    isPublic: (name) => name === "ada/open",
  });
  server = await serveApp(registry.app!, { host: "127.0.0.1", port: 0 });
  url = server.url;
  await registry.start?.();
});
afterAll(async () => {
  await server.stop(0);
  context.store.close();
  await rm(folder, { recursive: true, force: true });
});

const digestOf = (content: string | Uint8Array): string =>
  `sha256:${createHash("sha256").update(content).digest("hex")}`;

/** Answers the challenge as Docker does: asks `/token` for what the registry says it wants. */
async function call(
  credential: string | undefined,
  method: string,
  path: string,
  body?: string | Uint8Array,
  headers: Record<string, string> = {},
): Promise<Response> {
  const send = (authorization: Record<string, string>) =>
    fetch(new URL(path, server.url), {
      method,
      headers: { ...headers, ...authorization },
      ...(body === undefined ? {} : { body: body as string }),
    });
  const first = await send({});
  if (first.status !== 401) return first;
  const challenge = first.headers.get("www-authenticate") ?? "";
  const [realm, service, scope] = ["realm", "service", "scope"].map(
    (name) => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1],
  );
  const address = new URL(realm ?? "");
  address.searchParams.set("service", service ?? "");
  if (scope) address.searchParams.set("scope", scope);
  const basic = credential && { authorization: `Basic ${Buffer.from(`ada:${credential}`).toString("base64")}` };
  const answer = await fetch(address, { headers: basic || {} });
  if (answer.status !== 200) return answer;
  const { token } = (await answer.json()) as { token: string };
  return send({ authorization: `Bearer ${token}` });
}

async function code(response: Response): Promise<string> {
  const { errors } = (await response.json()) as { errors: { code: string }[] };
  return `${response.status} ${errors[0]?.code}`;
}

async function pushBlob(credential: string, repository: string, content: string): Promise<string> {
  const started = await call(credential, "POST", `/v2/${repository}/blobs/uploads/`);
  expect(started.status).toBe(202);
  const done = await call(credential, "PUT", `${started.headers.get("location")}?digest=${digestOf(content)}`, content);
  expect(done.status).toBe(201);
  return digestOf(content);
}

async function pushImage(credential: string, repository: string, tag: string, content: string): Promise<string> {
  const config = JSON.stringify({ architecture: "amd64", os: "linux", content });
  await pushBlob(credential, repository, config);
  await pushBlob(credential, repository, content);
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: types.manifest,
    config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: digestOf(config), size: config.length },
    layers: [
      { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: digestOf(content), size: content.length },
    ],
  });
  const put = await call(credential, "PUT", `/v2/${repository}/manifests/${tag}`, manifest, {
    "content-type": types.manifest,
  });
  expect(put.status).toBe(201);
  expect(put.headers.get("docker-content-digest")).toBe(digestOf(manifest));
  return digestOf(manifest);
}

test("an image that was pushed is pulled, by tag and by digest, byte for byte", async () => {
  const digest = await pushImage("ada-writes", "ada/shop", "tree-1", "layer one");
  for (const reference of ["tree-1", digest]) {
    const manifest = await call("ada-reads", "GET", `/v2/ada/shop/manifests/${reference}`);
    expect(manifest.headers.get("content-type")).toBe(types.manifest);
    expect(digestOf(new Uint8Array(await manifest.arrayBuffer()))).toBe(digest);
  }
  const head = await call("ada-reads", "HEAD", "/v2/ada/shop/manifests/tree-1");
  expect([head.status, head.headers.get("docker-content-digest"), await head.text()]).toEqual([200, digest, ""]);
  const blob = `/v2/ada/shop/blobs/${digestOf("layer one")}`;
  expect(await (await call("ada-reads", "GET", blob)).text()).toBe("layer one");
  const part = await call("ada-reads", "GET", blob, undefined, { range: "bytes=6-" });
  expect([part.status, part.headers.get("content-range"), await part.text()]).toEqual([206, "bytes 6-8/9", "one"]);
  expect((await call("ada-reads", "HEAD", blob)).headers.get("content-length")).toBe("9");
});

test("who may do what", async () => {
  await pushImage("ada-writes", "ada/private", "1", "private");
  await pushImage("ada-writes", "ada/open", "1", "open");
  const pull = (credential: string | undefined, name: string) => call(credential, "GET", `/v2/${name}/manifests/1`);
  const push = (credential: string | undefined, name: string) => call(credential, "POST", `/v2/${name}/blobs/uploads/`);
  expect((await pull(undefined, "ada/open")).status).toBe(200);
  expect(await code(await pull(undefined, "ada/private"))).toBe("403 DENIED");
  expect(await code(await pull("ada-nothing", "ada/private"))).toBe("403 DENIED");
  expect(await code(await pull("wrong-token", "ada/open"))).toBe("403 DENIED");
  expect(await code(await push("ada-reads", "ada/private"))).toBe("403 DENIED");
  expect(await code(await push(undefined, "ada/open"))).toBe("403 DENIED");
  expect(await code(await push("ada-writes", "library/node"))).toBe("403 DENIED");
  expect((await push("job-of-shop", "ada/shop")).status).toBe(202);
  expect((await push("job-of-shop", "ada/shop/worker")).status).toBe(202);
  expect(await code(await push("job-of-shop", "ada/other"))).toBe("403 DENIED");
  expect(await code(await pull("job-of-shop", "ada/private"))).toBe("403 DENIED");
  expect((await fetch(`${server.url}/v2/`)).headers.get("www-authenticate")).toMatch(
    /^Bearer realm="http:\/\/127\.0\.0\.1:\d+\/token",service="127\.0\.0\.1:\d+"$/,
  );
  expect((await call("ada-reads", "GET", "/v2/")).status).toBe(200);
});

test("a blob in chunks, in order only", async () => {
  const started = await call("ada-writes", "POST", "/v2/ada/chunks/blobs/uploads/");
  const location = started.headers.get("location") ?? "";
  const first = await call("ada-writes", "PATCH", location, "hello ", { "content-range": "0-5" });
  expect([first.status, first.headers.get("range")]).toEqual([202, "0-5"]);
  expect((await call("ada-writes", "PATCH", location, "late", { "content-range": "9-12" })).status).toBe(416);
  expect((await call("ada-writes", "GET", location)).headers.get("range")).toBe("0-5");
  await call("ada-writes", "PATCH", location, "world", { "content-range": "6-10" });
  expect((await call("ada-writes", "PUT", `${location}?digest=${digestOf("hello world")}`)).status).toBe(201);
  expect(await code(await call("ada-writes", "PUT", `${location}?digest=${digestOf("hello world")}`))).toBe(
    "404 BLOB_UPLOAD_UNKNOWN",
  );
});

test("a whole blob in one request, and one with a wrong digest", async () => {
  const post = (digest: string) => call("ada-writes", "POST", `/v2/ada/whole/blobs/uploads/?digest=${digest}`, "whole");
  expect((await post(digestOf("whole"))).status).toBe(201);
  expect(await code(await post(digestOf("else")))).toBe("400 DIGEST_INVALID");
  expect(await code(await call("ada-writes", "GET", `/v2/ada/whole/blobs/${digestOf("else")}`))).toBe(
    "404 BLOB_UNKNOWN",
  );
});

test("a blob is mounted only from where the client may pull", async () => {
  const base = (await (await call(undefined, "GET", "/v2/library/node/manifests/24")).json()) as {
    manifests: { digest: string }[];
  };
  const manifest = (await (
    await call(undefined, "GET", `/v2/library/node/manifests/${base.manifests[0]!.digest}`)
  ).json()) as { layers: { digest: string }[] };
  const layer = manifest.layers[0]!.digest;
  const mounted = await call("job-of-shop", "POST", `/v2/ada/shop/blobs/uploads/?mount=${layer}&from=library/node`);
  expect(mounted.status).toBe(201);
  expect((await call("job-of-shop", "HEAD", `/v2/ada/shop/blobs/${layer}`)).status).toBe(200);
  const secret = await pushBlob("ada-writes", "ada/secret", "not for the job");
  expect(
    (await call("job-of-shop", "POST", `/v2/ada/shop/blobs/uploads/?mount=${secret}&from=ada/secret`)).status,
  ).toBe(202);
});

test("a manifest must be one, and name what is here", async () => {
  const put = (body: string, reference = "1", type = types.manifest) =>
    call("ada-writes", "PUT", `/v2/ada/wrong/manifests/${reference}`, body, { "content-type": type });
  const absent = { mediaType: "x", digest: digestOf("absent"), size: 6 };
  expect(await code(await put(JSON.stringify({ schemaVersion: 2, config: absent, layers: [] })))).toBe(
    "404 MANIFEST_BLOB_UNKNOWN",
  );
  expect(await code(await put("{"))).toBe("400 MANIFEST_INVALID");
  expect(await code(await put(JSON.stringify({ schemaVersion: 2 })))).toBe("400 MANIFEST_INVALID");
  expect(await code(await put("{}", "1", "text/plain"))).toBe("400 MANIFEST_INVALID");
  expect(await code(await put("{}", digestOf("else")))).toBe("400 DIGEST_INVALID");
  expect(await code(await put("{}", "wrong%20tag"))).toBe("400 TAG_INVALID");
  expect(await code(await call("ada-writes", "GET", "/v2/Ada/shop/manifests/1"))).toBe("400 NAME_INVALID");
});

test("tags in pages, deletion of a tag and of a manifest", async () => {
  const digest = await pushImage("ada-writes", "ada/tags", "a", "tags");
  await pushImage("ada-writes", "ada/tags", "b", "tags");
  await pushImage("ada-writes", "ada/tags", "c", "other");
  const page = await call("ada-reads", "GET", "/v2/ada/tags/tags/list?n=2");
  expect(await page.json()).toEqual({ name: "ada/tags", tags: ["a", "b"] });
  expect(page.headers.get("link")).toBe('</v2/ada/tags/tags/list?n=2&last=b>; rel="next"');
  const job = (path: string) => call("job-of-shop", "DELETE", path);
  expect(await code(await job("/v2/ada/tags/manifests/a"))).toBe("403 DENIED");
  await registry.packages.deleteVersion("ada/tags", digest);
  expect(await (await call("ada-reads", "GET", "/v2/ada/tags/tags/list")).json()).toEqual({
    name: "ada/tags",
    tags: ["c"],
  });
});

test("referrers", async () => {
  const subject = await pushImage("ada-writes", "ada/signed", "1", "signed");
  const empty = await pushBlob("ada-writes", "ada/signed", "{}");
  const signature = JSON.stringify({
    schemaVersion: 2,
    mediaType: types.manifest,
    artifactType: "application/x-signature",
    config: { mediaType: "application/vnd.oci.empty.v1+json", digest: empty, size: 2 },
    layers: [],
    subject: { mediaType: types.manifest, digest: subject, size: 1 },
  });
  const put = await call("ada-writes", "PUT", `/v2/ada/signed/manifests/${digestOf(signature)}`, signature, {
    "content-type": types.manifest,
  });
  expect(put.headers.get("oci-subject")).toBe(subject);
  const referrers = (await (await call("ada-reads", "GET", `/v2/ada/signed/referrers/${subject}`)).json()) as {
    manifests: { digest: string; artifactType: string }[];
  };
  expect(referrers.manifests).toMatchObject([{ digest: digestOf(signature), artifactType: "application/x-signature" }]);
});

test("the mirror's images are whole, the same at every start, and open to all", async () => {
  for (const [name, tag] of [
    ["node", "24-bookworm-slim"],
    ["postgres", "17-bookworm"],
    ["caddy", "2.10"],
    ["redis", "7"],
  ]) {
    const get = (path: string) => call(undefined, "GET", `/v2/library/${name}/${path}`);
    const index = (await (await get(`manifests/${tag}`)).json()) as {
      manifests: { digest: string; platform: object }[];
    };
    expect(index.manifests.map(({ platform }) => platform)).toEqual([
      { os: "linux", architecture: "amd64" },
      { os: "linux", architecture: "arm64" },
    ]);
    const manifest = (await (await get(`manifests/${index.manifests[0]!.digest}`)).json()) as {
      config: { digest: string };
      layers: { digest: string }[];
    };
    const config = (await (await get(`blobs/${manifest.config.digest}`)).json()) as {
      rootfs: { diff_ids: string[] };
      config: { Labels: Record<string, string> };
    };
    const layer = Buffer.from(await (await get(`blobs/${manifest.layers[0]!.digest}`)).arrayBuffer());
    expect(digestOf(gunzipSync(layer))).toBe(config.rootfs.diff_ids[0]);
    expect(config.config.Labels["org.opencontainers.image.description"]).toContain("stand-in");
  }
  const before = (await call(undefined, "HEAD", "/v2/library/node/manifests/24")).headers.get("docker-content-digest");
  await registry.start?.();
  expect((await call(undefined, "HEAD", "/v2/library/node/manifests/24")).headers.get("docker-content-digest")).toBe(
    before,
  );
});

test("the inventory has what was pushed, until its package is deleted", async () => {
  await pushImage("ada-writes", "ada/gone", "1", "gone");
  expect((await registry.inventory()).map(({ name }) => name)).toContain("ada/gone");
  expect(await registry.packages.delete("Ada/gone")).toBe(true);
  expect(await registry.packages.delete("ada/gone")).toBe(false);
  expect(await registry.packages.delete("library/node")).toBe(false);
  expect((await registry.inventory()).map(({ name }) => name)).not.toContain("ada/gone");
  expect(await code(await call("ada-reads", "GET", `/v2/ada/gone/blobs/${digestOf("gone")}`))).toBe("404 BLOB_UNKNOWN");
});
