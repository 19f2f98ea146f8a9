import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Resolver } from "node:dns/promises";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startCloud, type RunningCloud } from "../../src/index.ts";
import { noTerraform } from "./mini.ts";

// Never in step: the cloud answers from this process.
const run = promisify(execFile);

let folder: string;
let cloud: RunningCloud;

const start = (): Promise<RunningCloud> => startCloud({ folder, basePort: 0, seed: "whole", terraform: noTerraform });
const env = (name: string): string => cloud.endpoints[name] ?? "";

async function api(method: string, url: string, token: string, body?: unknown): Promise<Record<string, never>> {
  const answer = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${text}`);
  return (text ? JSON.parse(text) : {}) as Record<string, never>;
}
const digitalocean = (method: string, path: string, body?: unknown) =>
  api(method, `${env("DIGITALOCEAN_API_URL")}/v2${path}`, env("DIGITALOCEAN_TOKEN"), body);
const github = (method: string, path: string, body?: unknown) =>
  api(method, `${env("GITHUB_API_URL")}${path}`, env("GITHUB_TOKEN"), body);

/** The first line that a server says. */
const greeting = (host: string, port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, host);
    socket.once("error", reject);
    socket.once("data", (bytes) => {
      socket.destroy();
      resolve(bytes.toString().split("\r\n")[0] ?? "");
    });
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "doge-whole-"));
  cloud = await start();
});

afterAll(async () => {
  await cloud.stop();
  await rm(folder, { recursive: true });
});

test("every vendor answers at the address that the environment names", async () => {
  expect(await github("GET", "/user")).toMatchObject({ login: "doge" });
  expect(await digitalocean("GET", "/account")).toMatchObject({ account: { status: "active" } });
  const organization = `${env("TFE_ADDRESS")}/api/v2/organizations/doge`;
  expect(await api("GET", organization, env("TFE_TOKEN"))).toMatchObject({ data: { type: "organizations" } });
  expect((await fetch(`${env("DOGE_REGISTRY_URL")}/v2/`)).status).toBe(401);
  expect((await fetch(env("SPACES_ENDPOINT_URL"))).status).toBe(403);
  const root = new X509Certificate(await readFile(env("NODE_EXTRA_CA_CERTS")));
  expect(root.ca).toBe(true);
  expect(Object.keys(cloud.endpoints)).toEqual(expect.arrayContaining(["DOGE_RESOLVER", "HTTPS_PROXY", "NO_PROXY"]));
});

test("a token of GitHub opens the registry; git pushes to a repository that the API made", async () => {
  const basic = Buffer.from(`doge:${env("GITHUB_TOKEN")}`).toString("base64");
  const scope = `${env("DOGE_REGISTRY_URL")}/token?scope=repository:doge/shop:push,pull`;
  expect((await fetch(scope, { headers: { authorization: `Basic ${basic}` } })).status).toBe(200);
  const wrong = Buffer.from("doge:wrong").toString("base64");
  expect((await fetch(scope, { headers: { authorization: `Basic ${wrong}` } })).status).toBe(403);

  await github("POST", "/user/repos", { name: "shop", private: true });
  const work = join(folder, "work");
  const variables = {
    ...process.env,
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "http.extraHeader",
    GIT_CONFIG_VALUE_0: `Authorization: Basic ${basic}`,
  };
  const git = async (...args: string[]): Promise<string> => (await run("git", args, { env: variables })).stdout;
  await git("init", "-q", "-b", "main", work);
  const author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"];
  await git("-C", work, ...author, "commit", "-q", "--allow-empty", "-m", "First");
  await git("-C", work, "push", "-q", `${env("GITHUB_SERVER_URL")}/doge/shop.git`, "main");
  const head = (await git("-C", work, "rev-parse", "HEAD")).trim();
  expect(await github("GET", "/repos/doge/shop/commits/main")).toMatchObject({ sha: head });
});

test("a droplet boots from its cloud-init, answers SSH, has a name, and is back after a restart", async () => {
  const key = join(folder, "host-key");
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  const indented = (await readFile(key, "utf8")).trim().replaceAll("\n", "\n    ");
  const publicKey = (await readFile(`${key}.pub`, "utf8")).trim();
  const userData = [
    "#cloud-config",
    "ssh_keys:",
    `  ed25519_private: |\n    ${indented}`,
    `  ed25519_public: ${publicKey}`,
    "users:",
    `  - name: doge\n    ssh_authorized_keys: [${JSON.stringify(publicKey)}]`,
    "write_files:",
    "  - path: /etc/ssh/sshd_config.d/doge.conf\n    content: |\n      Port 2222",
    "",
  ].join("\n");
  const { droplet } = (await digitalocean("POST", "/droplets", {
    name: "web",
    region: "fra1",
    size: "s-1vcpu-1gb",
    image: "docker-20-04",
    user_data: userData,
  })) as unknown as { droplet: { id: number; networks: { v4: { type: string; ip_address: string }[] } } };
  const address = droplet.networks.v4.find(({ type }) => type === "public")?.ip_address ?? "";
  const active = (): Promise<unknown> =>
    expect
      .poll(() => digitalocean("GET", `/droplets/${droplet.id}`), { timeout: 20_000 })
      .toMatchObject({ droplet: { status: "active", locked: false } });
  await active();
  expect(await greeting(address, 2222)).toMatch(/^SSH-2\.0-/);

  await digitalocean("POST", "/domains", { name: "shop.localhost", ip_address: address });
  await cloud.stop();
  cloud = await start();
  await expect.poll(() => greeting(address, 2222).catch(() => ""), { timeout: 20_000 }).toMatch(/^SSH-2\.0-/);
  const resolver = new Resolver();
  resolver.setServers([env("DOGE_RESOLVER")]);
  expect(await resolver.resolve4("shop.localhost")).toEqual([address]);

  await digitalocean("DELETE", "/domains/shop.localhost");
  await digitalocean("DELETE", `/droplets/${droplet.id}`);
  await expect(greeting(address, 2222)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  await github("DELETE", "/repos/doge/shop");
  expect(await cloud.inventory()).toEqual([]);
});
