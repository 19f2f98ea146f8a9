import { decodeAs, typeOfNested } from "../config/schema-types.ts";
import { sameType } from "../lang/types.ts";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";
import type { ResourceType } from "../provider.ts";
import type { Attribute, Block, NestedBlock } from "../schema.ts";
import { copyMarks, markSchema, type Path, sensitivePaths } from "../state/objects.ts";

export interface Proposal {
  readonly action: "create" | "update" | "replace" | "no-op";
  /** The object as it will be; unknown where only the apply will tell. */
  readonly after: Value;
  /** The attributes whose change needs another object. */
  readonly replacePaths: readonly Path[];
}

interface Findings {
  readonly changed: Path[];
  readonly forced: Path[];
}

/**
 * What the configuration makes of the object: pure. `config` has every attribute of the schema, null where
 * it is silent; `ignore` holds what `ignore_changes` leaves alone.
 */
export function propose(request: {
  readonly schema: Block;
  readonly config: Value;
  readonly prior: Value | undefined;
  readonly ignore?: "all" | readonly Path[];
  /** Replace even where nothing differs. */
  readonly force?: boolean;
}): Proposal {
  const { schema, prior } = request;
  const fresh = (marks?: Value): Value =>
    copyMarks(
      markSchema(plannedObject(schema, request.config, undefined, [], { changed: [], forced: [] }), schema),
      marks,
    );
  if (prior === undefined) return { action: "create", after: fresh(), replacePaths: [] };
  const findings: Findings = { changed: [], forced: [] };
  const config = ignoring(request.config, prior, request.ignore ?? []);
  // Whether something is a secret is the configuration's and the schema's to say: it was once, it need not be now.
  const content = v.unmarkDeep(prior);
  const after = markSchema(plannedObject(schema, config, content, [], findings, kept(request.ignore ?? [])), schema);
  if (request.force || findings.forced.length > 0)
    // A new object ignores nothing but what was secret of the old one: as for terraform that stays so.
    return { action: "replace", after: fresh(config), replacePaths: findings.forced };
  return {
    action: findings.changed.length > 0 || !sameMarks(after, prior) ? "update" : "no-op",
    after,
    replacePaths: [],
  };
}

/** Other marks alone are a change too: they are part of what the state keeps. */
const sameMarks = (one: Value, other: Value): boolean =>
  JSON.stringify(sensitivePaths(one)) === JSON.stringify(sensitivePaths(other));

/** The same by the resource type: its schema, and what a type of Terraform's own adds. */
export function proposeObject(
  type: Pick<ResourceType<unknown>, "schema" | "builtin">,
  request: Omit<Parameters<typeof propose>[0], "schema">,
): Proposal {
  const proposal = propose({ ...request, schema: type.schema });
  return type.builtin ? { ...proposal, after: type.builtin.plan(proposal.after) } : proposal;
}

/** The configuration with ignored parts as they are. */
export function ignoring(config: Value, prior: Value, ignore: "all" | readonly Path[]): Value {
  if (ignore === "all") return prior;
  return ignore.reduce((value, path) => replaceAt(value, prior, path), config);
}

function replaceAt(value: Value, prior: Value | undefined, [step, ...rest]: Path): Value {
  if (step === undefined || prior === undefined) return prior ?? value;
  if (!v.isMapping(value) && !v.isSequence(value)) return rest.length === 0 ? (part(prior, step) ?? value) : value;
  const replaced = part(prior, step);
  const present = v.isMapping(value) ? value.entries.has(String(step)) : true;
  // A key of a map that the configuration doesn't have, but the object does.
  if (!present && replaced !== undefined && value.kind === "map") {
    return { ...value, entries: new Map([...value.entries, [String(step), replaced]]) };
  }
  return v.mapParts(value, (inner, key) =>
    key === step ? (rest.length === 0 ? (replaced ?? inner) : replaceAt(inner, replaced, rest)) : inner,
  );
}

const part = (value: Value, step: string | number): Value | undefined =>
  v.isMapping(value) ? value.entries.get(String(step)) : v.isSequence(value) ? value.items[step as number] : undefined;

/** Top attributes that are taken over from the object as they are, not normalized again. */
const kept = (ignore: "all" | readonly Path[]): ((name: string) => boolean) => {
  if (ignore === "all") return () => true;
  const names = new Set(ignore.filter((path) => path.length === 1).map((path) => path[0]));
  return (name) => names.has(name);
};

function plannedObject(
  schema: Block,
  config: Value,
  prior: Value | undefined,
  path: Path,
  findings: Findings,
  keep: (name: string) => boolean = () => false,
): Value {
  if (!v.isMapping(config)) return config;
  const before = prior !== undefined && v.isMapping(prior) ? prior : undefined;
  const entries = new Map<string, Value>();
  const changed = new Set<string>();
  const silent: [string, Attribute][] = [];
  for (const [name, attribute] of Object.entries(schema.attributes)) {
    const given = config.entries.get(name) ?? v.nullOf(attribute.type);
    const was = before?.entries.get(name);
    if (given.kind === "null" && attribute.default === undefined && attribute.computed && !keep(name)) {
      silent.push([name, attribute]);
      continue;
    }
    const planned = keep(name) && was ? copyMarks(was, given) : plannedAttribute(attribute, given, was);
    entries.set(name, planned);
    if (before === undefined || was === undefined || equalAs(attribute, planned, was)) continue;
    changed.add(name);
    if (attribute.forceNew) findings.forced.push([...path, name]);
  }
  for (const [name, nested] of Object.entries(schema.blocks ?? {})) {
    const given = config.entries.get(name) ?? v.nullOf(typeOfNested(nested));
    const was = before?.entries.get(name);
    const planned =
      keep(name) && was ? copyMarks(was, given) : plannedBlocks(nested, given, was, [...path, name], findings);
    entries.set(name, planned);
    if (before === undefined || was === undefined || v.equal(planned, was) || (isEmpty(planned) && isEmpty(was)))
      continue;
    changed.add(name);
    if (nested.forceNew || resized(planned, was, nested)) findings.forced.push([...path, name]);
  }
  for (const [name, attribute] of silent) entries.set(name, computed(attribute, before?.entries.get(name), changed));
  for (const name of changed) findings.changed.push([...path, name]);
  return { ...v.object(entries), ...(config.sensitive ? { sensitive: true as const } : {}) };
}

