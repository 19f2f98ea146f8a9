import type { ResourceAction } from "@doge/core";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";
import { storedSubject } from "../plan/session.ts";
import { fromOutside } from "../plan/variables.ts";
import { checksJson } from "./checks-json.ts";
import { configurationJson } from "./configuration-json.ts";
import { moduleTree } from "./modules-json.ts";
import { hasChanges, type OutputChange, type Plan, type ResourceChange } from "../plan/model.ts";
import type { Type } from "../schema.ts";
import {
  instanceAddress,
  resourceAddress,
  type State,
  type StateInstance,
  type StateResource,
  terraformVersion,
} from "../state/model.ts";
import { marked, untyped } from "../state/objects.ts";

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
    ...listed("resource_drift", plan.mode === "destroy" ? [] : driftOf(plan), shown),
    ...listed("resource_changes", changes, shown),
    ...filled(
      "output_changes",
      plan.outputs.map((output) => [output.name, outputChange(output, shown)]),
    ),
    ...(isEmptyState(plan.prior) ? {} : { prior_state: priorState(plan, shown) }),
    configuration: configurationJson(plan, options.secrets ?? false),
    ...(plan.checks.length > 0 ? { checks: checksJson(plan.checks) } : {}),
    timestamp: plan.timestamp,
    applyable: hasChanges(plan),
    complete: plan.targets.length === 0,
    errored: false,
  };
}

const isEmptyState = (state: State): boolean => state.resources.length === 0 && Object.keys(state.outputs).length === 0;

/** Terraform leaves out what has nothing in it. */
const filled = (name: string, entries: readonly (readonly [string, unknown])[]): Json =>
  entries.length === 0 ? {} : { [name]: Object.fromEntries(entries) };

const listed = (name: string, changes: readonly ResourceChange[], shown: (value: Value) => Value): Json =>
  changes.length === 0 ? {} : { [name]: changes.map((change) => resourceChange(change, shown)) };

/** What changed by itself; where that is all there is to show, what only moved too. */
function driftOf({ drift, moved, prior, mode }: Plan): readonly ResourceChange[] {
  const known = new Set(drift.map((one) => one.address));
  const only = (mode === "refresh-only" ? prior.resources : []).flatMap((resource) =>
    resource.instances.flatMap((instance): ResourceChange[] => {
      const address = instanceAddress(resourceAddress(resource), instance.index_key);
      if (moved[address] === undefined || known.has(address) || instance.deposed !== undefined) return [];
      const value = valueOf(instance);
      const { dependencies: _, ...rest } = instance;
      return [
        {
          ...storedSubject(resource, resourceAddress(resource), rest),
          action: "no-op",
          replacePaths: [],
          createBeforeDestroy: false,
          before: value,
          after: value,
        },
      ];
    }),
  );
  return [...drift, ...only].map((one) => {
    const previous = moved[one.address];
    return previous === undefined ? one : { ...one, previous };
  });
}

const valueOf = (instance: StateInstance): Value =>
  marked(v.fromPlain(untyped(instance.attributes)), instance.sensitive_attributes ?? []);

/** Every sensitive part as a placeholder; null and unknown stay, so that the shape can be told. */
function redacted(value: Value): Value {
  if (value.sensitive && value.kind !== "null" && value.kind !== "unknown") return v.mark(v.string("(sensitive)"));
  return v.mapParts(value, redacted);
}

/** As they were given; defaults where they were not. */
function variables(plan: Plan, options: PlanJsonOptions): Json {
  const all = [...plan.configuration.variables.values()].flatMap((variable) => {
    if (variable.ephemeral) return [];
    const given = plan.variables[variable.name];
    const value = given === undefined ? variable.default : fromOutside(variable, given);
    if (value === undefined) return [];
    return [
      [variable.name, { value: variable.sensitive && !options.secrets ? "(sensitive)" : v.toPlain(value) }] as const,
    ];
  });
  return Object.fromEntries(all);
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
    ...(change.previous === undefined ? {} : { previous_address: change.previous }),
    ...(change.module === undefined ? {} : { module_address: change.module }),
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
      ...(change.importing === undefined ? {} : { importing: { id: change.importing } }),
    },
    ...(change.reason === undefined ? {} : { action_reason: change.reason }),
  };
}

/** Outputs are told apart as wholes: sensitive or not, and unknown as one only where nothing of them is known. */
function outputChange(output: OutputChange, shown: (value: Value) => Value): Json {
  const [before, after] = [output.before, output.after].map((one) => one && v.markIf(one, output.sensitive));
  const unknown = after !== undefined && !v.isWhollyKnown(after);
  const sensitive = isSensitive(output);
  return {
    actions: actions[output.action],
    ...sides(before, after, shown),
    after_unknown: unknown ? unknownFlags(after) : false,
    before_sensitive: sensitive,
    after_sensitive: sensitive,
  };
}

