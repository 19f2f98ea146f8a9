import { resolve } from "node:path";
import { DogeError, error, fail, nearest, unwrap } from "@doge/core";
import { readVariableFile } from "@doge/engine";
import { isWorkspace, type Project, type RunOptions, type WorkspaceName, workspaceNames } from "@doge/workflow";
import type { ArgumentSpec, FlagSpec, Invocation } from "../command.ts";
import { deadlineFlag } from "../interrupt.ts";
import { confirm } from "../terminal/ask.ts";

export const workspaceArgument: ArgumentSpec = {
  name: "workspace",
  help: workspaceNames.join(", "),
  choices: workspaceNames,
};

export const chosenWorkspace = (invocation: Invocation): WorkspaceName => {
  const name = invocation.arguments["workspace"] as string;
  if (isWorkspace(name)) return name;
  const near = nearest(name, workspaceNames);
  return fail({
    code: "usage",
    summary: "Unknown workspace",
    detail: `"${name}"`,
    remedy: near ? `Did you mean "${near}"?` : `One of: ${workspaceNames.join(", ")}.`,
  });
};

export const strings = (value: unknown): readonly string[] => (Array.isArray(value) ? (value as string[]) : []);

const executors = ["hcp", "native", "terraform"] as const;
type ExecutorName = (typeof executors)[number];

/** Flags of whatever makes a run, in Terraform's own words. */
export const runFlags = {
  target: { type: "string", value: "ADDRESS", multiple: true, help: "Only this resource and what it depends on" },
  replace: { type: "string", value: "ADDRESS", multiple: true, help: "Make this resource anew" },
  "refresh-only": { type: "boolean", help: "Only take changes made elsewhere into the state" },
  refresh: { type: "boolean", help: "--refresh=false: believe the state, ask no vendor" },
  "no-refresh": { type: "boolean", help: "The same as --refresh=false" },
  var: { type: "string", value: "NAME=VALUE", multiple: true, help: "Give a variable its value" },
  "var-file": {
    type: "string",
    value: "FILE",
    multiple: true,
    help: "Give variables from a *.tfvars or *.tfvars.json file",
  },
  parallelism: { type: "string", value: "N", integer: true, help: "Calls at once; 10 unless told" },
  executor: { type: "string", value: executors.join("|"), help: "Who carries it out, instead of doge.config.ts" },
  deadline: deadlineFlag,
} as const satisfies Record<string, FlagSpec>;

/** The project, with the executor that the flag names. */
export async function projectFor(invocation: Invocation): Promise<Project> {
  const project = await invocation.project();
  const executor = invocation.flags["executor"];
  if (executor === undefined) return project;
  if (typeof executor !== "string" || !executors.includes(executor as ExecutorName)) {
    return fail({
      code: "usage",
      summary: "Unknown executor",
      detail: `"${String(executor)}"`,
      remedy: `One of: ${executors.join(", ")}.`,
    });
  }
  return { ...project, config: { ...project.config, executor: executor as ExecutorName } };
}

/** What the flags ask of a run. */
export async function runOptions(invocation: Invocation): Promise<RunOptions> {
  const { flags } = invocation;
  const parallelism = Number(flags["parallelism"]);
  const variables = { ...(await fromFiles(invocation)), ...fromFlags(invocation) };
  return {
    destroy: flags["destroy"] === true,
    refreshOnly: flags["refresh-only"] === true,
    refresh: flags["no-refresh"] !== true && flags["refresh"] !== false,
    targets: strings(flags["target"]),
    replace: strings(flags["replace"]),
    ...(Object.keys(variables).length > 0 ? { variables } : {}),
    ...(parallelism > 0 ? { parallelism } : {}),
  };
}

type Variables = NonNullable<RunOptions["variables"]>;

const fromFlags = ({ flags }: Invocation): Variables =>
  Object.fromEntries(
    strings(flags["var"]).map((word) => {
      const at = word.indexOf("=");
      if (at > 0) return [word.slice(0, at), { text: word.slice(at + 1) }];
      return fail({
        code: "usage",
        summary: "A variable needs a name and a value",
        detail: word,
        remedy: "--var NAME=VALUE",
      });
    }),
  );

async function fromFiles({ flags, machine, folder }: Invocation): Promise<Variables> {
  const variables: Record<string, Variables[string]> = {};
  for (const file of strings(flags["var-file"])) {
    const content = await machine.files.read(resolve(folder, file));
    if (content === undefined) return fail({ code: "usage", summary: "The file is not there", detail: file });
    Object.assign(variables, unwrap(await readVariableFile({ file, content })));
  }
  return variables;
}

/** Shows what would happen and asks; without a terminal only `--yes` agrees. */
export async function agreed(invocation: Invocation, text: string, question: string): Promise<boolean> {
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

export const notAgreed = (): {
  readonly exitCode: number;
  readonly diagnostics: readonly ReturnType<typeof error>[];
} => ({
  exitCode: 1,
  diagnostics: [error({ code: "not-agreed", summary: "Nothing was changed", detail: "The answer was not yes." })],
});