function computed(attribute: Attribute, was: Value | undefined, changed: ReadonlySet<string>): Value {
  const again = attribute.recomputedBy?.some((name) => (name === "*" ? changed.size > 0 : changed.has(name)));
  return was === undefined || again ? v.unknownOf(attribute.type) : was;
}

function plannedAttribute(attribute: Attribute, given: Value, was: Value | undefined): Value {
  if (given.kind === "null" && attribute.default === undefined) {
    // Official providers store "", false, 0 and [] for what is not set.
    return was !== undefined && isZero(was) && attribute.type !== "dynamic" ? was : given;
  }
  if (!v.isWhollyKnown(given)) return given;
  const plain = given.kind === "null" ? attribute.default : v.toPlain(given);
  const content =
    attribute.normalize || given.kind === "null"
      ? decodeAs(attribute.normalize ? attribute.normalize(plain) : plain, attribute.type)
      : given;
  const marked = attribute.normalize ? v.markIf(content, v.hasSensitive(given)) : content;
  if (was === undefined || was.kind === "unknown") return marked;
  const alike =
    equalAs(attribute, marked, was) ||
    (was.kind === "null" && isZero(marked) && attribute.type !== "dynamic") ||
    attribute.same?.(v.toPlain(was), v.toPlain(marked));
  return alike ? copyMarks(was, marked) : marked;
}

/** Where the schema leaves the type open, a list is not what a tuple of the same elements is. */
const equalAs = ({ type }: Attribute, a: Value, b: Value): boolean =>
  v.equal(a, b) && (type !== "dynamic" || a.kind === "null" || sameType(v.typeOf(a), v.typeOf(b)));

function isZero(value: Value): boolean {
  if (value.kind === "null") return true;
  if ("value" in value) return value.value === "" || value.value === 0 || value.value === false;
  return isEmpty(value);
}

const isEmpty = (value: Value): boolean =>
  value.kind === "null" ||
  (v.isSequence(value) && value.items.length === 0) ||
  (v.isMapping(value) && value.entries.size === 0);

function plannedBlocks(
  nested: NestedBlock,
  given: Value,
  was: Value | undefined,
  path: Path,
  findings: Findings,
): Value {
  if (nested.nesting === "single") {
    return given.kind === "null"
      ? given
      : plannedObject(nested.block, given, was && v.isMapping(was) ? was : undefined, path, findings);
  }
  if (!v.isSequence(given)) return given;
  const before = was !== undefined && v.isSequence(was) ? was.items : [];
  const items = given.items.map((item, i) => {
    const match = nested.nesting === "list" ? before[i] : before.find((one) => fits(nested.block, item, one));
    return plannedObject(
      nested.block,
      item,
      match,
      [...path, i],
      nested.nesting === "list" ? findings : { changed: [], forced: [] },
    );
  });
  return { ...given, items: nested.nesting === "set" ? order(items) : items };
}

const order = (items: readonly Value[]): readonly Value[] =>
  items.every(v.isWhollyKnown) ? [...items].sort((a, b) => (v.canonical(a) < v.canonical(b) ? -1 : 1)) : items;

/** Whether a block of a set is the one that the configuration describes: all that it says is so. */
function fits(schema: Block, config: Value, prior: Value): boolean {
  if (!v.isMapping(config) || !v.isMapping(prior)) return false;
  return Object.entries(schema.attributes).every(([name, attribute]) => {
    const [given, was] = [config.entries.get(name), prior.entries.get(name)];
    if (given === undefined || was === undefined) return true;
    if (given.kind === "null")
      return (
        attribute.computed ||
        isZero(was) ||
        (attribute.default !== undefined && v.equal(decodeAs(attribute.default, attribute.type), was))
      );
    return v.equal(plannedAttribute(attribute, given, was), was);
  });
}

/** A block more or less means another object where one of its attributes would. */
function resized(planned: Value, was: Value, nested: NestedBlock): boolean {
  const count = (value: Value): number => (v.isSequence(value) ? value.items.length : value.kind === "null" ? 0 : 1);
  const different = nested.nesting === "set" || count(planned) !== count(was);
  return different && Object.values(nested.block.attributes).some((attribute) => attribute.forceNew);
}

/** The configuration with the schema's defaults where it is silent: what providers are given. */
export function withDefaults(schema: Block, config: Value): Value {
  return v.mapParts(config, (value, name) => {
    const attribute = schema.attributes[name];
    if (attribute)
      return value.kind === "null" && attribute.default !== undefined
        ? decodeAs(attribute.default, attribute.type)
        : value;
    const nested = schema.blocks?.[name];
    if (nested === undefined) return value;
    return v.isSequence(value)
      ? v.mapParts(value, (item) => withDefaults(nested.block, item))
      : withDefaults(nested.block, value);
  });
}
