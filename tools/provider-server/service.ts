/** One of our providers behind the calls of Terraform's plugin protocol. */
import { type Diagnostic, diagnosticsOf, error } from "@doge/core";
import type { Attributes, Block, DataSource, Provider, ProviderContext, ResourceType, Work } from "@doge/engine";
import { decodeAs, typeOfBlock } from "../../packages/engine/src/config/schema-types.ts";
import * as v from "../../packages/engine/src/lang/values.ts";
import type { Value } from "../../packages/engine/src/lang/values.ts";
import { propose, withDefaults } from "../../packages/engine/src/plan/propose.ts";
import type { Path } from "../../packages/engine/src/state/objects.ts";
import { isLegacy, schemaMessage } from "./schema.ts";
import { type DynamicValue, fromWire, toWire } from "./wire.ts";

export interface Request {
  readonly type_name: string;
  readonly id: string;
  readonly config: DynamicValue;
  readonly current_state: DynamicValue;
  readonly prior_state: DynamicValue;
  readonly proposed_new_state: DynamicValue;
  readonly planned_state: DynamicValue;
  readonly raw_state: { readonly json: Uint8Array };
  readonly private: Uint8Array;
  readonly prior_private: Uint8Array;
  readonly planned_private: Uint8Array;
}

/** A call: its request, and the connection it came over, which tells the instances of a provider apart. */
export type Call = (request: Request, peer: string) => object | Promise<object>;

const capabilities = { plan_destroy: false, get_provider_schema_optional: true, move_resource_state: false };

export function serviceOf(provider: Provider, context: ProviderContext): Readonly<Record<string, Call>> {
  const clients = new Map<string, unknown>();
  const resources = new Map(provider.resources.map((one) => [one.type, one] as const));
  const sources = new Map(provider.dataSources.map((one) => [one.type, one] as const));
  const work: Work = { clock: context.clock, progress: () => undefined };
  const resource = ({ type_name }: Request): ResourceType<unknown> => named(resources, type_name);
  const source = ({ type_name }: Request): DataSource<unknown> => named(sources, type_name);
  const providerType = typeOfBlock(provider.schema);

  return {
    GetMetadata: () => ({
      server_capabilities: capabilities,
      resources: [...resources.keys()].map((type_name) => ({ type_name })),
      data_sources: [...sources.keys()].map((type_name) => ({ type_name })),
    }),
    GetProviderSchema: () => ({
      provider: schemaMessage(provider.schema),
      resource_schemas: schemasOf(resources),
      data_source_schemas: schemasOf(sources),
      server_capabilities: capabilities,
    }),
    GetFunctions: () => ({}),
    StopProvider: () => ({}),
    ValidateProviderConfig: () => ({}),
    ValidateDataResourceConfig(request) {
      const { schema } = source(request);
      return { diagnostics: missing(schema, fromWire(request.config, typeOfBlock(schema))).map(diagnosticMessage) };
    },
    ValidateResourceConfig(request) {
      const { schema, validate } = resource(request);
      const config = fromWire(request.config, typeOfBlock(schema));
      const wrong = missing(schema, config);
      if (wrong.length === 0 && validate && v.isWhollyKnown(config))
        return { diagnostics: validate(v.toPlain(config) as Attributes).map(diagnosticMessage) };
      return { diagnostics: wrong.map(diagnosticMessage) };
    },
    async ConfigureProvider(request, peer) {
      const config = fromWire(request.config, providerType);
      // Not known before an apply: what needs a client says so when it is called.
      if (!v.isWhollyKnown(config)) return {};
      clients.set(peer, await provider.configure(v.toPlain(config) as Attributes, context));
      return {};
    },
    UpgradeResourceState(request) {
      const type = typeOfBlock(resource(request).schema);
      const stored: unknown = JSON.parse(Buffer.from(request.raw_state.json).toString());
      return { upgraded_state: toWire(decodeAs(stored, type), type) };
    },
    async ReadResource(request, peer) {
      const one = resource(request);
      const type = typeOfBlock(one.schema);
      const found = await one.read(clients.get(peer), plain(request.current_state, one), work);
      return { new_state: toWire(decodeAs(found, type), type), private: request.private };
    },
    PlanResourceChange(request) {
      const { schema } = resource(request);
      const type = typeOfBlock(schema);
      const [prior, config] = [fromWire(request.prior_state, type), fromWire(request.config, type)];
      if (fromWire(request.proposed_new_state, type).kind === "null")
        return { planned_state: toWire(v.nullOf(type), type) };
      const before = prior.kind === "null" ? undefined : prior;
      const ignore = before ? untouched(config, before) : [];
      const { after, replacePaths } = propose({ schema, config, prior: before, ignore });
      return {
        planned_state: toWire(after, type),
        planned_private: request.prior_private,
        requires_replace: replacePaths.map(pathMessage),
        legacy_type_system: isLegacy(schema),
      };
    },
    async ApplyResourceChange(request, peer) {
      const one = resource(request);
      const type = typeOfBlock(one.schema);
      const [prior, planned] = [fromWire(request.prior_state, type), fromWire(request.planned_state, type)];
      const answer = (state: Value, diagnostics: readonly Diagnostic[] = []) => ({
        new_state: toWire(state, type),
        private: request.planned_private,
        diagnostics: diagnostics.map(diagnosticMessage),
        legacy_type_system: isLegacy(one.schema),
      });
      let state = prior;
      try {
        if (planned.kind === "null") {
          await one.remove(clients.get(peer), v.toPlain(prior) as Attributes, work);
          return answer(planned);
        }
        const before = prior.kind === "null" ? undefined : prior;
        const config = wanted(one, fromWire(request.config, type), before, planned);
        const made = await one.reconcile(
          clients.get(peer),
          {
            config: v.toPlain(withDefaults(one.schema, config)) as Attributes,
            prior: before && (v.toPlain(before) as Attributes),
            created: (partial) => {
              state = decodeAs(partial, type);
              return Promise.resolve();
            },
          },
          work,
        );
        return answer(decodeAs(made, type));
      } catch (thrown) {
        return answer(state, diagnosticsOf(thrown));
      }
    },
    async ImportResourceState(request, peer) {
      const one = resource(request);
      const type = typeOfBlock(one.schema);
      const asked = one.importState?.(request.id) ?? { id: request.id };
      const found = await one.read(clients.get(peer), v.toPlain(decodeAs(asked, type)) as Attributes, work);
      const imported = { type_name: one.type, state: toWire(decodeAs(found, type), type) };
      // Terraform itself says that there is no such object when it reads what was imported.
      return { imported_resources: found ? [imported] : [{ ...imported, state: toWire(decodeAs(asked, type), type) }] };
    },
    async ReadDataSource(request, peer) {
      const one = source(request);
      const type = typeOfBlock(one.schema);
      const config = withDefaults(one.schema, fromWire(request.config, type));
      const read = await one.read(clients.get(peer), v.toPlain(config) as Attributes, work);
      return { state: toWire(decodeAs(read, type), type) };
    },
  };
}

