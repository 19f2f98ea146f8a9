import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ssh2 from "ssh2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningCloud, startCloud } from "../packages/cloud/src/index.ts";
import { noTerraform } from "../packages/cloud/test/control/mini.ts";
import { type DogeEvent, type Machine, Secret } from "../packages/core/src/index.ts";
import { nodeMachine } from "../packages/core/src/node/index.ts";
import {
  connectHost,
  deployRelease,
  inspectEnvironment,
  projectLayout,
  releaseCommand,
  restoreBackup,
  runScheduledBackup,
  setMaintenance,
  takeBackup,
  verifyBackup,
  type DeployOptions,
  type Host,
  releaseLogs,
  type ReleaseImage,
  releaseStatus,
  rollbackRelease,
  runInRelease,
} from "../packages/deploy/src/index.ts";
import {
  buildApp,
  canary,
  deployOptions,
  lockApp,
  type Place,
  renderApp,
  stylesheetOf,
  templateMigrations,
} from "./support/app.ts";

const domain = "such.test";

let folder: string;
let cloud: RunningCloud;
let machine: Machine;
let host: Host;
const events: DogeEvent[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "doge-release-"));
  cloud = await startCloud({ folder: join(folder, "cloud"), basePort: 0, seed: "release", terraform: noTerraform });
  machine = nodeMachine({ ...process.env, ...cloud.endpoints });
  host = await bootDroplet();
  renderApp(join(folder, "app"));
  lockApp(join(folder, "app"));
});

