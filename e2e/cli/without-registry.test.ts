/** A project without a registry, by the real binary: images go to the droplets over SSH, and from staging's to production. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nodeMachine } from "../../packages/core/src/node/index.ts";
import { writeApp } from "../support/conformance/app.ts";
import { openSandbox, type Sandbox, type Sandboxed } from "../support/project.ts";
import { doge, tool } from "../tool.ts";

const domain = "wow.test";
let sandbox: Sandbox;
let project: Sandboxed;

interface Sent {
  readonly bytes: number;
  readonly blobs: number;
  readonly present: number;
}
interface Deployed {
  readonly environment: string;
  readonly release: number;
  readonly digest: string;
  readonly unchanged: boolean;
  readonly lines: readonly string[];
  readonly record: { readonly image: { readonly reference: string }; readonly receipt: { readonly sent?: Sent } };
}

const compose = `name: services
services:
  caddy:
    image: caddy:2.10
    restart: unless-stopped
    command: caddy run --config /etc/caddy/caddy.json
    ports: ["80:80", "443:443", "443:443/udp", "127.0.0.1:2019:2019"]
    volumes: ["./edge:/etc/caddy:ro", "caddy-data:/data", "caddy-config:/config"]
    networks: [doge]
networks: { doge: { name: doge } }
volumes: { caddy-data: {}, caddy-config: {} }
`;

beforeAll(async () => {
  sandbox = await openSandbox();
  project = sandbox.project("wow", {
    registry: "none",
    environments: { stage: { soakSeconds: 1 }, prod: { soakSeconds: 1 } },
    app: { migrate: null, pending: null, alive: "/readyz" },
    backups: { schedule: null },
  });
  writeApp(project.folder);
  writeFileSync(join(project.folder, "compose.production.yaml"), compose);
  writeFileSync(join(project.folder, ".gitignore"), ".envs/\n.doge/\n");
  mkdirSync(join(project.folder, ".envs/.production"), { recursive: true });
  writeFileSync(join(project.folder, ".envs/.production/.app"), "WOW=such\n");
  await git("init", "--quiet", "--initial-branch", "main");
  await commit("First commit [skip ci]");
});
afterAll(() => sandbox?.stop());

const { processes } = nodeMachine();
async function git(...words: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await processes.run({
    argv: ["git", "-c", "user.name=ada", "-c", "user.email=ada@such.test", ...words],
    cwd: project.folder,
  });
  if (exitCode !== 0) throw new Error(`git ${words.join(" ")}: ${stderr}`);
  return stdout.trim();
}
async function commit(message: string): Promise<void> {
  await git("add", "--all");
  await git("commit", "--quiet", "--message", message);
}
const change = async (name: string, content: string | Uint8Array): Promise<void> => {
  writeFileSync(join(project.folder, name), content);
  await commit(`Change ${name}`);
};
const answer = async (word: string): Promise<void> => {
  const server = readFileSync(join(project.folder, "server.mjs"), "utf8");
  await change(
    "server.mjs",
    server.replace(/response\.end\((?:"[^"]*" \+ )?RELEASE/, `response.end("${word} " + RELEASE`),
  );
};
const page = async (host: string): Promise<string> =>
  (await nodeMachine({ ...process.env, ...project.env }).http.send({ method: "GET", url: `https://${host}/` })).text();
const deploy = (...words: readonly string[]) => project.data(["deploy", ...words]) as Promise<Deployed>;

let first: Deployed;
let second: Deployed;

test("a new project may be of this kind: its jobs need no right to packages", async () => {
  const made = async (
    ...words: readonly string[]
  ): Promise<{ readonly config: string; readonly workflows: string }> => {
    const folder = join(project.folder, `../new${words.length}`);
    await project.run(["new", folder, "--yes", "--no-install", "--domain", "much.test", "--owner", "me", ...words]);
    const read = (path: string): string => readFileSync(join(folder, path), "utf8");
    const workflows = ["deploy", "plan"].map((name) => read(`.github/workflows/${name}.yml`)).join("");
    return { config: read("doge.config.ts"), workflows };
  };
  const [without, usual] = [await made("--registry", "none"), await made()];
  expect(without.config).toContain('registry: "none"');
  expect(without.workflows).not.toContain("packages: write");
  expect(without.workflows).toContain("permissions:\n  contents: read\n  pull-requests: write\n");
  expect(usual.config).not.toContain("registry");
  expect(usual.workflows).toContain("  packages: write\n");

  const before = join(project.folder, "../adopted");
  mkdirSync(before);
  writeFileSync(join(before, "Dockerfile"), "FROM scratch\n");
  const words = ["adopt", "--yes", "--no-install", "--domain", "very.test", "--owner", "me", "--registry", "none"];
  const adopted = await doge(words, { cwd: before, env: project.env });
  expect(adopted.exitCode === 0 ? "" : adopted.stderr).toBe("");
  expect(readFileSync(join(before, "doge.config.ts"), "utf8")).toContain('registry: "none"');
  expect(readFileSync(join(before, ".github/workflows/doge-deploy.yml"), "utf8")).not.toContain("packages: write");
});

test("up takes a project from nothing to staging and production, and no registry has heard of it", async () => {
  await answer("such");
  const { deploys } = (await project.data(["up"])) as { readonly deploys: readonly Deployed[] };
  expect(deploys.map(({ environment, release, unchanged }) => [environment, release, unchanged])).toEqual([
    ["stage", 1, false],
    ["prod", 1, false],
  ]);
  const [stage, prod] = deploys;
  expect(prod?.digest).toBe(stage?.digest);
  expect(stage?.record.image.reference).toBe(`droplet.invalid/doge/wow@${stage?.digest}`);
  for (const { record, lines } of deploys) {
    expect(record.receipt.sent).toMatchObject({ present: 0 });
    expect(record.receipt.sent?.bytes).toBeGreaterThan(1_000);
    expect(lines.join("\n")).toMatch(/sent over SSH: (\d+) of \1 parts, [\d.]+ [kM]B/);
  }
  expect([await page(`staging.${domain}`), await page(domain)]).toEqual(["such none", "such none"]);
  const packages = await fetch(`${project.env["GITHUB_API_URL"]}/users/doge/packages?package_type=container`, {
    headers: { authorization: `Bearer ${project.env["GITHUB_TOKEN"]}` },
  });
  expect(await packages.json()).toEqual([]);
  if (stage) first = stage;

  const again = (await project.data(["up"])) as { readonly deploys: readonly Deployed[] };
  expect(again.deploys.map(({ unchanged }) => unchanged)).toEqual([true, true]);
}, 240_000);

test("the next deploy sends what changed: the app's layer and the configuration", async () => {
  await answer("much");
  second = await deploy("stage");
  const { sent } = second.record.receipt;
  expect(sent?.blobs).toBe(2);
  expect(sent?.present).toBe((first.record.receipt.sent?.blobs ?? 0) - 2);
  expect(sent?.bytes).toBeLessThan(10_000);
  expect([await page(`staging.${domain}`), await page(domain)]).toEqual(["much none", "such none"]);
}, 120_000);

test("production refuses what was not live on staging, and takes it from there, into a job that has nothing", async () => {
  await answer("very");
  const refused = await doge(["deploy", "prod"], { cwd: project.folder, env: project.env });
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain("[image-unproven]");
  await git("reset", "--quiet", "--hard", "HEAD^");

  // A runner: a clone, and what the workflow hands over.
  const clone = join(project.folder, "../runner");
  await git("clone", "--quiet", project.folder, clone);
  cpSync(join(project.folder, ".git/config"), join(clone, ".git/config"));
  const secrets = { PROD_APP: Buffer.from("WOW=such\n").toString("base64") };
  const env = {
    ...project.env,
    GITHUB_ACTIONS: "true",
    GITHUB_EVENT_NAME: "push",
    GITHUB_REF_NAME: "main",
    GITHUB_SHA: await git("rev-parse", "HEAD"),
    GITHUB_ACTOR: "ada",
    DOGE_ENV_FILES: JSON.stringify(secrets),
    SSH_KEY: (await project.run(["output", "base", "deploy_private_key"])).stdout,
  };
  const { exitCode, stdout, stderr } = await doge(["ci", "deploy", "--json"], { cwd: clone, env });
  expect(exitCode === 0 ? "" : stderr + stdout).toBe("");
  const { data } = JSON.parse(stdout) as { readonly data: Deployed };
  expect(data).toMatchObject({ environment: "prod", release: 2, digest: second.digest });
  expect(data.record.receipt.sent).toMatchObject({ blobs: 2 });
  expect(stderr).toContain(`found ${second.digest.slice(0, 19)}`);
  expect(await page(domain)).toBe("much none");
  rmSync(clone, { recursive: true });
}, 120_000);

test("a rollback needs nothing but the droplet, and status finds nothing wrong", async () => {
  const back = (await project.data(["rollback", "prod"])) as Deployed;
  expect(back).toMatchObject({ release: 3, digest: first.digest });
  expect(back.record.receipt.sent).toBeUndefined();
  expect(await page(domain)).toBe("such none");
  const { stdout } = await project.run(["status", "--json"]);
  expect(stdout).not.toMatch(/release-(drift|down|leftover)/);
  expect(stdout).toMatch(/2 images on the droplet, [\d.]+ MB: no registry/);
}, 120_000);

test("killed in the middle of sending, the next one sends the rest", async () => {
  // What does not compress, and takes its time.
  const size = 48_000_000;
  await change("large.bin", randomBytes(size));
  const child = spawn(tool, ["deploy", "stage"], {
    cwd: project.folder,
    env: { ...process.env, ...project.env, NO_COLOR: "1" },
    stdio: "ignore",
  });
  const exited = once(child, "exit");
  // On the droplets' disks.
  const arrived = (): readonly number[] =>
    globSync("../cloud/droplet/*/disk/home/deployer/doge/wow/images/incoming/*", { cwd: project.folder }).map(
      (path) => statSync(join(project.folder, path), { throwIfNoEntry: false })?.size ?? 0,
    );
  await expect
    .poll(arrived, { timeout: 60_000, interval: 2 })
    .toEqual([expect.toSatisfy((n: number) => n > 2_000_000)]);
  child.kill("SIGKILL");
  expect(await exited).toEqual([null, "SIGKILL"]);
  expect(await page(`staging.${domain}`)).toBe("much none");
  await project.run(["lease", "break", "stage"]);
  const { record } = await deploy("stage");
  const { bytes, blobs } = record.receipt.sent ?? { bytes: 0, blobs: 0 };
  // The layer; the configuration, of a few kilobytes, where it had not arrived yet.
  expect([1, 2]).toContain(blobs);
  expect(bytes).toBeGreaterThan(0);
  expect(bytes).toBeLessThan(size - 1_900_000);
}, 240_000);

test("a live project gets a registry, and goes without one again: deploys and rollbacks go on", async () => {
  const keep = async (where: "github" | "none"): Promise<void> => {
    const config = readFileSync(join(project.folder, "doge.config.ts"), "utf8");
    const without = config.replace('"registry":"none",', "");
    await change("doge.config.ts", where === "none" ? without.replace("{", '{"registry":"none",') : without);
  };
  rmSync(join(project.folder, "large.bin"));
  await keep("github");
  await answer("wow");
  const [stage, prod] = [await deploy("stage"), await deploy("prod")];
  expect(stage.record.image.reference).not.toContain("droplet.invalid");
  expect(stage.record.receipt.sent).toBeUndefined();
  expect([prod.digest, await page(domain)]).toEqual([stage.digest, "wow none"]);
  // The release before it came over SSH: its image is where it was.
  const back = (await project.data(["rollback", "prod"])) as Deployed;
  expect([back.digest, await page(domain)]).toEqual([first.digest, "such none"]);

  await keep("none");
  await answer("many");
  const sent = [await deploy("stage"), await deploy("prod")];
  for (const { record } of sent) expect(record.image.reference).toContain("droplet.invalid");
  expect(await page(domain)).toBe("many none");
  const again = (await project.data(["rollback", "prod", String(prod.release)])) as Deployed;
  expect([again.digest, await page(domain)]).toEqual([prod.digest, "wow none"]);
}, 240_000);
