import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { hasErrors, unwrap } from "@doge/core";
import { nodeMachine } from "@doge/core/node";
import { afterAll, expect, test } from "vitest";
import {
  applyPlan,
  collectSources,
  loadConfiguration,
  memoryJournal,
  parsePlan,
  parseState,
  planRun,
  planToJson,
  serializePlan,
  serializeState,
  type State,
} from "../src/index.ts";
import { Bench } from "./memory.ts";
import { type Scenario, scenarios } from "./scenarios.ts";

const present = spawnSync("terraform", ["version"]).status === 0;
const root = mkdtempSync(join(tmpdir(), "doge-terraform-"));
writeFileSync(join(root, "terraform.rc"), "");
afterAll(() => rmSync(root, { recursive: true, force: true }));

function terraform(folder: string, ...args: string[]) {
  const env = { ...process.env, TF_CLI_CONFIG_FILE: join(root, "terraform.rc"), CHECKPOINT_DISABLE: "1" };
  return spawnSync("terraform", [args[0] ?? "", "-no-color", ...args.slice(1)], { cwd: folder, encoding: "utf8", env });
}

function write(folder: string, files: Scenario["after"]): void {
  for (const name of existsSync(folder) ? readdirSync(folder) : [])
    if (/\.tf(\.json)?$/.test(name)) rmSync(join(folder, name));
  for (const [name, content] of Object.entries(typeof files === "string" ? { "main.tf": files } : files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

const flag = (flags: readonly string[], name: string): string[] =>
  flags.filter((one) => one.startsWith(`-${name}=`)).map((one) => one.slice(name.length + 2));

/** Plans and applies with Doge's engine on the state of `terraform.tfstate`, the plan once through its file. */
async function ours(folder: string, flags: readonly string[]) {
  const path = join(folder, "terraform.tfstate");
  let state: State | undefined = existsSync(path) ? unwrap(parseState(readFileSync(path, "utf8"))) : undefined;
  const { files } = nodeMachine();
  const loaded = await loadConfiguration(await collectSources(files, folder));
  if (loaded.value === undefined) return { planned: false };
  const { context } = new Bench();
  const planned = await planRun({
    configuration: loaded.value,
    variables: Object.fromEntries(
      flag(flags, "var").map((one) => [one.split("=")[0], { text: one.slice(one.indexOf("=") + 1) }]),
    ),
    state,
    providers: [],
    context,
    mode: flags.includes("-destroy") ? "destroy" : "normal",
    targets: flag(flags, "target"),
    replace: flag(flags, "replace"),
    journal: memoryJournal(),
  });
  if (planned.value === undefined) return { planned: false };
  const json = planToJson(planned.value, { secrets: true });
  const plan = unwrap(await parsePlan(serializePlan(planned.value)));
  const store = { save: async (next: State) => void (state = next) };
  const applied = await applyPlan({ plan, providers: [], context, store, journal: memoryJournal() });
  return { planned: true, json, applied: !hasErrors(applied.diagnostics), state };
}

function theirs(folder: string, flags: readonly string[]) {
  if (terraform(folder, "plan", "-out=plan", ...flags).status !== 0) return { planned: false };
  const json = JSON.parse(terraform(folder, "show", "-json", "plan").stdout) as unknown;
  const applied = terraform(folder, "apply", "plan").status === 0;
  return { planned: true, json, applied, state: JSON.parse(readFileSync(join(folder, "terraform.tfstate"), "utf8")) };
}

/** Without what is random or of this moment: ids, times, the order of what has none. */
function settled(value: unknown): unknown {
  const text = JSON.stringify(value, (key, part: unknown) =>
    ["timestamp", "relevant_attributes", "lineage", "serial"].includes(key) ? undefined : part,
  ).replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "an id");
  return sorted(JSON.parse(text));
}

const hasName = (item: object): boolean =>
  ["address", "object_addr", "config_addr", "instances"].some((name) => name in item);

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(sorted);
    const named = items.every((item) => typeof item === "object" && item !== null && hasName(item));
    // The places of marks come in any order.
    const places = items.every((item) => Array.isArray(item));
    return named || places ? items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : items;
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, part]) => [name, sorted(part)]),
  );
}

test.skipIf(!present).each(Object.entries(scenarios))("agrees with terraform: %s", async (name, scenario) => {
  const [mine, real] = ["ours", "theirs"].map((side) => join(root, name.replaceAll(/\W+/g, "-"), side)) as [
    string,
    string,
  ];
  const flags = scenario.flags ?? [];
  mkdirSync(mine, { recursive: true });
  mkdirSync(real, { recursive: true });
  if (scenario.before !== undefined) {
    write(real, scenario.before);
    terraform(real, "init");
    const { status, stderr } = terraform(real, "apply", "-auto-approve");
    if (status !== 0) throw new Error(stderr);
    copyFileSync(join(real, "terraform.tfstate"), join(mine, "terraform.tfstate"));
  }
  write(mine, scenario.after);
  write(real, scenario.after);
  terraform(real, "init");
  const [doge, other] = [await ours(mine, flags), theirs(real, flags)];
  expect(settled(doge)).toEqual(settled(other));
  if (!doge.planned || !doge.applied || flags.length > 0) return;
  // Each reads what the other wrote, and finds nothing to do.
  writeFileSync(join(mine, "terraform.tfstate"), serializeState(doge.state as State));
  terraform(mine, "init");
  expect(terraform(mine, "plan", "-detailed-exitcode").status).toBe(0);
  copyFileSync(join(real, "terraform.tfstate"), join(mine, "terraform.tfstate"));
  const again = await ours(mine, flags);
  expect(actionsOf(again.json).filter((action) => action !== "no-op")).toEqual([]);
});

const actionsOf = (json: unknown): string[] =>
  ((json as { resource_changes?: { change: { actions: string[] } }[] }).resource_changes ?? []).flatMap(
    (change) => change.change.actions,
  );