afterAll(async () => {
  await host?.close();
  await cloud?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function digitalocean(method: "GET" | "POST", path: string, body?: unknown): Promise<Record<string, never>> {
  const response = await machine.http.send({
    method,
    url: `${cloud.endpoints["DIGITALOCEAN_API_URL"]}/v2${path}`,
    headers: { authorization: `Bearer ${cloud.endpoints["DIGITALOCEAN_TOKEN"]}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (response.status >= 300) throw new Error(`${method} ${path}: ${response.status} ${response.text()}`);
  return response.json() as Record<string, never>;
}

async function bootDroplet(): Promise<Host> {
  const [birth, user] = [ssh2.utils.generateKeyPairSync("ed25519"), ssh2.utils.generateKeyPairSync("ed25519")];
  const userData = {
    users: [{ name: "doge", groups: "docker", ssh_authorized_keys: [user.public.trim()] }],
    ssh_keys: { ed25519_private: birth.private, ed25519_public: birth.public.trim() },
    write_files: [{ path: "/etc/ssh/sshd_config.d/10-doge.conf", content: "Port 2222\n" }],
  };
  const made = await digitalocean("POST", "/droplets", {
    name: "such-app-prod",
    region: "fra1",
    size: "s-1vcpu-1gb",
    image: "debian-13-x64",
    user_data: `#cloud-config\n${JSON.stringify(userData)}\n`,
  });
  const { networks } = made["droplet"] as unknown as { networks: { v4: { type: string; ip_address: string }[] } };
  const address = networks.v4.find(({ type }) => type === "public")?.ip_address ?? "";
  await digitalocean("POST", "/domains", { name: domain, ip_address: address });
  await digitalocean("POST", `/domains/${domain}/records`, { type: "CNAME", name: "www", data: "@" });
  return connectHost({
    host: address,
    port: 2222,
    user: "doge",
    privateKey: new Secret(user.private),
    hostKey: birth.public,
    clock: machine.clock,
  });
}

const place = (): Place => ({
  machine,
  host,
  domain,
  environment: "prod",
  registryUrl: cloud.endpoints["DOGE_REGISTRY_URL"] ?? "",
  access: {
    host: new URL(cloud.endpoints["DOGE_REGISTRY_URL"] ?? "").host,
    username: "doge",
    token: new Secret(cloud.endpoints["GITHUB_TOKEN"] ?? ""),
  },
  app: join(folder, "app"),
  cache: join(folder, "cache"),
});

const build = (name: string): Promise<ReleaseImage> => buildApp(place(), name);
const options = (image: ReleaseImage): DeployOptions => deployOptions(place(), image, (event) => events.push(event));

const page = async (path = "/"): Promise<string> =>
  (await machine.http.send({ method: "GET", url: `https://${domain}${path}` })).text();

test("the template goes live on a droplet, changes without a dropped request, migrates, and goes back", async () => {
  const first = await deployRelease(options(await build("a1")));
  expect(first).toMatchObject({ number: 1, outcome: "released", reachable: true, migrations: templateMigrations });
  expect(await page()).toContain('<span id="release">1</span>');
  const redirect = await machine.http.send({ method: "GET", url: `https://www.${domain}/about/`, redirect: "manual" });
  expect([redirect.status, redirect.headers["location"]]).toEqual([308, `https://${domain}/about/`]);

  const signed = await machine.http.send({
    method: "POST",
    url: `https://${domain}/accounts/signup/`,
    headers: { "content-type": "application/x-www-form-urlencoded", origin: `https://${domain}` },
    body: "username=kabosu&email=kabosu@example.com&password1=Wow7-such-entropy&password2=Wow7-such-entropy",
    redirect: "manual",
  });
  expect([signed.status, signed.headers["location"]]).toEqual([303, "/accounts/confirm-email/"]);

  writeFileSync(join(folder, "app/migrations/0004_more.sql"), 'ALTER TABLE "user" ADD country text;\n');
  writeFileSync(join(folder, "app/public/style.css"), "body { color: gold }\n");
  const second = await deployRelease(options(await build("b2")));
  expect(second).toMatchObject({ number: 2, slot: "green", migrations: ["0004_more.sql"] });
  expect(second.receipt.failures).toEqual([]);
  expect(second.restorePoint?.bytes).toBeGreaterThan(500);
  expect(await page(stylesheetOf(await page()))).toContain("gold");
  const users = await runInRelease(host, "such-app", ["node", "src/commands/users.ts"]);
  expect(users.stdout).toContain("kabosu");

  const again = await deployRelease(options(second.image));
  expect(again).toMatchObject({ number: 2, outcome: "unchanged" });

  const back = await rollbackRelease(options(second.image));
  expect(back).toMatchObject({ number: 3, outcome: "rolled-back", image: { digest: first.image.digest } });
  expect(await page(stylesheetOf(await page()))).not.toContain("gold");

  const status = await releaseStatus(host, "such-app");
  expect(status.slots.map(({ ready }) => ready)).toEqual([true, false]);
  const lines: string[] = [];
  await releaseLogs(host, "such-app", { onLine: (line) => lines.push(line), tail: 500 });
  expect(lines.join("\n")).toContain('"message":"listening"');
  const ran = await runInRelease(host, "such-app", ["node", "src/migrate.ts", "--list"]);
  expect(ran.stdout).toContain("applied  0001_accounts.sql");

  // Its backups, by the script on the droplet, with the droplet's own PostgreSQL.
  const layout = await projectLayout(host, "such-app");
  const proof = await takeBackup(host, layout);
  expect(proof.tables).toBeGreaterThan(14);
  expect(proof.rows).toBeGreaterThan(9);
  expect(await verifyBackup(host, layout, second.restorePoint?.file)).toMatchObject({ tables: proof.tables });
  const { before } = await restoreBackup(host, layout, proof.file);
  expect(before).toMatch(/^such_before_/);
  expect((await runInRelease(host, "such-app", ["node", "src/commands/users.ts"])).stdout).toContain("kabosu");
  await runScheduledBackup(host, layout);
  const seen = await inspectEnvironment({ host, clock: machine.clock, project: "such-app", staleHours: 26 });
  expect(seen.backup).toMatchObject({ ok: true, offsite: false, backup: { tables: proof.tables } });
  expect(seen.findings.filter(({ severity }) => severity === "error")).toEqual([]);
  expect(seen.certificate?.notAfter.getTime()).toBeGreaterThan(Date.now());

  // The maintenance page, and back; the droplet's edge keeps it on its disk.
  const about = { host, clock: machine.clock, project: "such-app", owner: "ada" };
  await setMaintenance({ ...about, message: "Such <work> {so} wow" });
  const closed = await machine.http.send({ method: "GET", url: `https://${domain}/` });
  expect([closed.status, closed.headers["retry-after"]]).toEqual([503, "120"]);
  expect(closed.text()).toContain("<p>Such &#60;work&#62; &#123;so&#125; wow</p>");
  await setMaintenance({ ...about, message: undefined });
  expect(await page()).toContain('id="sign-up-link"');
  const argv = await releaseCommand(host, "such-app", ["node", "-p", "process.env.DOGE_RELEASE"], { kind: "run" });
  expect((await host.run({ argv })).stdout.trim()).toBe("3");
  expect((await host.run({ argv: ["crontab", "-l"] })).stdout).toContain("17 3 * * * flock");
  expect(JSON.stringify(events)).not.toContain(canary);
}, 300_000);
