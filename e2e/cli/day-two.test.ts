/** What follows the first deploy, by the real binary against the local cloud: rollback, `doge up` again, rotated keys. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { doge } from "../tool.ts";
import { openSandbox, type Sandbox, type Sandboxed } from "../support/project.ts";
import { commitVersion, git, smallAppConfig, valueIn, writeSmallApp } from "../support/small-app.ts";

let sandbox: Sandbox;
let project: Sandboxed;

interface Answer {
  readonly version: string;
  readonly keys: readonly string[];
  readonly reencrypted: number;
}

/** What the release that serves says of itself. */
const serves = async (environment: string): Promise<Answer> =>
  JSON.parse((await project.run(["exec", environment, "node", "ask.mjs"])).stdout) as Answer;

beforeAll(async () => {
  sandbox = await openSandbox();
  const previousKey = { variable: "SECRET_KEY_PREVIOUS", reencrypt: ["node", "reencrypt.mjs"] };
  project = sandbox.project("small", { ...smallAppConfig, app: { ...smallAppConfig.app, previousKey } });
  writeSmallApp(project.folder);
  await project.run(["up"]);
}, 300_000);
afterAll(() => sandbox?.stop());

/** As a merge of both pull requests leaves the branches. */
function merged(version: string): void {
  commitVersion(project.folder, version);
  const server = new URL(project.env["GITHUB_SERVER_URL"] ?? "");
  [server.username, server.password] = ["ada", project.env["GITHUB_TOKEN"] ?? ""];
  git(project.folder, "push", "--quiet", `${server.href}doge/small.git`, "main", "main:stage");
}

test("another version's cloud-init replaces no droplet, with its database", async () => {
  const file = join(project.folder, "doge.config.ts");
  const before = readFileSync(file, "utf8");
  // What the first boot reads, changed as a later version of Doge would change it.
  writeFileSync(file, before.replace("export default {", 'export default {"ssh":{"user":"somebody"},'));
  expect((await project.run(["plan", "prod"])).stdout).not.toContain("digitalocean_droplet");
  writeFileSync(file, before);
  const { stdout } = await project.run(["plan", "prod", "--replace", "digitalocean_droplet.this"]);
  expect(stdout).toContain("# digitalocean_droplet.this will be replaced, as requested");
});

test("doge up leaves what was rolled back and says so; a commit that mends it is deployed", async () => {
  expect(await serves("stage")).toMatchObject({ version: "1" });
  merged("2");
  await project.run(["up"]);
  expect(await serves("stage")).toMatchObject({ version: "2" });
  expect(await serves("prod")).toMatchObject({ version: "2" });

  expect((await project.run(["rollback", "prod"])).stdout).toContain("rolled back: it stays");
  expect(await serves("prod")).toMatchObject({ version: "1" });
  const again = await project.run(["up"]);
  expect(again.stderr).toContain("The environment stays rolled back");
  expect(again.stdout).toMatch(/^Production +https:\/\/small\.test\/ {2}stays rolled back, to commit [0-9a-f]{7}$/m);
  expect(await serves("prod")).toMatchObject({ version: "1" });
  expect(await serves("stage")).toMatchObject({ version: "2" });
  // The same image again needs to be said.
  expect((await project.run(["deploy", "prod"], 1)).stderr).toContain("[release-rolled-back]");

  merged("3");
  const mended = await project.run(["up"]);
  expect(mended.stderr).not.toContain("rolled back");
  expect(await serves("prod")).toMatchObject({ version: "3" });
  expect(await serves("stage")).toMatchObject({ version: "3" });
}, 300_000);

test("a new SECRET_KEY comes beside the former one, which goes when that is said", async () => {
  const keys = (path: string): readonly (string | undefined)[] =>
    ["SECRET_KEY", "SECRET_KEY_PREVIOUS"].map((key) => valueIn(project.folder, path, key));
  const [production, staging] = [".envs/.production/.app", ".envs/.staging/.app"];
  const first = await project.run(["secrets", "rotate", "SECRET_KEY"]);
  expect(first.stdout).toMatch(/^Made anew: SECRET_KEY\. Keep a copy of \.envs\/\.\n/);
  expect(first.stdout).toMatch(/Nothing needs that from \d{4}-\d\d-\d\d on\.\nNext, then: doge secrets rotate/);
  expect(keys(production)).toEqual([expect.stringMatching(/^[\w-]{64}$/), "production-1"]);
  expect(keys(staging)).toEqual([expect.stringMatching(/^[\w-]{64}$/), "staging-1"]);
  // Encrypted anew where both keys are known, once in each environment's new release.
  expect(await serves("prod")).toEqual({ version: "3", keys: keys(production), reencrypted: 1 });
  expect(await serves("stage")).toEqual({ version: "3", keys: keys(staging), reencrypted: 1 });
  expect(first.stdout + first.stderr).not.toContain(keys(production)[0]);

  const [newest] = keys(production);
  expect((await project.run(["secrets", "rotate", "--finish"], 1)).stderr).toContain("[unconfirmed]");
  const finished = await project.run(["secrets", "rotate", "SECRET_KEY", "--finish", "--yes"]);
  expect(finished.stdout).toMatch(/^The former SECRET_KEY is forgotten\./);
  expect(keys(production)).toEqual([newest, undefined]);
  expect(await serves("prod")).toEqual({ version: "3", keys: [newest], reencrypted: 0 });
  expect((await serves("stage")).keys).toEqual([keys(staging)[0]]);
}, 300_000);

test("backups that fail turn doge status and the deploy job red, and hide no release", async () => {
  const commit = git(project.folder, "rev-parse", "HEAD").trim();
  const job = { GITHUB_EVENT_NAME: "push", GITHUB_SHA: commit, GITHUB_REF_NAME: "stage", GITHUB_ACTOR: "ada" };
  const deploys = () => doge(["ci", "deploy"], { cwd: project.folder, env: { ...project.env, ...job } });
  expect((await deploys()).exitCode).toBe(0);

  const noted = { at: new Date().toISOString(), ok: false, offsite: false, detail: "pg_dump failed", backup: null };
  const note = `cd doge/small && mkdir -p backups && echo '${JSON.stringify(noted)}' > backups/status.json`;
  await project.run(["ssh", "stage", note]);
  const status = await project.run(["status"], 1);
  expect(status.stdout).toMatch(/the backup of \d{4}-\d\d-\d\d \d\d:\d\d UTC failed$/m);
  expect(status.stderr).toMatch(/\[backup-failing\][^]*pg_dump failed/);
  const red = await deploys();
  expect(red.exitCode).toBe(1);
  expect(red.stderr).toMatch(/\[backup-failing\][^]*pg_dump failed/);
  expect(await serves("stage")).toMatchObject({ version: "3" });
}, 300_000);
