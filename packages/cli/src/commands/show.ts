/** `doge output`, `doge show`, `doge providers schema`: what there is, for people and for programs. */
import { resolve } from "node:path";
import { fail, nearest } from "@doge/core";
import { listObjects, renderObject, schemasToJson, stateToJson } from "@doge/engine";
import { isWorkspace, providers, readPlan, requireState, workspaceNames } from "@doge/workflow";
import { defineCommand } from "../command.ts";
import { chosenWorkspace, workspaceArgument } from "./run-flags.ts";

interface Output {
  readonly value: unknown;
  readonly type: unknown;
  readonly sensitive: boolean;
}

const shown = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value, null, 2));

export const outputCommand = defineCommand<Readonly<Record<string, Output>> | Output>({
  name: "output",
  summary: "Show the outputs of a workspace, or one of them",
  description: "All at once, sensitive ones are masked. One that is named, and --json, are shown in clear.",
  arguments: [workspaceArgument, { name: "name", help: "one output", optional: true }],
  examples: ["doge output stage droplet_ipv4", "doge output stage --json"],
  view: (data) =>
    "sensitive" in data && "value" in data
      ? shown((data as Output).value)
      : Object.entries(data)
          .map(([name, one]) => `${name} = ${one.sensitive ? "(sensitive value)" : JSON.stringify(one.value, null, 2)}`)
          .join("\n") || "There are no outputs.",
  async run(invocation) {
    const workspace = chosenWorkspace(invocation);
    const state = await requireState(await invocation.project(), workspace);
    const outputs = Object.fromEntries(
      Object.entries(state.outputs).map(([name, { value, type, sensitive }]) => [
        name,
        { value, type, sensitive: sensitive ?? false },
      ]),
    );
    const name = invocation.arguments["name"];
    if (typeof name !== "string") return { exitCode: 0, data: outputs, verbatim: invocation.json };
    const one = outputs[name];
    if (one) return { exitCode: 0, data: one, verbatim: true };
    const near = nearest(name, Object.keys(outputs));
    return fail({
      code: "output-missing",
      summary: "There is no such output",
      detail: `Workspace ${workspace} has no output "${name}".`,
      address: name,
      remedy: near ? `Did you mean "${near}"?` : `It has: ${Object.keys(outputs).join(", ") || "none"}.`,
    });
  },
});

interface Shown {
  readonly text: string;
  readonly document: unknown;
}

const shownCommand = defineCommand<Shown>({
  name: "show",
  summary: "Show a workspace's state, or a saved plan",
  description: "--json gives Terraform's formats: plan 1.2, state 1.0.",
  arguments: [
    {
      name: "what",
      help: `a workspace (${workspaceNames.join(", ")}), or the file of a saved plan`,
      choices: workspaceNames,
      open: true,
    },
  ],
  examples: ["doge show stage", "doge show stage.plan --json"],
  view: ({ text }) => text,
  async run(invocation) {
    const project = await invocation.project();
    const what = invocation.arguments["what"] as string;
    if (isWorkspace(what)) {
      const state = await requireState(project, what);
      const text = listObjects(state).map(renderObject).join("\n") || "The state is empty.";
      return { exitCode: 0, data: { text, document: stateToJson(state) }, verbatim: invocation.json };
    }
    const saved = await readPlan(project, resolve(invocation.folder, what));
    return { exitCode: 0, data: { text: saved.text, document: saved.json }, verbatim: invocation.json };
  },
});

/** Programs get the document itself. */
export const showCommand: typeof shownCommand = {
  ...shownCommand,
  async execute(invocation) {
    const result = await shownCommand.execute(invocation);
    return { ...result, data: (result.data as Shown | undefined)?.document };
  },
};

export const providersSchemaCommand = defineCommand<ReturnType<typeof schemasToJson>>({
  name: "providers schema",
  summary: "Print the schemas of the providers that Doge carries, in Terraform's JSON format 1.0",
  view: (data) => JSON.stringify(data, null, 2),
  run: () => Promise.resolve({ exitCode: 0, data: schemasToJson(providers) }),
});
