/** What a person does wrong or meets: each gets a diagnostic with its remedy, and leaves nothing half-made. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { doge, type Ran } from "../tool.ts";
import { rehearse, type Rehearsal } from "./project.ts";

let at: Rehearsal;
let config: string;
let tokens: string;

const inProject = (...words: string[]): Promise<Ran> => doge(words, { cwd: at.project });
const git = (...words: string[]): string =>
  execFileSync("git", ["-c", "user.name=Shibe", "-c", "user.email=shibe@example.com", ...words], {
    cwd: at.project,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });

beforeAll(async () => {
  at = await rehearse();
  config = readFileSync(join(at.project, "doge.config.ts"), "utf8");
  tokens = readFileSync(join(at.project, ".envs/.doge"), "utf8");
});
afterEach(async () => {
  writeFileSync(join(at.project, "doge.config.ts"), config);
  writeFileSync(join(at.project, ".envs/.doge"), tokens);
  await at.control("DELETE", "/faults");
});
afterAll(() => at.remove());

const withSetting = (name: string, value: string): void =>
  writeFileSync(join(at.project, ".envs/.doge"), tokens.replace(new RegExp(`^${name}=.*$`, "m"), `${name}=${value}`));

test("a configuration that can't be read says in which line", async () => {
  writeFileSync(join(at.project, "doge.config.ts"), config.replace('slug: "wow",', 'slug: "wow" "such",'));
  const { exitCode, stderr } = await inProject("validate", "stage");
  expect(exitCode).toBe(1);
  expect(stderr).toContain("[config-unreadable]");
  expect(stderr).toContain(`at ${join(at.project, "doge.config.ts")}:6`);
  expect(stderr).toContain('6 │   slug: "wow" "such",');
});

test("what is wrong in one's own Terraform is all told at once, in the file where it is", async () => {
  const folder = join(at.project, "infra/stage");
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, "own.tf"),
    'locals {\n  a = uper("x")\n  b = 5 + "five"\n}\noutput "c" { value = var.d }\n',
  );
  const { exitCode, stderr } = await inProject("validate", "stage");
  rmSync(join(at.project, "infra/stage/own.tf"));
  expect(exitCode).toBe(1);
  expect(stderr.match(/at infra\/stage\/own\.tf:\d+:\d+/g)).toEqual(
    [5, 2, 3].map((line) => `at infra/stage/own.tf:${line}:${line === 5 ? 14 : 3}`),
  );
  expect(stderr).toContain('2 │   a = uper("x")');
  expect(stderr).toContain('→ Did you mean "upper"?');
});

test("where nothing is installed the configuration is read all the same; what else it imports is missed by name", async () => {
  const installed = join(at.project, "node_modules");
  if (existsSync(installed)) renameSync(installed, `${installed}.away`);
  expect(await inProject("validate", "stage")).toMatchObject({ exitCode: 0 });
  writeFileSync(join(at.project, "doge.config.ts"), `import "such-module";\n${config}`);
  expect(await inProject("validate", "stage")).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/Cannot find package 'such-module'[\s\S]*→ Run npm ci first/),
  });
  if (existsSync(`${installed}.away`)) renameSync(`${installed}.away`, installed);
});

test("a wrong key gets the nearest right one, and a wrong value its rule, both at once", async () => {
  writeFileSync(join(at.project, "doge.config.ts"), config.replace("domain: ", "domian: "));
  const { exitCode, stderr } = await inProject("plan", "stage");
  expect(exitCode).toBe(1);
  expect(stderr).toContain('domian in doge.config.ts\n│ → Did you mean "domain"?');
  expect(stderr).toContain("[config-invalid]");
});

test("a missing token says where to make one and where to write it", async () => {
  withSetting("GITHUB_TOKEN", "");
  expect(await inProject("up")).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/GITHUB_TOKEN: .*\n│ → Make one \(.*\) and write GITHUB_TOKEN=… into \.envs\/\.doge/),
  });
});

test("a refused token is named by the setting that holds it", async () => {
  for (const name of ["TF_API_TOKEN", "DIGITALOCEAN_TOKEN", "GITHUB_TOKEN"]) {
    withSetting(name, "wrong");
    const { exitCode, stderr } = await inProject("doctor");
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(new RegExp(`refused the token.*(\\n│.*)*→ .*${name}`));
    expect(stderr).not.toContain("wrong");
  }
});

test("a token without scope: what is missing, and where to add it", async () => {
  // GitHub as it answers to such a token: the same, but for the header that names the scopes.
  const server = createServer((request, response) => {
    void at.github(request.method as string, (request.url as string).replace("/api/v3", "")).then(async (answer) => {
      response.writeHead(answer.status, { "content-type": "application/json", "x-oauth-scopes": "read:org" });
      response.end(await answer.text());
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  withSetting("GITHUB_API_URL", `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v3`);
  const { exitCode, stderr } = await inProject("doctor");
  server.close();
  expect(exitCode).toBe(1);
  expect(stderr).toContain("The GitHub token lacks scopes [token-scope]");
  expect(stderr).toContain("repo, workflow, write:packages");
});

test("a domain that is not delegated", async () => {
  await at.control("POST", "/undelegate", { domain: "wow.localhost" });
  const { exitCode, stderr } = await inProject("doctor");
  await at.control("POST", "/undelegate", { domain: "wow.localhost", undelegated: false });
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/\[domain-not-delegated\](\n│.*)*→ At your registrar.*ns1\.digitalocean\.com/);
});

test("a repository name that is taken: nothing is pushed over it, and the remedy helps", async () => {
  await at.github("POST", "/user/repos", { name: "wow", auto_init: true });
  const { exitCode, stderr } = await inProject("repo", "create");
  expect(exitCode).toBe(1);
  expect(stderr).toContain("[repository-taken]");
  await at.github("DELETE", "/repos/doge/wow");
  expect((await inProject("repo", "create")).exitCode).toBe(0);
});

test("a server that is busy for a moment is asked again, by git too", async () => {
  await at.control("POST", "/faults", { service: "github", path: "/info/refs", effect: 503, times: 2 });
  await at.control("POST", "/faults", { service: "github", path: "/user$", effect: 429, retryAfter: 1, times: 2 });
  expect(await inProject("repo", "create")).toMatchObject({ exitCode: 0 });
});

test("git's hooks are there with the repository, and keep env files out of commits", async () => {
  expect(git("config", "core.hooksPath").trim()).toBe(".githooks");
  git("add", "--force", ".envs/.doge");
  expect(() => git("commit", "--message", "Oh no")).toThrow(/\.envs\/\.doge.*must not be committed/);
  git("reset", "--quiet");
});

test("a dirty tree names its files whole", async () => {
  appendFileSync(join(at.project, "README.md"), "dirt\n");
  const { exitCode, stderr } = await inProject("repo", "create");
  git("checkout", "--", "README.md");
  expect(exitCode).toBe(1);
  expect(stderr).toContain("│ README.md: ");
});

test("a commit that git does not know", async () => {
  expect(await inProject("deploy", "stage", "--ref", "nope")).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("[ref-unknown]"),
  });
});

test("with the network down every check of the doctor says which service gave no answer", async () => {
  await doge(["cloud", "down", "--folder", at.cloud]);
  const { exitCode, stdout, stderr } = await inProject("doctor");
  // Its ports are ephemeral ones: while it was down, a test beside this one may have got one for a moment.
  await expect
    .poll(() => doge(["cloud", "up", "--folder", at.cloud, "--port", "0"]), { timeout: 90_000, interval: 2_000 })
    .toMatchObject({ exitCode: 0 });
  expect(exitCode).toBe(1);
  expect(stdout).toContain("5 of 9 must be mended first.");
  expect(stderr.match(/\[[a-z]+-unreachable\]/g)).toEqual([
    "[digitalocean-unreachable]",
    "[spaces-unreachable]",
    "[github-unreachable]",
    "[tfe-unreachable]",
    "[dns-unreachable]",
  ]);
  expect(stderr).not.toContain("[internal]");
  expect((await inProject("doctor")).exitCode).toBe(0);
}, 180_000);
