import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { nodeProcesses } from "@doge/core/node";
import type { TerraformRunner, TerraformRunRequest } from "../../src/ports.ts";

/** What the test lets happen, when it lets it happen. */
export interface ScriptedRunner extends TerraformRunner {
  readonly requests: TerraformRunRequest[];
  /** Held at the start of each phase until the test says `go`. */
  hold(): { readonly go: () => void };
  script: {
    plan: (request: TerraformRunRequest) => void | Promise<void>;
    apply: (request: TerraformRunRequest) => void | Promise<void>;
    hasChanges: boolean;
    planJson?: unknown;
  };
}

export const stateOf = (serial: number, outputs: object = {}, resources: readonly object[] = []): string =>
  JSON.stringify({
    version: 4,
    terraform_version: "1.11.4",
    serial,
    lineage: "3f7a3e0c-0000-4000-8000-000000000001",
    outputs,
    resources,
    check_results: null,
  });

/** A runner without Terraform: its "plan" is the folder, its state grows by one serial. */
export function scriptedRunner(): ScriptedRunner {
  let gate: Promise<void> = Promise.resolve();
  const counts = { additions: 1, changes: 0, destructions: 0 };
  const aborted = (signal: AbortSignal): Promise<never> =>
    new Promise((_, reject) =>
      signal.addEventListener("abort", () => reject(new Error("interrupted")), { once: true }),
    );
  const runner: ScriptedRunner = {
    requests: [],
    script: { plan: () => {}, apply: () => {}, hasChanges: true },
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return { go: resolve };
    },
    async plan(request) {
      runner.requests.push(request);
      await Promise.race([gate, aborted(request.signal)]);
      await runner.script.plan(request);
      const planJson = runner.script.planJson;
      return {
        ok: true,
        hasChanges: runner.script.hasChanges,
        ...counts,
        plan: request.folder,
        ...(planJson === undefined ? {} : { planJson }),
      };
    },
    async apply(request) {
      runner.requests.push(request);
      await Promise.race([gate, aborted(request.signal)]);
      await runner.script.apply(request);
      const serial = request.state === undefined ? 1 : (JSON.parse(request.state) as { serial: number }).serial + 1;
      return { ok: true, ...counts, state: stateOf(serial, { greeting: { value: "hi", type: "string" } }) };
    },
  };
  return runner;
}

/** The real CLI with a local backend: the stand-in is tested without Doge's engine. */
export function realTerraform(): TerraformRunner {
  const environment = (request: TerraformRunRequest): Record<string, string> => ({
    ...request.environment,
    TF_IN_AUTOMATION: "1",
    TF_INPUT: "0",
    CHECKPOINT_DISABLE: "1",
    TF_CLI_CONFIG_FILE: join(request.folder, "empty.tfrc"),
  });
  const terraform = async (
    request: TerraformRunRequest,
    args: readonly string[],
    log?: (text: string) => void,
  ): Promise<{ exitCode: number; stdout: string }> =>
    nodeProcesses.run({
      argv: ["terraform", ...args],
      cwd: request.folder,
      env: environment(request),
      signal: request.signal,
      ...(log ? { onOutput: log } : {}),
    });
  const planFile = (request: TerraformRunRequest): string => join(request.folder, "run.tfplan");
  const stateFile = (request: TerraformRunRequest): string => join(request.folder, "terraform.tfstate");
  return {
    async plan(request) {
      await writeFile(join(request.folder, "empty.tfrc"), "");
      await writeFile(
        join(request.folder, "zz_override.tf.json"),
        JSON.stringify({ terraform: { backend: { local: {} } } }),
      );
      const literal = ({ hcl, value }: { hcl: boolean; value: string }): string =>
        hcl ? value : JSON.stringify(value);
      await writeFile(
        join(request.folder, "zz.auto.tfvars"),
        request.variables.map((variable) => `${variable.key} = ${literal(variable)}\n`).join(""),
      );
      if (request.state !== undefined) await writeFile(stateFile(request), request.state);
      const failed = { ok: false, hasChanges: false, additions: 0, changes: 0, destructions: 0, plan: "" };
      const init = await terraform(request, ["init", "-no-color"]);
      if (init.exitCode !== 0) {
        request.log(init.stdout);
        return failed;
      }
      const flags = [
        ...(request.destroy ? ["-destroy"] : []),
        ...(request.refreshOnly ? ["-refresh-only"] : []),
        ...(request.refresh ? [] : ["-refresh=false"]),
        ...request.targets.map((address) => `-target=${address}`),
        ...request.replace.map((address) => `-replace=${address}`),
      ];
      const { exitCode } = await terraform(
        request,
        ["plan", "-no-color", "-detailed-exitcode", `-out=${planFile(request)}`, ...flags],
        request.log,
      );
      if (exitCode !== 0 && exitCode !== 2) return failed;
      const planJson = JSON.parse((await terraform(request, ["show", "-json", planFile(request)])).stdout) as {
        resource_changes?: { change: { actions: string[] } }[];
      };
      const count = (action: string): number =>
        (planJson.resource_changes ?? []).filter(({ change }) => change.actions.includes(action)).length;
      const plan = (await readFile(planFile(request))).toString("base64");
      return {
        ok: true,
        hasChanges: exitCode === 2,
        additions: count("create"),
        changes: count("update"),
        destructions: count("delete"),
        plan,
        planJson,
      };
    },
    async apply(request) {
      await rm(planFile(request), { force: true });
      await writeFile(planFile(request), Buffer.from(request.plan, "base64"));
      const { exitCode } = await terraform(request, ["apply", "-no-color", planFile(request)], request.log);
      const state = await readFile(stateFile(request), "utf8").catch(() => undefined);
      return { ok: exitCode === 0, additions: 0, changes: 0, destructions: 0, state };
    },
  };
}
