import { type Diagnostic, type DogeEvent, hasErrors, type Machine, Secret, type Outcome } from "@doge/core";
import {
  applyPlan,
  collectSources,
  collectVariables,
  fileJournal,
  hasChanges,
  type Journal,
  type LoadedConfiguration,
  loadConfiguration,
  parsePlan,
  parseState,
  planRun,
  planSummary,
  planToJson,
  type ProviderContext,
  renderPlan,
  schemasToJson,
  sealer,
  serializePlan,
  serializeState,
  type State,
  type VariableValue,
} from "@doge/engine";
import type { TerraformApplyResult, TerraformPlanResult, TerraformRunner, TerraformRunRequest } from "@doge/cloud";
import { providers, remoteStates } from "@doge/workflow";
import { styleFor } from "../../terminal/style.ts";
import { renderDiagnostics } from "../../views/diagnostics.ts";

const plain = styleFor({}, { NO_COLOR: "1" });

/** Carries out the local HCP's runs with Doge's own engine, as HCP's workers do with Terraform. Intents are journaled below `journals`. */
export function engineRunner(machine: Machine, journals: string): TerraformRunner {
  const contextOf = (request: TerraformRunRequest): ProviderContext => {
    const env = { ...machine.env, ...request.environment };
    const here = machine.withEnv(env);
    const { http, clock } = here;
    // What was uploaded is the project: modules lie beside the working directory.
    const files = machine.projectFiles(request.root, request.folder);
    const context = { http, clock, env, files, signal: request.signal, emit: logEvents(request.log) };
    const token = env["ATLAS_TOKEN"];
    const access = { token: token === undefined ? undefined : new Secret(token), address: env["TFE_ADDRESS"] };
    return { ...context, remoteState: remoteStates(context, access) };
  };
  // Beside the states of the local cloud, which are in clear too.
  const journalOf = (request: TerraformRunRequest): Journal =>
    fileJournal({ files: machine.files, folder: `${journals}/${request.workspace}`, sealer: sealer([], "journal") });
  const report = (request: TerraformRunRequest, diagnostics: readonly Diagnostic[]): void => {
    if (diagnostics.length > 0) request.log(`\n${asTerraform(diagnostics)}\n`);
  };

  return {
    async plan(request): Promise<TerraformPlanResult> {
      const context = contextOf(request);
      const configuration = await readConfiguration(machine, request);
      const state = request.state === undefined ? undefined : parseState(request.state);
      if (!configuration.value || (state && !state.value)) {
        report(request, [...configuration.diagnostics, ...(state?.diagnostics ?? [])]);
        return failedPlan;
      }
      const variables = await variablesOf(machine, request, configuration.value);
      if (!variables.value || hasErrors(variables.diagnostics)) {
        report(request, variables.diagnostics);
        return failedPlan;
      }
      const outcome = await planRun({
        configuration: configuration.value,
        variables: variables.value,
        state: state?.value,
        providers,
        context,
        journal: journalOf(request),
        mode: request.destroy ? "destroy" : request.refreshOnly ? "refresh-only" : "normal",
        refresh: request.refresh,
        targets: request.targets,
        replace: request.replace,
      });
      const plan = outcome.value;
      if (!plan || hasErrors(outcome.diagnostics)) {
        report(request, outcome.diagnostics);
        return failedPlan;
      }
      request.log(`\n${renderPlan(plan)}\n`);
      report(request, outcome.diagnostics);
      const { add, change, destroy } = planSummary(plan);
      return {
        ok: true,
        hasChanges: hasChanges(plan),
        additions: add,
        changes: change,
        destructions: destroy,
        plan: serializePlan(plan),
        planJson: planToJson(plan),
        schemasJson: schemasToJson(providers),
      };
    },

    async apply(request): Promise<TerraformApplyResult> {
      const parsed = await parsePlan(request.plan, async () => {
        const configuration = await readConfiguration(machine, request);
        const variables = configuration.value && (await variablesOf(machine, request, configuration.value));
        return variables?.value ?? {};
      });
      if (!parsed.value) {
        report(request, parsed.diagnostics);
        return { ok: false, additions: 0, changes: 0, destructions: 0, state: request.state };
      }
      let latest = request.state;
      const result = await applyPlan({
        plan: parsed.value,
        providers,
        context: contextOf(request),
        journal: journalOf(request),
        store: {
          save: async (state: State) => {
            latest = serializeState(state);
            await request.saveState?.(latest);
          },
        },
      });
      report(request, result.diagnostics);
      const ok = !hasErrors(result.diagnostics);
      if (ok) {
        request.log(
          `\nApply complete! Resources: ${result.add} added, ${result.change} changed, ${result.destroy} destroyed.\n`,
        );
      }
      return { ok, additions: result.add, changes: result.change, destructions: result.destroy, state: latest };
    },
  };
}

