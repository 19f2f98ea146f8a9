import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeMachine } from "@doge/core/node";
import { expect, test } from "vitest";
import { engineRunner } from "../src/commands/cloud/engine-runner.ts";

test("a run of HCL with a module takes the workspace's variables over those of its files", async () => {
  const root = mkdtempSync(join(tmpdir(), "doge-runner-"));
  try {
    const folder = join(root, "deploy");
    mkdirSync(join(root, "modules/name"), { recursive: true });
    mkdirSync(folder);
    writeFileSync(
      join(root, "modules/name/main.tf"),
      'variable "of" {}\noutput "name" {\n  value = upper(var.of)\n}\n',
    );
    writeFileSync(join(folder, "terraform.tfvars"), 'a = "file"\nb = "file"\nstranger = 1\n');
    writeFileSync(join(folder, "z.auto.tfvars"), 'b = "auto"\nc = "auto"\n');
    const names = ["a", "b", "c", "d"];
    const declared = names.map((name) => `variable "${name}" {}\n`).join("");
    writeFileSync(
      join(folder, "main.tf"),
      `${declared}module "name" {\n  source = "../modules/name"\n  of = var.d\n}\noutput "all" {\n  value = [${names.map((name) => `var.${name}`).join(", ")}, module.name.name]\n}\n`,
    );
    let log = "";
    const runner = engineRunner(nodeMachine({}), join(root, "journal"));
    const planned = await runner.plan({
      root,
      folder,
      variables: [
        { key: "c", value: '"set"', hcl: true, sensitive: false },
        { key: "more", value: "x", hcl: false, sensitive: false },
      ],
      environment: { TF_VAR_d: "env" },
      state: undefined,
      destroy: false,
      refresh: true,
      refreshOnly: false,
      targets: [],
      replace: [],
      workspace: "w",
      log: (text) => void (log += text),
      signal: new AbortController().signal,
    });
    expect(log).not.toContain("Error");
    expect(planned).toMatchObject({
      ok: true,
      planJson: { planned_values: { outputs: { all: { value: ["file", "auto", "set", "env", "ENV"] } } } },
    });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
