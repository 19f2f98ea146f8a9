/** Commands over states and saved plans, by the real binary, over every place where a state may live. */
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openSandbox, type Sandbox, type Sandboxed } from "../support/project.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await openSandbox();
});
afterAll(() => sandbox?.stop());

const key = (): string => randomBytes(32).toString("base64");
const target = ["--target", "tls_private_key.deploy"];
const addresses = async (project: Sandboxed): Promise<readonly string[]> =>
  ((await project.data(["state", "list", "base"])) as { objects: { address: string }[] }).objects.map((o) => o.address);

describe.each([
  ["a folder", { backend: "folder" }],
  ["a bucket", { backend: "spaces" }],
  ["HCP Terraform", { backend: "hcp" }],
] as const)("with the state in %s", (_, state) => {
  let project: Sandboxed;
  beforeAll(async () => {
    const env = { DOGE_STATE_KEY: key() };
    project = sandbox.project(`in-${state.backend}`, { executor: "native", state }, env);
    if (state.backend === "hcp") await project.run(["apply", "meta", "--yes"]);
    await project.run(["apply", "base", "--yes", ...target]);
  });

  test("list, show, output, pull", async () => {
    expect(await addresses(project)).toEqual(["tls_private_key.deploy"]);
    const { stdout } = await project.run(["state", "show", "base", "tls_private_key.deploy"]);
    expect(stdout).toMatch(/^# tls_private_key\.deploy:\nresource "tls_private_key" "deploy" \{/);
    expect(stdout).toMatch(/ {4}private_key_pem +\s*= \(sensitive value\)/);
    expect((await project.run(["state", "show", "base", "tls_private_key.deplyo"], 1)).stderr).toContain(
      "Did you mean tls_private_key.deploy?",
    );
    const pulled = JSON.parse((await project.run(["state", "pull", "base"])).stdout) as object;
    expect(pulled).toMatchObject({ version: 4, resources: [{ type: "tls_private_key" }] });
    expect((await project.run(["output", "base"])).stdout).toBe("deploy_private_key = (sensitive value)\n");
    expect((await project.run(["output", "base", "deploy_private_key"])).stdout).toContain("BEGIN OPENSSH PRIVATE KEY");
    expect((await project.run(["output", "base", "deploy_privat_key"], 1)).stderr).toContain("Did you mean");
    expect(await project.data(["show", "base"])).toMatchObject({
      format_version: "1.0",
      values: { root_module: { resources: [{ address: "tls_private_key.deploy" }] } },
    });
  });

  test("mv, rm, push, taint, untaint", async () => {
    await project.run(["state", "mv", "base", "tls_private_key.deploy", 'tls_private_key.other["a"]']);
    expect(await addresses(project)).toEqual(['tls_private_key.other["a"]']);
    expect((await project.run(["state", "mv", "base", "tls_private_key.other", "tls_x.y"], 1)).stderr).toContain(
      "[state-move]",
    );
    await project.run(["state", "mv", "base", 'tls_private_key.other["a"]', "tls_private_key.deploy"]);
    await project.run(["taint", "base", "tls_private_key.deploy"]);
    expect((await project.run(["plan", "base", ...target])).stdout).toContain("must be replaced");
    await project.run(["untaint", "base", "tls_private_key.deploy"]);
    expect((await project.run(["plan", "base", ...target])).stdout).toContain("No changes");

    const file = join(project.folder, "pulled.tfstate");
    await project.run(["state", "pull", "base", "--out", file]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await project.run(["state", "rm", "base", "tls_private_key.deploy"]);
    expect(await addresses(project)).toEqual([]);
    expect((await project.run(["state", "push", "base", file], 1)).stderr).toContain("[state-conflict]");
    await project.run(["state", "push", "base", file, "--force"]);
    expect((await project.run(["plan", "base", ...target])).stdout).toContain("No changes");
  });

  test("a saved plan is applied as it is, once, and never when anything moved", async () => {
    const file = join(project.folder, "base.plan");
    const save = ["plan", "base", ...target, "--replace", "tls_private_key.deploy", "--out", "base.plan"];
    expect((await project.run(save)).stdout).toContain("Next: doge apply base.plan");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, "utf8")).not.toContain("PRIVATE KEY");
    expect(await project.data(["show", "base.plan"])).toMatchObject({
      format_version: "1.2",
      resource_changes: [{ address: "tls_private_key.deploy", change: { actions: ["delete", "create"] } }],
    });

    const sealed = readFileSync(file, "utf8");
    const at = sealed.indexOf('"data":"') + 100;
    writeFileSync(file, sealed.slice(0, at) + (sealed[at] === "A" ? "B" : "A") + sealed.slice(at + 1));
    expect((await project.run(["apply", "base.plan", "--yes"], 1)).stderr).toContain("Sealed content was altered");
    writeFileSync(file, JSON.stringify({ format: "doge-plan/2" }));
    expect((await project.run(["apply", "base.plan", "--yes"], 1)).stderr).toContain("[seal-missing]");
    writeFileSync(file, sealed);

    const config = join(project.folder, "doge.config.ts");
    const before = readFileSync(config, "utf8");
    writeFileSync(config, before.replace(/"name":"[^"]*"/, '"name":"Another"'));
    expect((await project.run(["apply", "base.plan", "--yes"], 1)).stderr).toContain("file main.tf.json changed");
    writeFileSync(config, before);

    await project.run(["apply", "base.plan", "--yes"]);
    expect((await project.run(["apply", "base.plan", "--yes"], 1)).stderr).toMatch(
      /object tls_private_key\.deploy changed|\[plan-stale\]/,
    );
  });

  test("a lock that is held is named, and broken only by its id", async () => {
    expect((await project.run(["force-unlock", "base", "nobody"], 1)).stderr).toContain("[lease-other]");
  });

  test("nothing at rest on this machine tells a secret", () => {
    const files = readdirSync(join(project.folder, ".doge"), { recursive: true, withFileTypes: true });
    for (const file of files.filter((one) => one.isFile() && !one.parentPath.includes("terraform"))) {
      expect(readFileSync(join(file.parentPath, file.name), "utf8")).not.toContain("PRIVATE KEY");
    }
  });
});

test("an object that is there already is imported, and then belongs to the workspace", async () => {
  const project = sandbox.project("imports", { executor: "native", state: { backend: "folder" } });
  const answer = await fetch(`${sandbox.endpoints["DIGITALOCEAN_API_URL"]}/v2/domains`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${sandbox.endpoints["DIGITALOCEAN_TOKEN"]}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ name: "imports.test" }),
  });
  expect(answer.status).toBe(201);
  const domain = ["base", "digitalocean_domain.this"];
  // Without being asked, nothing that was there before is taken.
  expect((await project.run(["apply", "base", "--yes", "--target", "digitalocean_domain.this"], 1)).stderr).toContain(
    "digitalocean_domain.this",
  );
  await project.run(["import", ...domain, "imports.test", "--yes"]);
  expect(await addresses(project)).toEqual(["digitalocean_domain.this"]);
  expect((await project.run(["plan", "base", "--target", "digitalocean_domain.this"])).stdout).toContain("No changes");
});

