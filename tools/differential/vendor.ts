/**
 * A vendor in memory for tests: varied schemas, objects whose ids and computed attributes follow from their
 * inputs (the order of calls is never the same twice), and failures on demand.
 */
import { createHash } from "node:crypto";
import { fail } from "@doge/core";
import {
  type Attribute,
  type Attributes,
  type Block,
  defineDataSource,
  defineProvider,
  defineResource,
  type Provider,
  type ResourceType,
} from "@doge/engine";

const digest = (value: unknown): string => createHash("sha1").update(JSON.stringify(value)).digest("hex");

/** What the vendor holds. Two engines get one each. */
export class World {
  readonly objects = new Map<string, Attributes>();
  /** Calls that fail: `create web`, `update web`, `delete web`, `read web`. */
  readonly failing = new Set<string>();
  readonly calls: string[] = [];
  /** Awaited before and after each write takes effect: a place to hold, or to be killed. */
  around: (call: string, moment: "before" | "after") => void | Promise<void> = () => undefined;

  async write(verb: "create" | "update" | "delete", name: unknown, effect: () => void): Promise<void> {
    const call = `${verb} ${String(name)}`;
    this.calls.push(call);
    await this.around(call, "before");
    this.#check(call);
    effect();
    await this.around(call, "after");
  }

  read(name: unknown): void {
    this.#check(`read ${String(name)}`);
  }

  #check(call: string): void {
    if (!this.failing.has(call)) return;
    fail({ code: "vendor-refused", summary: "The vendor refused", detail: call });
  }

  /** Free ids are told apart by a number: a replacement may be made while the old object stands. */
  idFor(base: string): string {
    let id = base;
    for (let n = 2; this.objects.has(id); n++) id = `${base}-${n}`;
    return id;
  }
}

/** The object as the vendor makes it of a configuration: what is computed follows from id and inputs. */
function settled(schema: Block, config: Attributes, prior: Attributes | undefined, seed: string): Attributes {
  const made: Attributes = {};
  const computed: [string, Attribute][] = [];
  for (const [name, attribute] of Object.entries(schema.attributes)) {
    const given = config[name] ?? attribute.default;
    if ((given === null || given === undefined) && attribute.computed) computed.push([name, attribute]);
    else made[name] = given === undefined || given === null ? null : normalized(attribute, given, prior?.[name]);
  }
  for (const [name, nested] of Object.entries(schema.blocks ?? {})) {
    const given = config[name] as Attributes | Attributes[] | null | undefined;
    const before = prior?.[name] as Attributes | Attributes[] | null | undefined;
    if (nested.nesting === "single") {
      made[name] = given ? settled(nested.block, given as Attributes, (before ?? undefined) as Attributes, seed) : null;
    } else {
      const list = (before ?? []) as Attributes[];
      made[name] = ((given ?? []) as Attributes[]).map((one, i) =>
        settled(nested.block, one, nested.nesting === "list" ? list[i] : undefined, `${seed} ${name} ${i}`),
      );
    }
  }
  for (const [name, attribute] of computed) {
    const causes = attribute.recomputedBy ?? [];
    const again = causes.some(
      (cause) => JSON.stringify(made[cause] ?? null) !== JSON.stringify(prior?.[cause] ?? null),
    );
    const kept = prior !== undefined && !again ? prior[name] : undefined;
    made[name] =
      kept ??
      derived(
        attribute,
        name,
        seed,
        causes.map((cause) => made[cause] ?? null),
      );
  }
  return made;
}

// A value that the object has already is not hashed a second time.
const normalized = (attribute: Attribute, given: unknown, prior: unknown): unknown =>
  attribute.normalize && given !== prior ? attribute.normalize(given) : given;

function derived(attribute: Attribute, name: string, seed: string, causes: readonly unknown[]): unknown {
  const hash = digest([seed, name, causes]);
  if (attribute.type === "number") return parseInt(hash.slice(0, 4), 16);
  return attribute.type === "bool" ? hash < "8" : `${name}-${hash.slice(0, 8)}`;
}

function fake(type: string, schemaVersion: number, schema: Block): ResourceType<World> {
  return defineResource<World>()({
    type,
    schemaVersion,
    schema,
    // oxlint-disable-next-line require-await -- the contract is asynchronous, this vendor isn't
    async read(world, prior) {
      world.read(prior["name"]);
      return world.objects.get(prior["id"] as string);
    },
    // oxlint-disable-next-line require-await -- as above
    async find(world, { config }) {
      return [...world.objects.values()].find((one) => one["name"] === config["name"] && one["kind"] === type);
    },
    async reconcile(world, { config, prior, created }) {
      const known = prior?.["id"] as string | undefined;
      let made: Attributes = {};
      await world.write(prior ? "update" : "create", config["name"], () => {
        const id = known ?? world.idFor(`${type}-${String(config["name"])}-${digest(config).slice(0, 6)}`);
        made = { ...settled(schema, config, prior, id), id };
        world.objects.set(id, made);
      });
      if (!prior) await created({ id: made["id"], name: made["name"] });
      return made;
    },
    remove: (world, prior) =>
      world.write("delete", prior["name"], () => void world.objects.delete(prior["id"] as string)),
    importState: (id) => ({ id }),
  });
}

