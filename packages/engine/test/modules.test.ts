import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { nodeMachine } from "@doge/core/node";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { collectSources, installModules, loadConfiguration } from "../src/index.ts";
import { gitSource } from "../src/config/install.ts";
import { Bench } from "./memory.ts";

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "doge-modules-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

const git = (...words: string[]) => {
  const identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
  const run = spawnSync("git", [...identity, ...words], { cwd: join(folder, "repository"), encoding: "utf8" });
  if (run.status !== 0) throw new Error(run.stderr);
};

const load = async () => loadConfiguration(await collectSources(nodeMachine().files, join(folder, "root")));

describe("modules from git", () => {
  const output = (value: string) => `output "o" {\n  value = "${value}"\n}\n`;
  const call = (ref: string) =>
    `module "far" {\n  source = "git::file://${folder}/repository//deep/in?ref=${ref}"\n}\noutput "o" {\n  value = module.far.o\n}\n`;

  beforeEach(() => {
    write({ "repository/deep/in/main.tf": output("one"), "repository/deep/sibling/main.tf": output("sibling") });
    git("init", "--quiet");
    git("add", ".");
    git("commit", "--quiet", "-m", "one");
    git("tag", "v1");
    write({ "repository/deep/in/main.tf": 'module "near" {\n  source = "../sibling"\n}\n'.concat(output("two")) });
    git("commit", "--quiet", "-a", "-m", "two");
    git("tag", "v2");
  });

  test("are asked for, fetched once, and fetched again when the source changes", async () => {
    write({ "root/main.tf": call("v1") });
    expect((await load()).diagnostics).toMatchObject([{ code: "module-not-installed", address: "module.far" }]);
    const machine = nodeMachine();
    const root = join(folder, "root");
    expect(await installModules(machine, root)).toEqual({ fetched: ["far"], diagnostics: [] });
    expect(await installModules(machine, root)).toEqual({ fetched: [], diagnostics: [] });
    const bench = new Bench();
    const { value } = await load();
    await bench.up({}, { configuration: value! });
    expect(bench.state?.outputs["o"]?.value).toBe("one");

    write({ "root/main.tf": call("v2") });
    expect((await installModules(machine, root)).fetched).toEqual(["far"]);
    const manifest = JSON.parse(readFileSync(join(root, ".terraform/modules/modules.json"), "utf8")) as unknown;
    expect(manifest).toMatchObject({
      Modules: [
        { Key: "", Dir: "." },
        { Key: "far", Dir: ".terraform/modules/far/deep/in" },
        { Key: "far.near", Dir: ".terraform/modules/far/deep/sibling" },
      ],
    });
    await bench.up({}, { configuration: (await load()).value! });
    expect(bench.state?.outputs["o"]?.value).toBe("two");
  });

  test("that can't be had are told, without what an address hides", async () => {
    write({
      "root/main.tf":
        'module "a" {\n  source = "git::https://user:hunter2@127.0.0.1:1/x.git"\n}\nmodule "b" {\n  source = "ns/name/provider"\n}\nmodule "c" {\n  source = "git::ext::sh -c true"\n}\n',
    });
    const { diagnostics } = await installModules(nodeMachine(), join(folder, "root"));
    expect(diagnostics.map((one) => [one.code, one.address])).toEqual([
      ["module-download", "module.a"],
      ["module-source", "module.b"],
      ["module-download", "module.c"],
    ]);
    expect(JSON.stringify(diagnostics)).not.toContain("hunter2");
  });
});

test.each([
  ["github.com/owner/repo//sub?ref=v1", { url: "https://github.com/owner/repo.git", folder: "sub", ref: "v1" }],
  ["git@example.com:owner/repo.git", { url: "git@example.com:owner/repo.git", folder: "" }],
  ["git::ssh://git@example.com/repo.git", { url: "ssh://git@example.com/repo.git", folder: "" }],
  ["hashicorp/consul/aws", undefined],
])("%s", (source, expected) => expect(gitSource(source)).toEqual(expected));

test("a module that calls itself is told, not followed", async () => {
  write({
    "root/main.tf": 'module "a" {\n  source = "./a"\n}\n',
    "root/a/main.tf": 'module "b" {\n  source = "../a"\n}\n',
  });
  expect((await load()).diagnostics).toMatchObject([{ code: "module-circle", address: "module.b" }]);
});
