/** The real terraform, without init: its provider is ours, already running. */
import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { nodeProcesses } from "@doge/core/node";
import { serveProviders } from "../provider-server/server.ts";
import type { Step } from "./case.ts";
import { context, type Engine } from "./engine.ts";
import { fakeProvider, World } from "./vendor.ts";

export async function terraformEngine(): Promise<Engine> {
  const world = new World();
  const server = await serveProviders([fakeProvider(world)], context);
  const folder = mkdtempSync(join(tmpdir(), "doge-differential-"));
  await writeFile(join(folder, "cli.tfrc"), "");
  const work = join(folder, "work");
  const base = {
    TF_REATTACH_PROVIDERS: server.reattach,
    TF_CLI_CONFIG_FILE: join(folder, "cli.tfrc"),
    TF_INPUT: "0",
    TF_IN_AUTOMATION: "1",
    CHECKPOINT_DISABLE: "1",
    // Short runs, several at a time: collecting garbage and more threads than cores cost half of their time.
    GOGC: "off",
    GOMAXPROCS: "1",
  };
  const terraform = async (env: Readonly<Record<string, string>>, ...args: string[]) => {
    const { exitCode, stdout, stderr } = await nodeProcesses.run({
      argv: ["terraform", ...args],
      cwd: work,
      env: { ...base, ...env },
    });
    return { ok: exitCode === 0, stdout, said: stdout + stderr };
  };
  const statePath = join(work, "terraform.tfstate");
  const state = () => readFile(statePath, "utf8").catch(() => undefined);
  return {
    name: "terraform",
    world,
    async plan(step) {
      const before = await state();
      await rm(work, { recursive: true, force: true });
      const manifest = { ".terraform/modules/modules.json": manifestOf(step.files) };
      for (const [path, content] of Object.entries({ ...step.files, ...manifest })) {
        await mkdir(dirname(join(work, path)), { recursive: true });
        await writeFile(join(work, path), content);
      }
      if (before !== undefined) await writeFile(statePath, before);
      const env = Object.fromEntries(Object.entries(step.env ?? {}).map(([name, value]) => [`TF_VAR_${name}`, value]));
      const planned = await terraform(env, "plan", "-no-color", "-lock=false", "-out=plan", ...flagsOf(step));
      const apply = () => terraform({}, "apply", "-no-color", "-lock=false", "plan");
      if (!planned.ok) return { ok: false, said: planned.said, apply };
      const shown = await terraform({}, "show", "-json", "plan");
      return { ok: true, said: planned.said, json: JSON.parse(shown.stdout) as Record<string, unknown>, apply };
    },
    state,
    async setState(text) {
      await mkdir(work, { recursive: true });
      await writeFile(statePath, text);
    },
    async stop() {
      server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const flagsOf = (step: Step): string[] => [
  ...(step.mode === "destroy" ? ["-destroy"] : step.mode === "refresh-only" ? ["-refresh-only"] : []),
  ...(step.refresh === false ? ["-refresh=false"] : []),
  ...(step.targets ?? []).map((one) => `-target=${one}`),
  ...(step.replace ?? []).map((one) => `-replace=${one}`),
  ...(step.args ?? []).map((one) => ("file" in one ? `-var-file=${one.file}` : `-var=${one.assignment}`)),
];

/**
 * The manifest that `terraform get` would write, without running it: a module's folder is its caller's with the
 * call's name behind it, which is how cases lay them out.
 */
function manifestOf(files: Step["files"]): string {
  const folders = new Set(Object.keys(files).flatMap((file) => (file.includes("/") ? [dirname(file)] : [])));
  const modules = [...folders].map((folder) => {
    const path = folder.split("/");
    return { Key: path.join("."), Source: `./${path.at(-1) ?? ""}`, Dir: folder };
  });
  return JSON.stringify({ Modules: [{ Key: "", Source: "", Dir: "." }, ...modules] });
}