test("an ephemeral variable is no part of a saved plan: it is given again, and it alone", async () => {
  const project = sandbox.project("ephemeral", { executor: "native", state: { backend: "folder" } });
  mkdirSync(join(project.folder, "infra/base"), { recursive: true });
  writeFileSync(
    join(project.folder, "infra/base/session.tf"),
    'variable "session" {\n  type      = string\n  ephemeral = true\n}\nvariable "plain" {\n  default = "p"\n}\n',
  );
  await project.run(["plan", "base", ...target, "--var", "session=once", "--out", "base.plan"]);
  expect((await project.run(["apply", "base.plan", "--yes"], 1)).stderr).toContain("No value for required variable");
  const fixed = ["--var", "session=again", "--var", "plain=other"];
  expect((await project.run(["apply", "base.plan", "--yes", ...fixed], 1)).stderr).toContain("[plan-variables]");
  await project.run(["apply", "base.plan", "--yes", "--var", "session=again"]);
  expect(await addresses(project)).toEqual(["tls_private_key.deploy"]);
});

describe("runs in HCP Terraform", () => {
  let project: Sandboxed;
  beforeAll(async () => {
    project = sandbox.project("remote");
    await project.run(["apply", "meta", "--yes"]);
  });

  test("a plan that HCP keeps is applied by another command", async () => {
    await project.run(["plan", "base", ...target, "--out", "base.plan"]);
    await project.run(["apply", "base.plan", "--yes"]);
    expect(await addresses(project)).toEqual(["tls_private_key.deploy"]);
    expect((await project.run(["apply", "base.plan", "--yes"], 1)).stderr).toContain("[plan-moved]");
  });

  test("the executor can be chosen for one command, and goes on from the other's state", async () => {
    const { stdout } = await project.run(["plan", "base", ...target, "--executor", "native"]);
    expect(stdout).toContain("No changes");
    expect((await project.run(["plan", "base", "--executor", "nativ"], 2)).stderr).toContain("hcp, native");
  });
});
