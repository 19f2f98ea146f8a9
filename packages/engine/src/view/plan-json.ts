import type { ResourceAction } from "@doge/core";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";
import type { OutputChange, Plan, ResourceChange } from "../plan/model.ts";
import { instanceAddress, resourceAddress, type State, terraformVersion } from "../state/model.ts";

export interface PlanJsonOptions {
  /** True: sensitive values in clear, as `terraform show -json` has them. Otherwise "(sensitive)" stands for them. */
  readonly secrets?: boolean;
}

type Json = Record<string, unknown>;

/** The plan in Terraform's JSON format 1.2. */
export function planToJson(plan: Plan, options: PlanJsonOptions = {}): Json {
  const shown = (value: Value): Value => (options.secrets ? value : redacted(value));
  const changes = plan.changes.filter((change) => change.mode === "managed" || change.action === "read");
  return {
    format_version: "1.2",
    terraform_version: terraformVersion,
    ...(plan.configuration.variables.size > 0 ? { variables: variables(plan, options) } : {}),
    planned_values: plannedValues(plan, shown),
    ...(plan.drift.length > 0 ? { resource_drift: plan.drift.map((change) => resourceChange(change, shown)) } : {}),
    resource_changes: changes.map((change) => resourceChange(change, shown)),
    output_changes: Object.fromEntries(plan.outputs.map((output) => [output.name, outputChange(output, shown)])),
    prior_state: priorState(plan.prior, shown),
    configuration: configuration(plan),
    timestamp: plan.timestamp,
    applyable:
      changes.some((change) => change.action !== "no-op") || plan.outputs.some((output) => output.action !== "no-op"),
    complete: plan.targets.length === 0,
    errored: false,
  };
}

/** Every sensitive part as a placeholder; null and unknown stay, so that the shape can be told. */
function redacted(value: Value): Value {
  if (value.sensitive && value.kind !== "null" && value.kind !== "unknown") return v.mark(v.string("(sensitive)"));
  return v.mapParts(value, redacted);
}

function variables(plan: Plan, options: PlanJsonOptions): Json {
  const given = Object.entries(plan.variables).filter(([name]) => plan.configuration.variables.has(name));
  return Object.fromEntries(
    given.map(([name, one]) => {
      const hidden = !options.secrets && plan.configuration.variables.get(name)?.sensitive;
      return [name, { value: hidden ? "(sensitive)" : "value" in one ? one.value : one.expression }];
    }),
  );
}

const actions: Readonly<Record<ResourceAction, readonly string[]>> = {
  create: ["create"],
  read: ["read"],
  update: ["update"],
  replace: ["delete", "create"],
  delete: ["delete"],
  "no-op": ["no-op"],
  forget: ["forget"],
};

function resourceChange(change: ResourceChange, shown: (value: Value) => Value): Json {
  return {
    address: change.address,
    mode: change.mode,
    type: change.type,
    name: change.name,
    ...(change.key === undefined ? {} : { index: change.key }),
    provider_name: sourceOf(change.provider),
    ...(change.deposed === undefined ? {} : { deposed: change.deposed }),
    change: {
      actions:
        change.action === "replace" && change.createBeforeDestroy ? ["create", "delete"] : actions[change.action],
      ...sides(change.before, change.after, shown),
      ...(change.replacePaths.length > 0 ? { replace_paths: change.replacePaths } : {}),
    },
    ...(change.reason === undefined ? {} : { action_reason: change.reason }),
  };
}

function outputChange(output: OutputChange, shown: (value: Value) => Value): Json {
  const [before, after] = [output.before, output.after].map((one) => one && v.markIf(one, output.sensitive));
  return { actions: actions[output.action], ...sides(before, after, shown) };
}

function sides(before: Value | undefined, after: Value | undefined, shown: (value: Value) => Value): Json {
  return {
    before: before ? known(shown(before)) : null,
    after: after ? (known(shown(after)) ?? null) : null,
    after_unknown: after ? (flags(after, (value) => value.kind === "unknown") ?? {}) : false,
    before_sensitive: before ? (flags(before, (value) => value.sensitive === true) ?? {}) : false,
    after_sensitive: after ? (flags(after, (value) => value.sensitive === true) ?? {}) : false,
  };
}

