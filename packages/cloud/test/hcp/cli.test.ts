/** The real terraform with a `cloud {}` block against the stand-in, the runs carried out by the real terraform too. */
import { mkdtempSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeProcesses } from "@doge/core/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { organization, startHcp, token, type TestHcp } from "./kit.ts";
import { realTerraform } from "./runners.ts";

const terraformThere = (await nodeProcesses.which("terraform")) !== undefined;

describe.skipIf(!terraformThere)("terraform CLI with a cloud block (skipped where terraform is not installed)", () => {
  let hcp: TestHcp;
  let folder: string;
  const terraform = async (...args: [string, ...string[]]) => {
    const env = { TF_CLI_CONFIG_FILE: join(folder, "cli.tfrc"), TF_INPUT: "0", CHECKPOINT_DISABLE: "1" };
    const result = await nodeProcesses.run({ argv: ["terraform", ...args], cwd: folder, env });
    return { ...result, output: result.stdout + result.stderr };
  };

  beforeAll(async () => {
    hcp = await startHcp(realTerraform());
    folder = mkdtempSync(join(tmpdir(), "doge-cloud-block-"));
    const v2 = `${hcp.url}/api/v2/`;
    await writeFile(
      join(folder, "cli.tfrc"),
      `host "app.terraform.io" { services = { "tfe.v2" = "${v2}", "tfe.v2.1" = "${v2}", "tfe.v2.2" = "${v2}" } }\ncredentials "app.terraform.io" { token = "${token}" }\n`,
    );
    await writeFile(
      join(folder, "main.tf"),
      `terraform {
        cloud {
          organization = "${organization}"
          workspaces { name = "cli-test" }
        }
      }
      variable "greeting" { default = "hello" }
      variable "password" {
        sensitive = true
        default   = "none"
      }
      resource "terraform_data" "one" { input = var.greeting }
      resource "terraform_data" "two" { input = var.password }
      output "greeting" { value = terraform_data.one.output }
      output "password" {
        value     = terraform_data.two.output
        sensitive = true
      }
      `,
    );
  });
  afterAll(async () => {
    await hcp.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test("init, plan, apply, output, destroy", async () => {
    expect(await terraform("init", "-no-color")).toMatchObject({ exitCode: 0 });
    const workspace = (await hcp.call("GET", `/organizations/${organization}/workspaces/cli-test`)).body.data;
    expect(workspace.attributes).toMatchObject({ "execution-mode": "remote", locked: false });
    await hcp.create(`/workspaces/${workspace.id}/vars`, "vars", {
      key: "password",
      value: "canary-of-the-cli",
      category: "terraform",
      sensitive: true,
    });

    const plan = await terraform("plan", "-no-color", "-var=greeting=bonjour");
    expect(plan).toMatchObject({ exitCode: 0 });
    expect(plan.output).toContain("# terraform_data.one will be created");
    expect(plan.output).toContain('"bonjour"');
    expect(plan.output).toContain("Plan: 2 to add, 0 to change, 0 to destroy.");

    const apply = await terraform("apply", "-no-color", "-auto-approve");
    expect(apply).toMatchObject({ exitCode: 0 });
    expect(apply.output).toContain("terraform_data.one: Creation complete");
    expect(apply.output).toContain("Apply complete! Resources: 2 added, 0 changed, 0 destroyed.");
    expect(plan.output + apply.output).not.toContain("canary-of-the-cli");

    expect((await terraform("output", "-raw", "greeting")).stdout).toBe("hello");
    expect((await terraform("output", "-raw", "password")).stdout).toBe("canary-of-the-cli");
    expect((await terraform("output", "-no-color")).stdout).toContain("password = <sensitive>");
    expect((await terraform("state", "list")).stdout.trim().split("\n")).toEqual([
      "terraform_data.one",
      "terraform_data.two",
    ]);

    const again = await terraform("plan", "-no-color", "-detailed-exitcode");
    expect(again.output).toContain("No changes.");
    expect(again.exitCode).toBe(0);

    const destroy = await terraform("destroy", "-no-color", "-auto-approve");
    expect(destroy).toMatchObject({ exitCode: 0 });
    expect(destroy.output).toContain("2 destroyed");
    expect((await hcp.call("POST", `/workspaces/${workspace.id}/actions/safe-delete`)).status).toBe(204);
    expect(await hcp.service.inventory()).toEqual([]);
  });

  test("a saved plan is applied as it was saved", async () => {
    expect(await terraform("init", "-no-color")).toMatchObject({ exitCode: 0 });
    expect(await terraform("plan", "-no-color", "-out=saved", "-var=greeting=saved")).toMatchObject({ exitCode: 0 });
    const apply = await terraform("apply", "-no-color", "saved");
    expect(apply.output).toContain("Apply complete! Resources: 2 added");
    expect((await terraform("output", "-raw", "greeting")).stdout).toBe("saved");
  });

  test("a wrong configuration fails with its message", async () => {
    await writeFile(join(folder, "wrong.tf"), `resource "terraform_data" "three" { input = file("missing.txt") }\n`);
    const plan = await terraform("plan", "-no-color");
    expect(plan.exitCode).toBe(1);
    expect(plan.output).toContain("missing.txt");
    await rm(join(folder, "wrong.tf"));
  });
});
