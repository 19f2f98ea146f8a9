import { DogeError, error } from "@doge/core";
import {
  cleanWorkspace,
  destroy,
  type DestroyResult,
  formatWorkspace,
  initWorkspace,
  isWorkspace,
  planWorkspace,
  updateWorkspace,
  validateWorkspace,
  type WorkspaceName,
  workspaceNames,
} from "@doge/workflow";
import { type ArgumentSpec, defineCommand, type Invocation } from "../command.ts";
import { confirm } from "../terminal/ask.ts";
import {
  type AppliedView,
  renderApplied,
  renderDestroyed,
  renderFormatted,
  renderPlanned,
  type PlannedView,
} from "../views/workspaces.ts";

const workspace: ArgumentSpec = { name: "workspace", help: workspaceNames.join(", "), choices: workspaceNames };

const chosen = (invocation: Invocation): WorkspaceName => {
  const name = invocation.arguments["workspace"] as string;
  if (!isWorkspace(name)) throw new DogeError([error({ code: "usage", summary: "Unknown workspace", detail: name })]);
  return name;
};

const strings = (value: unknown): readonly string[] => (Array.isArray(value) ? (value as string[]) : []);

const planFlags = {
  destroy: { type: "boolean", help: "Plan to destroy everything of the workspace" },
  "refresh-only": { type: "boolean", help: "Only take changes made elsewhere into the state" },
  target: { type: "string", value: "ADDRESS", multiple: true, help: "Only this resource and what it depends on" },
  replace: { type: "string", value: "ADDRESS", multiple: true, help: "Make this resource anew" },
} as const;

const planOptions = ({ flags }: Invocation) => ({
  destroy: flags["destroy"] === true,
  refreshOnly: flags["refresh-only"] === true,
  targets: strings(flags["target"]),
  replace: strings(flags["replace"]),
});

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
  flags: { ...planFlags, "detailed-exitcode": { type: "boolean", help: "Exit 3 where there are changes" } },
  view: renderPlanned,
  async run(invocation) {
    const planned = await planWorkspace(await invocation.project(), chosen(invocation), {
      ...planOptions(invocation),
      speculative: true,
      message: "doge plan",
    });
    await planned.discard();
    const changed = planned.hasChanges && invocation.flags["detailed-exitcode"] === true;
    return { exitCode: changed ? 3 : 0, data: planned };
  },
});

export const applyCommand = defineCommand<AppliedView>({
  name: "apply",
  summary: "Plan, ask, and make the changes",
  arguments: [workspace],
  flags: { ...planFlags, yes: { type: "boolean", short: "y", help: "Do not ask" } },
  view: renderApplied,
  async run(invocation) {
    const name = chosen(invocation);
    const planned = await planWorkspace(await invocation.project(), name, {
      ...planOptions(invocation),
      message: "doge apply",
    });
    if (!planned.hasChanges) {
      await planned.discard();
      return { exitCode: 0, data: { workspace: name, counts: planned.counts } };
    }
    let yes = false;
    try {
      yes = await agreed(invocation, planned.text, `Make these changes to ${name}?`);
    } finally {
      // A plan that waits for a yes would hold the workspace.
      if (!yes) await planned.discard();
    }
    return yes ? { exitCode: 0, data: await planned.apply() } : notAgreed();
  },
});

export const destroyCommand = defineCommand<DestroyResult>({
  name: "destroy",
  summary: "Destroy one workspace, or all: prod, stage, dotenv, base, meta",
  description:
    "What is destroyed is gone: droplets with their databases, buckets, records. The repository stays unless --repository.",
  arguments: [{ ...workspace, optional: true }],
  flags: {
    yes: { type: "boolean", short: "y", help: "Do not ask" },
    repository: { type: "boolean", help: "Delete the GitHub repository too" },
  },
  view: renderDestroyed,
  async run(invocation) {
    const name = invocation.arguments["workspace"];
    const project = await invocation.project();
    const what = typeof name === "string" ? `workspace ${name}` : `all workspaces of ${project.config.name}`;
    if (!(await agreed(invocation, "", `Destroy ${what}? This can't be undone.`))) return notAgreed();
    const data = await destroy(project, {
      ...(typeof name === "string" && isWorkspace(name) ? { only: name } : {}),
      repository: invocation.flags["repository"] === true,
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

/** Shows what would happen and asks; without a terminal only `--yes` agrees. */
async function agreed(invocation: Invocation, text: string, question: string): Promise<boolean> {
  if (invocation.flags["yes"]) return true;
  if (!invocation.interactive) {
    throw new DogeError([
      error({
        code: "needs-yes",
        summary: "This needs a yes",
        detail: "There is no terminal to ask on.",
        remedy: "Look at the plan, then run this again with --yes.",
      }),
    ]);
  }
  if (text) process.stderr.write(`${text}\n`);
  return confirm(question);
}

const notAgreed = (): { readonly exitCode: number; readonly diagnostics: readonly ReturnType<typeof error>[] } => ({
  exitCode: 1,
  diagnostics: [error({ code: "not-agreed", summary: "Nothing was changed", detail: "The answer was not yes." })],
});
