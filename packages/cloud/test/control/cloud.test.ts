import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { Resolver } from "node:dns/promises";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCloud, type RunningCloud } from "../../src/cloud.ts";
import { composeMini, noTerraform } from "./mini.ts";

let folder: string;
let cloud: RunningCloud;

const start = (at = folder): Promise<RunningCloud> =>
  runCloud({ folder: at, basePort: 0, seed: "test", terraform: noTerraform }, composeMini);

const ask = (path: string, init: RequestInit = {}, token = cloud.control.token): Promise<Response> =>
  fetch(`${cloud.control.url}${path}`, { ...init, headers: { authorization: `Bearer ${token}` } });

async function digitalocean(method: string, path: string, body?: unknown): Promise<Record<string, never>> {
  const answer = await fetch(`${cloud.endpoints["DIGITALOCEAN_API_URL"]}/v2${path}`, {
    method,
    headers: { authorization: `Bearer ${cloud.endpoints["DIGITALOCEAN_TOKEN"]}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  const text = await answer.text();
  return (text ? JSON.parse(text) : {}) as Record<string, never>;
}

const throughProxy = (address: string): Promise<{ status: number; text: string }> =>
  new Promise((resolve, reject) => {
    const proxy = new URL(cloud.endpoints["HTTPS_PROXY"] ?? "");
    const asked = request({ host: proxy.hostname, port: proxy.port, path: address, agent: false }, (answer) => {
      let text = "";
      answer.on("data", (chunk: Buffer) => (text += chunk.toString()));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    asked.on("error", reject);
    asked.end();
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "doge-cloud-"));
  cloud = await start();
});

afterAll(async () => {
  await cloud.stop();
  await rm(folder, { recursive: true });
});

test("the record and the credentials are for their owner only", async () => {
  for (const file of ["cloud.json", "credentials.json"]) {
    expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600);
  }
  const record = JSON.parse(await readFile(join(folder, "cloud.json"), "utf8")) as unknown;
  expect(record).toMatchObject({ pid: process.pid, control: cloud.control, endpoints: cloud.endpoints });
});

test("the control port wants its token", async () => {
  expect((await fetch(`${cloud.control.url}/inventory`)).status).toBe(401);
  expect((await ask("/inventory", {}, "wrong")).status).toBe(401);
  expect(await (await ask("/health")).json()).toMatchObject({ pid: process.pid });
  expect(await (await ask("/endpoints")).json()).toEqual(cloud.endpoints);
});

test("a droplet behind a name: API, DNS and front door agree; afterwards nothing is left", async () => {
  const { droplet } = (await digitalocean("POST", "/droplets", {
    name: "web-1",
    region: "fra1",
    size: "s-1vcpu-1gb",
    image: "docker-20-04",
  })) as unknown as { droplet: { id: number; networks: { v4: { type: string; ip_address: string }[] } } };
  const address = droplet.networks.v4.find(({ type }) => type === "public")?.ip_address;
  await expect
    .poll(() => digitalocean("GET", `/droplets/${droplet.id}`))
    .toMatchObject({ droplet: { status: "active", locked: false } });
  await digitalocean("POST", "/domains", { name: "shop.localhost" });
  await digitalocean("POST", "/domains/shop.localhost/records", { type: "A", name: "www", data: address });

  const resolver = new Resolver();
  resolver.setServers([cloud.endpoints["DOGE_RESOLVER"] ?? ""]);
  expect(await resolver.resolve4("www.shop.localhost")).toEqual([address]);
  expect(await throughProxy("http://www.shop.localhost/")).toEqual({ status: 200, text: "web-1\n" });
  expect(await throughProxy("http://nowhere.localhost/")).toEqual({
    status: 502,
    text: "nowhere.localhost is no name of the local cloud: it has no A record in any zone made there\n",
  });
  expect((await throughProxy("http://api.digitalocean.com/")).status).toBe(502);

  const names = async (): Promise<string[]> =>
    ((await (await ask("/inventory")).json()) as { items: { name: string }[] }).items.map(({ name }) => name);
  expect((await names()).sort()).toEqual(["shop.localhost", "shop.localhost", "web-1"]);
  await digitalocean("DELETE", "/domains/shop.localhost");
  await digitalocean("DELETE", `/droplets/${droplet.id}`);
  expect(await names()).toEqual([]);
});

test("faults are ordered and taken back at the control port; the log of requests shows them", async () => {
  const order = await ask("/faults", {
    method: "POST",
    body: JSON.stringify({ service: "digitalocean", path: "/v2/account", effect: 429, retryAfter: 1 }),
  });
  expect(order.status).toBe(201);
  await expect(digitalocean("GET", "/account")).rejects.toThrow("429");
  expect((await ask("/faults", { method: "DELETE" })).status).toBe(204);
  await digitalocean("GET", "/account");
  const { requests } = (await (await ask("/requests?limit=2")).json()) as { requests: unknown[] };
  expect(requests).toMatchObject([
    { path: "/v2/account", status: 429, fault: "429", authorization: "Bearer ***" },
    { path: "/v2/account", status: 200 },
  ]);
  const wrong = await ask("/faults", { method: "POST", body: "{}" });
  expect(wrong.status).toBe(422);
  expect(await wrong.json()).toMatchObject({ diagnostics: [{ code: "cloud-fault-invalid" }] });
});

test("a name can be taken from its registrar", async () => {
  const resolver = new Resolver();
  resolver.setServers([cloud.endpoints["DOGE_RESOLVER"] ?? ""]);
  expect(await resolver.resolveNs("new.example")).toHaveLength(3);
  await ask("/undelegate", { method: "POST", body: JSON.stringify({ domain: "new.example" }) });
  await expect(resolver.resolveNs("new.example")).rejects.toMatchObject({ code: "ENOTFOUND" });
});

test("a second start on the same folder names the process that runs", async () => {
  await expect(start()).rejects.toMatchObject({
    diagnostics: [{ code: "cloud-running", detail: `process ${process.pid}`, address: folder }],
  });
});

test("a port that is taken is named, and nothing is left half started", async () => {
  const other = await mkdtemp(join(tmpdir(), "doge-cloud-"));
  const first = await start(other);
  await first.stop();
  const thief = createServer();
  await new Promise<void>((resolve) => thief.listen(first.ports.digitalocean, "127.0.0.1", resolve));
  const address = `127.0.0.1:${first.ports.digitalocean}`;
  await expect(start(other)).rejects.toMatchObject({ diagnostics: [{ code: "port-in-use", address }] });
  await new Promise((resolve) => thief.close(resolve));
  const again = await start(other);
  await again.stop();
  await rm(other, { recursive: true });
});

test("what was made is there after a restart, at the same addresses; a killed cloud is taken over", async () => {
  await digitalocean("POST", "/droplets", {
    name: "kept",
    region: "fra1",
    size: "s-1vcpu-1gb",
    image: "debian-12-x64",
  });
  const before = cloud.endpoints;
  const record = await readFile(join(folder, "cloud.json"), "utf8");
  await cloud.stop();
  // What a SIGKILL leaves: the record and the lock of a process that is no more.
  const dead = 2 ** 22 + 1;
  await writeFile(join(folder, "cloud.json"), record.replace(String(process.pid), String(dead)));
  await writeFile(join(folder, "lock"), JSON.stringify({ pid: dead, purpose: "doge cloud up", since: "" }));
  cloud = await start();
  expect(cloud.endpoints).toEqual(before);
  await expect
    .poll(() => digitalocean("GET", "/droplets?name=kept"))
    .toMatchObject({ droplets: [{ name: "kept", status: "active" }] });
  await digitalocean("POST", "/domains", { name: "kept.localhost" });
});

test("shutdown at the control port ends it", async () => {
  expect((await ask("/shutdown", { method: "POST" })).status).toBe(202);
  await cloud.stopped;
  await expect(fetch(`${cloud.control.url}/health`)).rejects.toThrow("fetch failed");
  await expect(stat(join(folder, "cloud.json"))).rejects.toMatchObject({ code: "ENOENT" });
});

test("a cloud that is told no port finds a free block, and keeps it over a restart", async () => {
  const other = await mkdtemp(join(tmpdir(), "doge-cloud-"));
  const unled = (): Promise<RunningCloud> => runCloud({ folder: other, terraform: noTerraform }, composeMini);
  const first = await unled();
  try {
    const port = Number(new URL(first.control.url).port);
    expect(port % 100).toBe(0);
    const beside = await mkdtemp(join(tmpdir(), "doge-cloud-"));
    const second = await runCloud({ folder: beside, terraform: noTerraform }, composeMini);
    expect(Number(new URL(second.control.url).port)).toBeGreaterThan(port);
    await second.stop();
    await rm(beside, { recursive: true });
    await first.stop();
    const again = await unled();
    expect(again.endpoints).toEqual(first.endpoints);
    await again.stop();
  } finally {
    await first.stop();
    await rm(other, { recursive: true });
  }
});
