/** The two engines behind one interface: each with a world, a state and a folder of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Clock, type Diagnostic, hasErrors, unwrap } from "@doge/core";
import { nodeProcesses } from "@doge/core/node";
import {
  applyPlan,
  emptyState,
  loadConfiguration,
  memoryJournal,
  parsePlan,
  parseState,
  planRun,
  planToJson,
  serializePlan,
  serializeState,
  type State,
} from "@doge/engine";
import { serveProviders } from "../provider-server/server.ts";
import type { Step } from "./case.ts";
import { fakeProvider, World } from "./vendor.ts";

export interface Planned {
  readonly ok: boolean;
  /** Terraform's plan format; where the plan failed, nothing. */
  readonly json?: Record<string, unknown>;
  readonly said: string;
  /** Carries the plan out. */
  apply(): Promise<{ readonly ok: boolean; readonly said: string }>;
}

export interface Engine {
  readonly name: string;
  readonly world: World;
  plan(step: Step): Promise<Planned>;
  /** The state file as text, or nothing where none was written. */
  state(): Promise<string | undefined>;
  setState(text: string): Promise<void>;
  stop(): Promise<void>;
}

const clock: Clock = { now: () => new Date("2026-01-02T03:04:05Z"), sleep: () => Promise.resolve() };
const context = {
  http: { send: () => Promise.reject(new Error("no network in these tests")) },
  clock,
  env: {},
  emit: () => undefined,
};

const saying = (diagnostics: readonly Diagnostic[]): string =>
  diagnostics.map((d) => `${d.severity} ${d.address ?? ""} ${d.summary}: ${d.detail ?? ""}`).join("\n");

export function nativeEngine(): Engine {
  const world = new World();
  const providers = [fakeProvider(world)];
  const journal = memoryJournal();
  let state: State | undefined;
  return {
    name: "doge",
    world,
    async plan(step) {
      const sources = Object.entries(step.files).map(([file, content]) => ({ file, content }));
      const configuration = await loadConfiguration(sources);
      const failed = (diagnostics: readonly Diagnostic[]): Planned => ({
        ok: false,
        said: saying(diagnostics),
        apply: () => Promise.reject(new Error("there is no plan")),
      });
      if (configuration.value === undefined) return failed(configuration.diagnostics);
      const outcome = await planRun({
        configuration: configuration.value,
        variables: Object.fromEntries(Object.entries(step.variables ?? {}).map(([name, value]) => [name, { value }])),
        state,
        providers,
        context,
        journal,
        mode: step.mode ?? "normal",
        ...(step.refresh === false ? { refresh: false } : {}),
        ...(step.targets ? { targets: step.targets } : {}),
        ...(step.replace ? { replace: step.replace } : {}),
      });
      const plan = outcome.value;
      if (plan === undefined || hasErrors(outcome.diagnostics)) return failed(outcome.diagnostics);
      return {
        ok: true,
        said: saying(outcome.diagnostics),
        json: planToJson(plan, { secrets: true }),
        async apply() {
          const result = await applyPlan({
            // As it comes out of a file.
            plan: unwrap(await parsePlan(serializePlan(plan))),
            providers,
            context,
            journal,
            store: { save: async (next: State) => void (state = next) },
            state: state ?? { ...emptyState(), ...plan.baseline },
          });
          return { ok: !hasErrors(result.diagnostics), said: saying(result.diagnostics) };
        },
      };
    },
    state: () => Promise.resolve(state && serializeState(state)),
    async setState(text) {
      state = parseState(text).value;
    },
    stop: () => Promise.resolve(),
  };
}

/** The real terraform, without init: its provider is ours, already running. */
export async function terraformEngine(): Promise<Engine> {
  const world = new World();
  const server = await serveProviders([fakeProvider(world)], context);
  const folder = mkdtempSync(join(tmpdir(), "doge-differential-"));
  await writeFile(join(folder, "cli.tfrc"), "");
  const work = join(folder, "work");
  const env = {
    TF_REATTACH_PROVIDERS: server.reattach,
    TF_CLI_CONFIG_FILE: join(folder, "cli.tfrc"),
    TF_INPUT: "0",
    TF_IN_AUTOMATION: "1",
    CHECKPOINT_DISABLE: "1",
  };
  const terraform = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await nodeProcesses.run({ argv: ["terraform", ...args], cwd: work, env });
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
      const variables = step.variables ? { "terraform.tfvars.json": JSON.stringify(step.variables) } : {};
      for (const [path, content] of Object.entries({ ...step.files, ...variables })) {
        await mkdir(dirname(join(work, path)), { recursive: true });
        await writeFile(join(work, path), content);
      }
      if (before !== undefined) await writeFile(statePath, before);
      if (Object.values(step.files).some((text) => /\bmodule\b/.test(text))) {
        const got = await terraform("get", "-no-color");
        if (!got.ok) return { ok: false, said: got.said, apply: () => Promise.reject(new Error("there is no plan")) };
      }
      const planned = await terraform(
        "plan",
        "-no-color",
        "-lock=false",
        "-out=plan",
        ...(step.mode === "destroy" ? ["-destroy"] : step.mode === "refresh-only" ? ["-refresh-only"] : []),
        ...(step.refresh === false ? ["-refresh=false"] : []),
        ...(step.targets ?? []).map((one) => `-target=${one}`),
        ...(step.replace ?? []).map((one) => `-replace=${one}`),
      );
      const apply = () => terraform("apply", "-no-color", "-lock=false", "plan");
      if (!planned.ok) return { ok: false, said: planned.said, apply };
      const shown = await terraform("show", "-json", "plan");
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
