import { type Diagnostic, DogeError, error, fail, hasErrors } from "@doge/core";
import type { Lease, StateStore, VariableValue } from "@doge/engine";
import type { Project } from "../project.ts";
import { prepareState } from "../state/store.ts";
import {
  type AppliedRun,
  changesOf,
  type Counts,
  type Executor,
  type PlannedRun,
  type RunOptions,
  type WorkspaceDefinition,
} from "./executor.ts";
import { TerraformFolder } from "./terraform-folder.ts";
import { hear } from "./terraform-messages.ts";

interface Said {
  readonly exitCode: number;
  readonly diagnostics: readonly Diagnostic[];
  readonly counts?: Counts;
}

/**
 * Runs here, with the terraform program and its own providers. The state comes from where the project keeps it and goes
 * back there; between the two it stands in the run's folder, where a run that was killed leaves it for the next.
 */
export function terraformExecutor(project: Project): Executor {
  const { emit, machine } = project;

  return {
    name: "terraform",

    async plan(workspace, options = {}) {
      const { folder, store } = await prepare(workspace);
      if (options.speculative) {
        await folder.writeLook(await store.read());
        try {
          await planIn(folder, workspace, options, ["-state=look.tfstate", "-lock=false", "-out=look.plan"]);
          return await describe(folder, workspace, options, "look.plan");
        } finally {
          await folder.removePlans();
        }
      }
      const lease = await store.lock(options.message ?? "doge");
      try {
        await folder.begin(lease);
        await planIn(folder, workspace, options, ["-out=run.plan"]);
        const planned = await describe(folder, workspace, options, "run.plan", options.keep ? undefined : lease);
        if (options.keep) await letGo(folder, lease);
        return planned;
      } catch (thrown) {
        await letGo(folder, lease);
        throw thrown;
      }
    },

    async resume(workspace, saved, options = {}) {
      const { folder, store } = await prepare(workspace);
      const lease = await store.lock(options.message ?? "doge");
      try {
        await folder.begin(lease);
        await folder.writePlan(Buffer.from(saved, "base64"));
        return await describe(folder, workspace, options, "run.plan", lease);
      } catch (thrown) {
        await letGo(folder, lease);
        throw thrown;
      }
    },
  };

  async function prepare(
    workspace: WorkspaceDefinition,
  ): Promise<{ readonly folder: TerraformFolder; readonly store: StateStore }> {
    if ((await machine.processes.which("terraform")) === undefined) {
      fail({
        code: "terraform-missing",
        summary: "The terraform program is not here",
        remedy: "Install it (developer.hashicorp.com/terraform/install), or choose another executor: hcp, native.",
      });
    }
    const { store } = await prepareState(project, workspace.name);
    const folder = new TerraformFolder(machine.files, `${project.folder}/.doge/run/${workspace.name}`);
    await folder.writeDocuments(workspace);
    const { exitCode, stderr, stdout } = await machine.processes.run({
      argv: ["terraform", "init", "-input=false", "-no-color"],
      cwd: folder.path,
      env: environment({}),
    });
    if (exitCode !== 0) failed("terraform init failed", workspace, [], stderr || stdout);
    return { folder, store };
  }

  async function planIn(
    folder: TerraformFolder,
    workspace: WorkspaceDefinition,
    options: RunOptions,
    more: readonly string[],
  ): Promise<void> {
    const words = [
      ...(options.destroy ? ["-destroy"] : []),
      ...(options.refreshOnly ? ["-refresh-only"] : []),
      ...(options.refresh === false ? ["-refresh=false"] : []),
      ...(options.targets ?? []).map((one) => `-target=${one}`),
      ...(options.replace ?? []).map((one) => `-replace=${one}`),
      ...(options.parallelism ? [`-parallelism=${options.parallelism}`] : []),
    ];
    const said = await run(folder, ["plan", "-json", "-input=false", ...words, ...more], workspace, options);
    if (said.exitCode !== 0) failed("terraform can't plan this", workspace, said.diagnostics);
  }

  async function describe(
    folder: TerraformFolder,
    workspace: WorkspaceDefinition,
    options: RunOptions,
    file: string,
    lease?: Lease,
  ): Promise<PlannedRun> {
    const shown = async (...flags: readonly string[]): Promise<string> => {
      const argv = ["terraform", "show", ...flags, file] as const;
      return (await machine.processes.run({ argv, cwd: folder.path, env: environment({}) })).stdout;
    };
    const [text, json] = [await shown("-no-color"), JSON.parse(await shown("-json")) as { applyable?: boolean }];
    const kept = Buffer.from((await folder.readPlan(file)) ?? "").toString("base64");
    const changes = changesOf(json);
    const counts = {
      add: changes.filter(({ action }) => action === "create" || action === "replace").length,
      change: changes.filter(({ action }) => action === "update").length,
      destroy: changes.filter(({ action }) => action === "delete" || action === "replace").length,
    };
    emit({ type: "run.planned", workspace: workspace.name, ...counts });
    return {
      workspace: workspace.name,
      destroy: options.destroy ?? false,
      counts,
      hasChanges: json.applyable ?? changes.length > 0,
      changes,
      text,
      json,
      apply: () => apply(folder, workspace, options, lease),
      discard: async () => {
        if (lease) await letGo(folder, lease);
      },
      // oxlint-disable-next-line require-await -- others ask their vendor
      save: async () => kept,
    };
  }

  async function apply(
    folder: TerraformFolder,
    workspace: WorkspaceDefinition,
    options: RunOptions,
    lease: Lease | undefined,
  ): Promise<AppliedRun> {
    if (lease === undefined) throw new Error("a plan without a lease is not applied");
    const started = machine.clock.now().getTime();
    try {
      const words = options.parallelism ? [`-parallelism=${options.parallelism}`] : [];
      const said = await run(folder, ["apply", "-json", "-input=false", ...words, "run.plan"], workspace, options);
      // Whatever became of it: what was done is in the state.
      await folder.finish(lease);
      if (options.signal?.aborted) throw interrupted(workspace);
      if (said.exitCode !== 0) failed("terraform could not make all changes", workspace, said.diagnostics);
      const counts = said.counts ?? { add: 0, change: 0, destroy: 0 };
      const milliseconds = machine.clock.now().getTime() - started;
      emit({ type: "run.applied", workspace: workspace.name, ...counts, milliseconds });
      return { workspace: workspace.name, counts };
    } finally {
      await lease.release();
    }
  }

  async function run(
    folder: TerraformFolder,
    words: readonly string[],
    workspace: WorkspaceDefinition,
    options: RunOptions,
  ): Promise<Said> {
    const diagnostics: Diagnostic[] = [];
    let counts: Counts | undefined;
    let rest = "";
    const { exitCode, stderr } = await machine.processes.run({
      argv: ["terraform", ...words],
      cwd: folder.path,
      env: environment(variables(workspace, options)),
      ...(options.signal ? { interrupt: options.signal } : {}),
      onOutput: (chunk, stream) => {
        if (stream === "stderr") return;
        const lines = (rest + chunk).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) {
          const heard = hear(line);
          if (heard.event) emit(heard.event);
          if (heard.diagnostic) diagnostics.push(heard.diagnostic);
          counts = heard.counts ?? counts;
        }
      },
    });
    if (exitCode !== 0 && !hasErrors(diagnostics))
      diagnostics.push(error({ code: "terraform", summary: "terraform failed", detail: stderr.trim() }));
    return { exitCode, diagnostics, ...(counts ? { counts } : {}) };
  }

  /** Secrets travel in the environment, never as arguments. */
  function environment(more: Readonly<Record<string, string>>): Record<string, string | undefined> {
    return { ...machine.env, TF_IN_AUTOMATION: "1", TF_INPUT: "0", CHECKPOINT_DISABLE: "1", ...more };
  }

  async function letGo(folder: TerraformFolder, lease: Lease): Promise<void> {
    try {
      await folder.finish(lease);
    } finally {
      await lease.release();
    }
  }
}

function variables(workspace: WorkspaceDefinition, options: RunOptions): Record<string, string> {
  const own = Object.entries(workspace.variables).map(([name, value]) => [name, value.reveal()] as const);
  const given = Object.entries(options.variables ?? {}).map(([name, value]) => [name, textOf(value)] as const);
  return Object.fromEntries([...own, ...given].map(([name, value]) => [`TF_VAR_${name}`, value]));
}

const textOf = (one: VariableValue): string => {
  if ("expression" in one) return one.expression;
  if ("text" in one) return one.text;
  return typeof one.value === "string" ? one.value : JSON.stringify(one.value);
};

function failed(summary: string, workspace: WorkspaceDefinition, said: readonly Diagnostic[], output = ""): never {
  if (hasErrors(said)) throw new DogeError(said);
  return fail({ code: "terraform", summary, detail: output.trim(), address: workspace.name });
}

const interrupted = (workspace: WorkspaceDefinition): DogeError =>
  new DogeError([
    error({
      code: "interrupted",
      summary: "The apply was interrupted",
      detail: "terraform finished what was under way; it is in the state.",
      address: workspace.name,
      remedy: "Run it again: it goes on from here.",
    }),
  ]);
