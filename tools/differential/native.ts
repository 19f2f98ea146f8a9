/** Our own engine, with its plan once through its file. */
import { type Diagnostic, hasErrors, unwrap } from "@doge/core";
import {
  applyPlan,
  collectVariables,
  emptyState,
  loadConfiguration,
  memoryJournal,
  parsePlan,
  parseState,
  planRun,
  planToJson,
  type ProviderContext,
  serializePlan,
  serializeState,
  type State,
} from "@doge/engine";
import type { Step } from "./case.ts";
import { context, type Engine, nothingToApply, type Planned } from "./engine.ts";
import { fakeProvider, World } from "./vendor.ts";

const saying = (diagnostics: readonly Diagnostic[]): string =>
  diagnostics.map((d) => `${d.severity} ${d.address ?? ""} ${d.summary}: ${d.detail ?? ""}`).join("\n");

const failed = (diagnostics: readonly Diagnostic[]): Planned => ({
  ok: false,
  said: saying(diagnostics),
  apply: nothingToApply,
});

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
      const configuration = await loadConfiguration(sources.filter(({ file }) => /\.tf(\.json)?$/.test(file)));
      if (configuration.value === undefined) return failed(configuration.diagnostics);
      const variables = await variablesOf(step);
      if (variables.value === undefined || hasErrors(variables.diagnostics)) return failed(variables.diagnostics);
      const outcome = await planRun({
        configuration: configuration.value,
        variables: variables.value,
        state,
        providers,
        context: reading(step),
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
            context: reading(step),
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

/** Other states are files of the step. */
const reading = ({ files }: Step): typeof context & Pick<ProviderContext, "remoteState"> => ({
  ...context,
  remoteState: ({ config }) => {
    const text = files[String(config["path"])];
    return Promise.resolve(text === undefined ? undefined : parseState(text).value);
  },
});

const variablesOf = ({ files, env = {}, args = [] }: Step) =>
  collectVariables({
    env: Object.fromEntries(Object.entries(env).map(([name, value]) => [`TF_VAR_${name}`, value])),
    files: Object.entries(files)
      .filter(([file]) => /^[^/]*\.tfvars(\.json)?$/.test(file))
      .map(([file, content]) => ({ file, content })),
    args: args.map((one) => ("file" in one ? { file: { file: one.file, content: files[one.file] ?? "" } } : one)),
  });