/** An output counts as sensitive while it was, or will be. */
const isSensitive = ({ sensitive, before }: OutputChange): boolean => sensitive || before?.sensitive === true;

function sides(before: Value | undefined, after: Value | undefined, shown: (value: Value) => Value): Json {
  return {
    before: before ? known(shown(before)) : null,
    ...(after && after.kind === "unknown" ? {} : { after: after ? known(shown(after)) : null }),
    after_unknown: after && !v.isWhollyKnown(after) ? unknownFlags(after) : {},
    before_sensitive: before ? sensitiveFlags(before) : false,
    after_sensitive: after ? sensitiveFlags(after) : false,
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

const unknownFlags = (value: Value): unknown => flags(value, (part) => part.kind === "unknown");

/** What a container that is not known holds can't be told: it counts as one with nothing in it. */
const sensitiveFlags = (value: Value): unknown =>
  flags(
    value,
    (part) => part.sensitive === true,
    ({ kind, type }) =>
      kind === "null" || typeof type === "string" ? false : /^(map|object)$/.test(type[0]) ? {} : [],
  );

/** `true` where the test holds, nested like the value; objects leave out what is false. */
function flags(
  value: Value,
  test: (value: Value) => boolean,
  closed: (value: Extract<Value, { type: Type }>) => unknown = () => false,
): unknown {
  if (test(value)) return true;
  if (v.isMapping(value)) {
    const fields = [...value.entries]
      .map(([name, part]) => [name, flags(part, test, closed)] as const)
      .filter(([, flag]) => flag !== false);
    return Object.fromEntries(fields);
  }
  if (v.isSequence(value)) return value.items.map((part) => flags(part, test, closed));
  return value.kind === "null" || value.kind === "unknown" ? closed(value) : false;
}

const sourceOf = (provider: string): string => /"([^"]+)"/.exec(provider)?.[1] ?? provider;

function plannedValues(plan: Plan, shown: (value: Value) => Value): Json {
  const outputs = plan.outputs.filter((output) => output.action !== "delete" && output.after);
  const resources = plan.changes.flatMap((change): (ResourceChange & { readonly value?: Value })[] => {
    // What is forgotten stays, but nothing of it is known.
    if (change.action === "forget") return [change];
    return change.action === "delete" || change.after === undefined ? [] : [{ ...change, value: change.after }];
  });
  return {
    ...filled(
      "outputs",
      outputs.map((output) => {
        const after = v.markIf(output.after as Value, output.sensitive);
        const told = v.isWhollyKnown(after) ? { type: v.typeOf(after), value: known(shown(after)) } : {};
        return [output.name, { sensitive: isSensitive(output), ...told }];
      }),
    ),
    root_module: moduleTree(
      resources.map((change) => ({
        address: change.address,
        mode: change.mode,
        type: change.type,
        name: change.name,
        ...(change.key === undefined ? {} : { index: change.key }),
        provider_name: sourceOf(change.provider),
        schema_version: change.schemaVersion,
        ...(change.value ? values(known(shown(change.value))) : {}),
        sensitive_values: change.value ? sensitiveFlags(change.value) : false,
      })),
    ),
  };
}

/** An object of which nothing is known has no values. */
const values = (known: unknown): Json => (Object.keys(known as object).length === 0 ? {} : { values: known });

/** The state as planning left it: refreshed, with what outputs say already. */
function priorState(plan: Plan, shown: (value: Value) => Value): Json {
  return {
    format_version: "1.0",
    terraform_version: terraformVersion,
    values: {
      ...filled(
        "outputs",
        Object.entries(plan.prior.outputs).map(([name, { value, type, sensitive = false }]) => {
          const hidden = shown(v.markIf(v.fromPlain(value), sensitive));
          return [name, { sensitive, type, value: v.toPlain(hidden) }];
        }),
      ),
      root_module: moduleTree(plan.prior.resources.flatMap((resource) => priorResources(resource, shown))),
    },
  };
}

function priorResources(resource: StateResource, shown: (value: Value) => Value): (Json & { address: string })[] {
  return resource.instances.map((instance) => {
    const value = valueOf(instance);
    return {
      address: instanceAddress(resourceAddress(resource), instance.index_key),
      mode: resource.mode,
      type: resource.type,
      name: resource.name,
      ...(instance.index_key === undefined ? {} : { index: instance.index_key }),
      provider_name: sourceOf(resource.provider),
      schema_version: instance.schema_version,
      ...values(v.toPlain(shown(value))),
      sensitive_values: sensitiveFlags(value),
      ...(instance.dependencies?.length ? { depends_on: instance.dependencies } : {}),
      ...(instance.status === "tainted" ? { tainted: true } : {}),
      ...(instance.deposed === undefined ? {} : { deposed_key: instance.deposed }),
    };
  });
}