const failedPlan: TerraformPlanResult = {
  ok: false,
  hasChanges: false,
  additions: 0,
  changes: 0,
  destructions: 0,
  plan: "",
};

async function readConfiguration(
  machine: Machine,
  request: TerraformRunRequest,
): Promise<Outcome<LoadedConfiguration>> {
  return loadConfiguration(await collectSources(machine.files, request.folder));
}

/**
 * The workspace's variables, and below them those of the uploaded files. Only declared ones: a variable set
 * may carry more than a workspace asks for.
 */
async function variablesOf(
  machine: Machine,
  { folder, environment, variables }: TerraformRunRequest,
  configuration: LoadedConfiguration,
): Promise<Outcome<Record<string, VariableValue>>> {
  const names = (await machine.files.list(folder)).filter((name) => /\.tfvars(\.json)?$/.test(name));
  const files = await Promise.all(
    names.map(async (file) => ({ file, content: (await machine.files.read(`${folder}/${file}`)) ?? "" })),
  );
  const below = await collectVariables({ env: environment, files, args: [] });
  const own = variables.map(({ key, value, hcl }) => [key, hcl ? { expression: value } : { value }] as const);
  const all = [...Object.entries(below.value ?? {}), ...own].filter(([name]) => configuration.variables.has(name));
  return { value: Object.fromEntries(all), diagnostics: below.diagnostics };
}

/** The words of Terraform's own log, so that what people know how to read stays as it is. */
function logEvents(log: (text: string) => void): (event: DogeEvent) => void {
  const doing = {
    create: "Creating",
    update: "Modifying",
    replace: "Replacing",
    delete: "Destroying",
    read: "Reading",
    "no-op": "",
    forget: "Forgetting",
  } as const;
  const done = {
    create: "Creation",
    update: "Modifications",
    replace: "Replacement",
    delete: "Destruction",
    read: "Read",
    "no-op": "",
    forget: "Forgotten",
  } as const;
  return (event) => {
    switch (event.type) {
      case "resource.refreshing":
        return log(`${event.address}: Refreshing state...\n`);
      case "resource.started":
        return doing[event.action] ? log(`${event.address}: ${doing[event.action]}...\n`) : undefined;
      case "resource.waiting":
        return log(`${event.address}: ${event.message}\n`);
      case "resource.finished":
        return done[event.action]
          ? log(
              `${event.address}: ${done[event.action]} complete after ${Math.round(event.milliseconds / 1_000)}s${event.id ? ` [id=${event.id}]` : ""}\n`,
            )
          : undefined;
      case "http.retrying":
        return log(`${event.method} ${event.url}: ${event.reason}, attempt ${event.attempt}\n`);
      default:
        return undefined;
    }
  };
}

/** `Error: summary` at the start of a line is what clients look for. */
const asTerraform = (diagnostics: readonly Diagnostic[]): string =>
  renderDiagnostics(diagnostics, plain).replaceAll(/^(Error|Warning) (.*) \[([a-z-]+)\]$/gm, "$1: $2 [$3]");
