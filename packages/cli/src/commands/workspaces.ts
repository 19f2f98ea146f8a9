import { resolve } from "node:path";
import {
  applySaved,
  cleanWorkspace,
  destroy,
  type DestroyResult,
  formatWorkspace,
  initWorkspace,
  isWorkspace,
  type PlannedRun,
  planToFile,
  planWorkspace,
  readPlan,
  updateWorkspace,
  validateWorkspace,
} from "@doge/workflow";
import { type CommandResult, defineCommand, type Invocation } from "../command.ts";
import {
  agreed,
  chosenWorkspace,
  notAgreed,
  projectFor,
  runFlags,
  runOptions,
  workspaceArgument,
} from "./run-flags.ts";
import {
  type AppliedView,
  renderApplied,
  renderChanges,
  renderDestroyed,
  renderFormatted,
  renderPlanned,
  plannedView,
  type PlannedView,
} from "../views/workspaces.ts";

const workspace = workspaceArgument;
const chosen = chosenWorkspace;

export const initCommand = defineCommand<{
  readonly workspace: string;
  readonly created: boolean;
  readonly file: string;
}>({
  name: "init",
  summary: "Make ready a workspace: its place in HCP Terraform and its configuration",
  arguments: [workspace],
  view: (data) =>
    `${data.workspace} ${data.created ? "was made" : "is there"}; its configuration stands in ${data.file}\nNext: doge plan ${data.workspace}`,
  async run(invocation) {
    const name = chosen(invocation);
    return { exitCode: 0, data: await initWorkspace(await invocation.project(), name) };
  },
});

export const fmtCommand = defineCommand<{ readonly changed: readonly string[] }>({
  name: "fmt",
  summary: "Format a workspace's own Terraform JSON (infra/WORKSPACE/*.tf.json)",
  arguments: [workspace],
  flags: { check: { type: "boolean", help: "Change nothing; exit 1 where something would change" } },
  view: renderFormatted,
  async run(invocation) {
    const check = invocation.flags["check"] === true;
    const changed = await formatWorkspace(await invocation.project(), chosen(invocation), { check });
    return { exitCode: check && changed.length > 0 ? 1 : 0, data: { changed } };
  },
});

export const validateCommand = defineCommand<{ readonly workspace: string; readonly resources: number }>({
  name: "validate",
  summary: "Check a workspace's configuration without asking any vendor",
  arguments: [workspace],
  view: (data) => `Valid: ${data.workspace}, ${data.resources} resources.`,
  async run(invocation) {
    const name = chosen(invocation);
    const { value, diagnostics } = await validateWorkspace(await invocation.project(), name);
    return { exitCode: value ? 0 : 1, ...(value ? { data: { workspace: name, ...value } } : {}), diagnostics };
  },
});

export const planCommand = defineCommand<PlannedView>({
  name: "plan",
  summary: "Show what apply would change; change nothing",
  arguments: [workspace],
  flags: {
    destroy: { type: "boolean", help: "Plan to destroy everything of the workspace" },
    ...runFlags,
    out: { type: "string", value: "FILE", help: "Save this plan, so that apply runs exactly it" },
    "detailed-exitcode": { type: "boolean", help: "Exit 3 where there are changes" },
  },
  examples: ["doge plan stage --out stage.plan", "doge apply stage.plan"],
  view: renderPlanned,
  async run(invocation) {
    const project = await projectFor(invocation);
    const options = { ...(await runOptions(invocation)), message: "doge plan" };
    const { out } = invocation.flags;
    const saved = typeof out === "string" ? { saved: out } : {};
    const planned =
      typeof out === "string"
        ? await planToFile(project, chosen(invocation), resolve(invocation.folder, out), options)
        : await planWorkspace(project, chosen(invocation), { ...options, speculative: true });
    if (typeof out !== "string") await planned.discard();
    const changed = planned.hasChanges && invocation.flags["detailed-exitcode"] === true;
    return { exitCode: changed ? 3 : 0, data: plannedView(planned, saved) };
  },
});

export const applyCommand = defineCommand<AppliedView>({
  name: "apply",
  summary: "Plan, ask, and make the changes; or apply a saved plan exactly",
  description:
    "A saved plan is refused where anything moved since: configuration, variables, providers, the state, or the objects themselves.",
  arguments: [{ ...workspace, help: `${workspace.help}, or the file of a saved plan`, open: true }],
  flags: { ...runFlags, yes: { type: "boolean", short: "y", help: "Do not ask" } },
  view: renderApplied,
  async run(invocation) {
    const project = await projectFor(invocation);
    const word = invocation.arguments["workspace"] as string;
    const options = { ...(await runOptions(invocation)), message: "doge apply" };
    const file = resolve(invocation.folder, word);
    if (!isWorkspace(word) && (await invocation.machine.files.exists(file))) {
      const saved = await readPlan(project, file);
      if (!saved.hasChanges) return { exitCode: 0, data: { workspace: saved.workspace, counts: saved.counts } };
      return confirmed(invocation, await applySaved(project, saved, options));
    }
    return confirmed(invocation, await planWorkspace(project, chosen(invocation), options));
  },
});

