/** One suite over the three executors, by the real binary: HCP Terraform's runs, our engine, the real terraform. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeMachine } from "../packages/core/src/node/index.ts";
import { providers } from "../packages/workflow/src/index.ts";
import { type ProviderServer, serveProviders } from "../tools/provider-server/server.ts";
import { openSandbox, type Sandbox, type Sandboxed } from "./support/project.ts";

const machine = nodeMachine();
const names = ["hcp", "native", "terraform"] as const;
const present = (await machine.processes.which("terraform")) !== undefined;
if (!present) console.warn("terraform is not on this machine: its executor is not tested");

let sandbox: Sandbox;
let server: ProviderServer;
let project: Sandboxed;
beforeAll(async () => {
  sandbox = await openSandbox();
  const own = machine.withEnv({ ...process.env, ...sandbox.endpoints });
  const { http, clock, env } = own;
  server = await serveProviders(providers, { http, clock, env, emit: () => undefined });
  project = sandbox.project("thrice", {}, { TF_REATTACH_PROVIDERS: server.reattach });
  await project.run(["apply", "meta", "--yes"]);
});
afterAll(async () => {
  server?.stop();
  await sandbox?.stop();
});

const only = ["--target", "tls_private_key.deploy"];
const others = (name: string): readonly string[] =>
  names.filter((one) => one !== name && (present || one !== "terraform"));

describe.each(names.map((name) => [name] as const))("executor %s", (name) => {
  const here = present || name !== "terraform";
  const by = ["--executor", name];

  test.runIf(here)("a plan tells what it would do, and does nothing", async () => {
    expect(await project.data(["plan", "base", ...only, ...by])).toMatchObject({
      workspace: "base",
      counts: { add: 1, change: 0, destroy: 0 },
      hasChanges: true,
      changes: [{ address: "tls_private_key.deploy", action: "create" }],
      text: expect.stringContaining("# tls_private_key.deploy will be created"),
    });
    expect(await project.data(["plan", "base", ...only, ...by])).toMatchObject({ counts: { add: 1 } });
    expect((await project.run(["plan", "base", ...only, ...by, "--detailed-exitcode"], 3)).stderr).not.toContain(
      "Error",
    );
  });

  test.runIf(here)("an apply does it, and every executor finds nothing left to do", async () => {
    expect(await project.data(["apply", "base", "--yes", ...only, ...by])).toMatchObject({ counts: { add: 1 } });
    expect((await project.run(["output", "base", "deploy_private_key"])).stdout).toContain("PRIVATE KEY");
    for (const other of [name, ...others(name)]) {
      const { stdout } = await project.run(["plan", "base", ...only, "--executor", other]);
      expect(`${other}: ${stdout}`).toContain("No changes");
    }
  });

  test.runIf(here)("a saved plan is applied exactly, and never twice", async () => {
    await project.run(["plan", "base", ...only, ...by, "--replace", "tls_private_key.deploy", "--out", "again.plan"]);
    const before = (await project.run(["output", "base", "deploy_private_key"])).stdout;
    expect(await project.data(["apply", "again.plan", "--yes"])).toMatchObject({ counts: { add: 1, destroy: 1 } });
    expect((await project.run(["output", "base", "deploy_private_key"])).stdout).not.toBe(before);
    expect((await project.run(["apply", "again.plan", "--yes"], 1)).stderr).toMatch(/\[plan-(moved|stale)\]/);
  });

  test.runIf(here)("a wrong configuration is told by file and name", async () => {
    const folder = join(project.folder, "infra/base");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "own.tf.json"), JSON.stringify({ output: { wrong: { value: "${local.absent}" } } }));
    const { stderr } = await project.run(["plan", "base", ...by], 1);
    rmSync(folder, { recursive: true });
    expect(stderr).toContain("own.tf.json");
    expect(stderr).toContain("absent");
  });

  test.runIf(here)("files beside the configuration can be read", async () => {
    const folder = join(project.folder, "infra/base");
    mkdirSync(join(folder, "words"), { recursive: true });
    writeFileSync(join(folder, "words/greeting.tpl"), "hello ${name}");
    writeFileSync(join(folder, "words/bytes"), Buffer.from([0, 255, 10]));
    writeFileSync(
      join(folder, "own.tf"),
      `resource "terraform_data" "read" {
         input = [templatefile("\${path.module}/words/greeting.tpl", { name = "doge" }), filebase64("words/bytes")]
       }`,
    );
    const planned = (await project.data(["plan", "base", "--target", "terraform_data.read", ...by])) as {
      text: string;
    };
    rmSync(folder, { recursive: true });
    expect(planned.text).toContain("hello doge");
    expect(planned.text).toContain("AP8K");
  });

  test.runIf(here)("a destroy takes it away", async () => {
    await project.run(["destroy", "base", "--yes", ...only, ...by]);
    expect(await project.data(["state", "list", "base"])).toMatchObject({ objects: [] });
  });
});
