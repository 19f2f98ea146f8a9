import { readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseActionFile, type Action } from "../language/action.ts";
import { evaluateText, type Fields, type Scope } from "../language/expressions.ts";
import { openCommandFiles } from "../runner/command-files.ts";
import { applyCommandFiles, stepEnvironment } from "../runner/effects.ts";
import type { StepResult } from "../runner/session.ts";
import { runLogged } from "../runner/shell.ts";
import type { ActionCall } from "./index.ts";
import { failed } from "./inputs.ts";

/** An action of the repository itself: composite, or JavaScript. */
export async function runLocalAction(call: ActionCall): Promise<void> {
  const { session, reference } = call;
  const folder = resolve(session.folders.workspace, reference);
  const action = await readAction(folder, reference);
  const inputs = inputsOf(action, call);
  const { runs } = action;
  switch (runs.using) {
    case "composite":
      return runComposite(call, action, runs.steps, inputs, folder);
    case "node": {
      await runNode(call, join(folder, runs.main), inputs, call.variables);
      const { post } = runs;
      if (post === undefined) return;
      session.posts.push({
        name: `Post ${call.name}`,
        condition: runs.postCondition,
        async run(signal) {
          const files = await openCommandFiles(session.folders.temp);
          const state = Object.entries(call.state).map(([name, value]) => [`STATE_${name}`, value]);
          const variables = { ...files.variables, ...Object.fromEntries(state) };
          try {
            await runNode({ ...call, cancel: signal }, join(folder, post), inputs, variables);
          } finally {
            await applyCommandFiles(session, files);
          }
        },
      });
      return;
    }
    case "docker":
      return failed(`The local cloud does not run container actions: ${reference}`);
  }
}

async function readAction(folder: string, reference: string): Promise<Action> {
  for (const name of ["action.yml", "action.yaml"]) {
    const content = await readFile(join(folder, name), "utf8").catch(() => undefined);
    if (content === undefined) continue;
    const parsed = await parseActionFile(`${reference}/${name}`, content);
    return parsed.value ?? failed(parsed.errors?.join("\n") ?? "");
  }
  const docker = await stat(join(folder, "Dockerfile")).catch(() => undefined);
  if (docker) failed(`The local cloud does not run container actions: ${reference}`);
  return failed(
    `Can't find 'action.yml', 'action.yaml' or 'Dockerfile' under '${folder}'. Did you forget to run actions/checkout before running your local action?`,
  );
}

function inputsOf(action: Action, { inputs, scope }: ActionCall): Record<string, string> {
  const given = new Map(Object.entries(inputs).map(([name, value]) => [name.toLowerCase(), value]));
  const declared = Object.fromEntries(
    action.inputs.map(({ id, default: value }) => [id, given.get(id.toLowerCase()) ?? evaluateText(value, scope)]),
  );
  return { ...inputs, ...declared };
}

async function runComposite(
  call: ActionCall,
  action: Action,
  steps: Extract<Action["runs"], { using: "composite" }>["steps"],
  inputs: Fields,
  path: string,
): Promise<void> {
  const results: Record<string, StepResult> = {};
  const passed = await call.runSteps({
    steps,
    action: { path },
    inputs,
    env: call.env,
    cancel: call.cancel,
    results,
    defaults: [],
    observe: () => {},
  });
  const scope: Scope = {
    ...call.scope,
    contexts: { ...call.scope.contexts, inputs, steps: results as unknown as Fields },
  };
  for (const { id, value } of action.outputs) call.outputs[id] = evaluateText(value, scope);
  if (!passed) failed(`The action '${call.name}' failed.`);
}

async function runNode(
  call: ActionCall,
  script: string,
  inputs: Readonly<Record<string, string>>,
  variables: Readonly<Record<string, string>>,
): Promise<void> {
  const { session } = call;
  const given = Object.entries(inputs).map(([name, value]) => [
    `INPUT_${name.replaceAll(" ", "_").toUpperCase()}`,
    value,
  ]);
  session.log.write(`Run ${call.reference}`);
  await runLogged(session, {
    argv: [process.execPath, script],
    cwd: session.folders.workspace,
    env: stepEnvironment(session, call.env, { ...variables, ...(Object.fromEntries(given) as Record<string, string>) }),
    cancel: call.cancel,
  });
}