const plain = (given: DynamicValue, { schema }: ResourceType<unknown>): Attributes =>
  v.toPlain(fromWire(given, typeOfBlock(schema))) as Attributes;

function named<T>(all: ReadonlyMap<string, T>, name: string): T {
  const found = all.get(name);
  if (found === undefined) throw new Error(`this provider has no type ${name}`);
  return found;
}

const schemasOf = (types: ReadonlyMap<string, ResourceType<unknown> | DataSource<unknown>>) =>
  Object.fromEntries(
    [...types].map(([name, one]) => [name, schemaMessage(one.schema, "schemaVersion" in one ? one.schemaVersion : 0)]),
  );

/** Top attributes whose given value is the object's own: `ignore_changes` put it there, it is not to be hashed again. */
function untouched(config: Value, prior: Value): Path[] {
  if (!v.isMapping(config) || !v.isMapping(prior)) return [];
  return [...config.entries]
    .filter(([name, given]) => given.kind !== "null" && v.isWhollyKnown(given) && same(given, prior.entries.get(name)))
    .map(([name]) => [name]);
}

const same = (one: Value, other: Value | undefined): boolean => other !== undefined && v.equal(one, other);

/** The configuration with ignored attributes as planned: Terraform sends it as it is written. */
function wanted(one: ResourceType<unknown>, config: Value, prior: Value | undefined, planned: Value): Value {
  const { after } = propose({ schema: one.schema, config, prior });
  if (prior === undefined || !v.isMapping(after) || !v.isMapping(planned)) return config;
  return v.mapParts(config, (given, name) => {
    const [mine, theirs] = [after.entries.get(String(name)), planned.entries.get(String(name))];
    if (mine === undefined || theirs === undefined || !v.isWhollyKnown(theirs) || v.equal(mine, theirs)) return given;
    return theirs;
  });
}

const pathMessage = (path: Path) => ({
  steps: path.map((step) => (typeof step === "string" ? { attribute_name: step } : { element_key_int: step })),
});

/** Arguments that must be there and are null: terraform leaves it to providers to find these. */
function missing(schema: Block, config: Value): Diagnostic[] {
  const entries = v.isMapping(config) ? config.entries : new Map<string, Value>();
  const own = Object.entries(schema.attributes)
    .filter(([name, { required }]) => required && entries.get(name)?.kind === "null")
    .map(([name]) =>
      error({
        code: "missing-argument",
        summary: "Missing required argument",
        detail: `The argument "${name}" is required, but its value is null.`,
      }),
    );
  const nested = Object.entries(schema.blocks ?? {}).flatMap(([name, { block }]) => {
    const value = entries.get(name);
    const blocks = value === undefined ? [] : v.isSequence(value) ? value.items : [value];
    return blocks.flatMap((one) => missing(block, one));
  });
  return [...own, ...nested];
}

export const diagnosticMessage = ({ severity, summary, detail, remedy }: Diagnostic) => ({
  severity: severity === "error" ? "ERROR" : "WARNING",
  summary,
  detail: [detail, remedy].filter(Boolean).join(" "),
});