export const importCommand = defineCommand<AppliedView>({
  name: "import",
  summary: "Manage an object that is there already: plan with it, ask, and take it over",
  description: "The workspace's configuration must have the resource; what differs from it is in the plan.",
  arguments: [
    workspace,
    { name: "address", help: "where it stands in the configuration" },
    { name: "id", help: "the vendor's id, as Terraform's documentation of the resource says" },
  ],
  flags: { ...runFlags, yes: { type: "boolean", short: "y", help: "Do not ask" } },
  examples: ["doge import base digitalocean_domain.this example.com"],
  view: renderApplied,
  async run(invocation) {
    const { address: to, id } = invocation.arguments as { readonly address: string; readonly id: string };
    const options = await runOptions(invocation);
    const planned = await planWorkspace(await projectFor(invocation), chosen(invocation), {
      ...options,
      targets: [...(options.targets ?? []), to],
      message: "doge import",
      imports: [{ to, id }],
    });
    return confirmed(invocation, planned);
  },
});

/** Asks, then applies. */
async function confirmed(invocation: Invocation, planned: PlannedRun): Promise<CommandResult<AppliedView>> {
  const { workspace: name } = planned;
  if (!planned.hasChanges) {
    await planned.discard();
    return { exitCode: 0, data: { workspace: name, counts: planned.counts } };
  }
  let yes = false;
  try {
    yes = await agreed(invocation, renderChanges(planned), `Make these changes to ${name}?`);
  } finally {
    // A plan that waits for a yes would hold the workspace.
    if (!yes) await planned.discard();
  }
  return yes ? { exitCode: 0, data: await planned.apply() } : notAgreed();
}

export const destroyCommand = defineCommand<DestroyResult>({
  name: "destroy",
  summary: "Destroy one workspace, or all: prod, stage, dotenv, base, meta",
  description:
    "What is destroyed is gone: droplets with their databases, buckets, records. The repository stays unless --repository.",
  arguments: [{ ...workspace, optional: true }],
  flags: {
    yes: { type: "boolean", short: "y", help: "Do not ask" },
    repository: { type: "boolean", help: "Delete the GitHub repository too" },
    target: runFlags.target,
    refresh: runFlags.refresh,
    "no-refresh": runFlags["no-refresh"],
    var: runFlags.var,
    "var-file": runFlags["var-file"],
    parallelism: runFlags.parallelism,
    executor: runFlags.executor,
    deadline: runFlags.deadline,
  },
  view: renderDestroyed,
  async run(invocation) {
    const name = invocation.arguments["workspace"];
    const project = await projectFor(invocation);
    const what = typeof name === "string" ? `workspace ${name}` : `all workspaces of ${project.config.name}`;
    if (!(await agreed(invocation, "", `Destroy ${what}? This can't be undone.`))) return notAgreed();
    const data = await destroy(project, {
      ...(typeof name === "string" && isWorkspace(name) ? { only: name } : {}),
      repository: invocation.flags["repository"] === true,
      run: await runOptions(invocation),
    });
    return { exitCode: 0, data };
  },
});

export const updateCommand = defineCommand<{
  readonly workspace: string;
  readonly file: string;
  readonly changes: readonly string[];
}>({
  name: "update",
  summary: "Bring a workspace's configuration to this version of Doge and show what changed",
  arguments: [workspace],
  view: (data) =>
    [
      ...data.changes,
      `${data.workspace}: ${data.changes.length === 0 ? "nothing changed" : "written"} (${data.file})`,
    ].join("\n"),
  async run(invocation) {
    return { exitCode: 0, data: await updateWorkspace(await invocation.project(), chosen(invocation)) };
  },
});

export const cleanCommand = defineCommand<{ readonly removed: readonly string[] }>({
  name: "clean",
  summary: "Remove a workspace's local files: rendered configuration and caches",
  arguments: [workspace],
  view: (data) => (data.removed.length === 0 ? "Nothing to remove." : `Removed ${data.removed.join(", ")}`),
  async run(invocation) {
    return { exitCode: 0, data: { removed: await cleanWorkspace(await invocation.project(), chosen(invocation)) } };
  },
});