/** Plain JSON without what is unknown: absent from objects, null in lists. */
function known(value: Value): unknown {
  if (v.isMapping(value)) {
    return Object.fromEntries(
      [...value.entries].filter(([, part]) => part.kind !== "unknown").map(([name, part]) => [name, known(part)]),
    );
  }
  if (v.isSequence(value)) return value.items.map((part) => known(part) ?? null);
  return value.kind === "unknown" ? undefined : v.toPlain(value);
}

/** `true` where the test holds, nested like the value; objects leave out what is false. */
function flags(value: Value, test: (value: Value) => boolean): unknown {
  if (test(value)) return true;
  if (v.isMapping(value)) {
    const fields = [...value.entries]
      .map(([name, part]) => [name, flags(part, test)] as const)
      .filter(([, flag]) => flag !== false);
    return Object.fromEntries(fields);
  }
  if (v.isSequence(value)) return value.items.map((part) => flags(part, test));
  return false;
}

const sourceOf = (provider: string): string => /"([^"]+)"/.exec(provider)?.[1] ?? provider;

function plannedValues(plan: Plan, shown: (value: Value) => Value): Json {
  const outputs = plan.outputs.filter((output) => output.action !== "delete" && output.after);
  const resources = plan.changes.filter((change) => change.after && change.action !== "delete");
  return {
    outputs: Object.fromEntries(
      outputs.map((output) => {
        const after = v.markIf(output.after as Value, output.sensitive);
        const value = known(shown(after));
        return [
          output.name,
          { sensitive: output.sensitive, ...(value === undefined ? {} : { type: v.typeOf(after), value }) },
        ];
      }),
    ),
    root_module: {
      resources: resources.map((change) => ({
        address: change.address,
        mode: change.mode,
        type: change.type,
        name: change.name,
        ...(change.key === undefined ? {} : { index: change.key }),
        provider_name: sourceOf(change.provider),
        schema_version: 0,
        values: known(shown(change.after as Value)),
        sensitive_values: flags(change.after as Value, (value) => value.sensitive === true),
      })),
    },
  };
}

function priorState(state: State, shown: (value: Value) => Value): Json {
  return {
    format_version: "1.0",
    terraform_version: terraformVersion,
    values: {
      outputs: Object.fromEntries(
        Object.entries(state.outputs).map(([name, output]) => {
          const value = shown(v.markIf(v.fromPlain(output.value), output.sensitive));
          return [name, { sensitive: output.sensitive ?? false, type: output.type, value: v.toPlain(value) }];
        }),
      ),
      root_module: {
        resources: state.resources.flatMap((resource) =>
          resource.instances.map((instance) => ({
            address: instanceAddress(resourceAddress(resource), instance.index_key),
            mode: resource.mode,
            type: resource.type,
            name: resource.name,
            ...(instance.index_key === undefined ? {} : { index: instance.index_key }),
            provider_name: sourceOf(resource.provider),
            schema_version: instance.schema_version,
          })),
        ),
      },
    },
  };
}

function configuration(plan: Plan): Json {
  const { providers, resources, requiredProviders } = plan.configuration;
  const full = (name: string): string =>
    `registry.terraform.io/${requiredProviders.get(name)?.source ?? `hashicorp/${name}`}`;
  return {
    provider_config: Object.fromEntries(
      [...providers.values()].map((one) => [
        one.key,
        { name: one.name, full_name: full(one.name), ...(one.alias ? { alias: one.alias } : {}) },
      ]),
    ),
    root_module: {
      resources: [...resources.values()].map((block) => ({
        address: block.address,
        mode: block.mode,
        type: block.type,
        name: block.name,
        provider_config_key: block.provider ?? block.type.split("_")[0],
      })),
    },
  };
}