const id = { type: "string", computed: true } as const;
const name = { type: "string", required: true } as const;

/** As SDKv2 providers are: defaults, normalized values, blocks as lists and sets. */
const server = fake("fake_server", 1, {
  attributes: {
    id,
    name,
    region: {
      type: "string",
      optional: true,
      default: "fra1",
      forceNew: true,
      normalize: (value) => String(value).toLowerCase(),
    },
    size: { type: "number", optional: true, computed: true },
    tags: { type: ["set", "string"], optional: true },
    user_data: { type: "string", optional: true, forceNew: true, normalize: (value) => digest(value) },
    monitoring: { type: "bool", optional: true, default: false },
    note: { type: "string", optional: true },
    ip: { type: "string", computed: true, recomputedBy: ["size"] },
    password: { type: "string", computed: true, sensitive: true },
  },
  blocks: {
    disk: {
      nesting: "list",
      maxItems: 3,
      block: {
        attributes: { gigabytes: { type: "number", required: true }, device: { type: "string", computed: true } },
      },
    },
    rule: {
      nesting: "set",
      block: {
        attributes: {
          port: { type: "number", required: true },
          protocol: { type: "string", optional: true, default: "tcp" },
        },
      },
    },
  },
});

const record = fake("fake_record", 0, {
  attributes: {
    id,
    name: { ...name, forceNew: true },
    value: { type: "string", required: true },
    ttl: { type: "number", optional: true, computed: true },
    labels: { type: ["map", "string"], optional: true },
    fqdn: { type: "string", computed: true },
  },
});

const secret = fake("fake_secret", 2, {
  attributes: {
    id,
    name: { ...name, forceNew: true },
    value: { type: "string", required: true, sensitive: true },
    note: { type: "string", optional: true },
    version: { type: "string", computed: true, recomputedBy: ["value"] },
  },
});

const shape = fake("fake_shape", 0, {
  attributes: {
    id,
    name,
    list: { type: ["list", "number"], optional: true },
    matrix: { type: ["list", ["list", "string"]], optional: true },
    point: { type: ["object", { x: "number", y: "number" }], optional: true },
    flags: { type: ["map", "bool"], optional: true },
  },
  blocks: {
    network: {
      nesting: "single",
      block: {
        attributes: {
          cidr: { type: "string", required: true, forceNew: true },
          gateway: { type: "string", optional: true, computed: true },
        },
      },
    },
  },
});

const lookup = defineDataSource<World>()({
  type: "fake_lookup",
  schema: {
    attributes: {
      name,
      found: { type: "bool", computed: true },
      ids: { type: ["list", "string"], computed: true },
    },
  },
  // oxlint-disable-next-line require-await -- as above
  async read(world, config) {
    world.read(config["name"]);
    const ids = [...world.objects.values()]
      .filter((one) => one["name"] === config["name"])
      .map((one) => one["id"] as string);
    return { name: config["name"], found: ids.length > 0, ids: ids.sort((a, b) => a.localeCompare(b)) };
  },
});

const echo = defineDataSource<World>()({
  type: "fake_echo",
  schema: {
    attributes: {
      input: { type: ["map", "string"], required: true },
      joined: { type: "string", computed: true },
      token: { type: "string", computed: true, sensitive: true },
    },
  },
  // oxlint-disable-next-line require-await -- as above
  async read(_, config) {
    const pairs = Object.entries(config["input"] as Record<string, string>).sort(([a], [b]) => (a < b ? -1 : 1));
    const joined = pairs.map(([key, value]) => `${key}=${value}`).join(",");
    return { input: config["input"], joined, token: digest(joined).slice(0, 12) };
  },
});

/** An object that somebody made by hand. */
export function foreignObject(type: string, id: string, config: Attributes): Attributes {
  const schema =
    resources.find((one) => one.type === type)?.schema ?? fail({ code: "test", summary: `No type ${type}` });
  return { ...settled(schema, config, undefined, id), id };
}

const resources = [server, record, secret, shape];

export const fakeProvider = (world: World): Provider =>
  defineProvider<World>({
    name: "fake",
    source: "doge/fake",
    version: "1.0.0",
    schema: { attributes: { token: { type: "string", optional: true, sensitive: true } } },
    resources,
    dataSources: [lookup, echo],
    configure: () => world,
  });
