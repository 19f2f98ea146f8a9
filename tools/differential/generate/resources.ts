/** How the vendor's resources are written at random, and what others may refer to. */
import type { Block } from "./configuration.ts";
import type { Expressions, Kind } from "./expressions.ts";
import type { Random } from "../random.ts";

export interface ResourceKind {
  readonly type: string;
  /** What may be referred to. */
  readonly attributes: Readonly<Record<string, { readonly kind: Kind; readonly sensitive: boolean }>>;
  readonly ignorable: readonly string[];
  readonly drifts: readonly Readonly<Record<string, unknown>>[];
  /** What an object has, besides its name, that was made by hand; undefined: can't be imported here. */
  readonly byHand?: Readonly<Record<string, unknown>>;
  /** False: it has no name. */
  readonly named?: false;
  body(
    make: (kind: Kind) => string,
    expressions: Expressions,
    random: Random,
  ): { readonly arguments: Record<string, string>; readonly blocks?: readonly Block[] };
}

const open = (kind: Kind) => ({ kind, sensitive: false });

const server: ResourceKind = {
  type: "fake_server",
  attributes: {
    id: open("string"),
    ip: open("string"),
    region: open("string"),
    size: open("number"),
    monitoring: open("bool"),
    "disk[*].gigabytes": open("numbers"),
    password: { kind: "string", sensitive: true },
  },
  ignorable: ["tags", "user_data", "note", "region", "size", "disk[0].gigabytes", "rule"],
  byHand: { size: 3, note: "by hand", disk: [{ gigabytes: 10 }] },
  drifts: [{ tags: ["foreign"] }, { note: "changed by hand" }, { size: 99 }, { region: "ams3" }, { monitoring: true }],
  body: (make, expressions, random) => ({
    arguments: {
      ...(random.chance(0.4) ? { region: random.pick(['"fra1"', '"AMS3"', '"nyc"']) } : {}),
      ...(random.chance(0.5) ? { size: make("number") } : {}),
      ...(random.chance(0.4) ? { tags: make("strings") } : {}),
      ...(random.chance(0.3) ? { user_data: make("string") } : {}),
      ...(random.chance(0.3) ? { monitoring: make("bool") } : {}),
      ...(random.chance(0.4) ? { note: make("string") } : {}),
    },
    blocks: [
      ...(random.chance(0.12)
        ? [dynamic("disk", make("numbers"), { gigabytes: "disk.value" })]
        : Array.from({ length: random.chance(0.4) ? random.below(3) : 0 }, () =>
            nested("disk", { gigabytes: make("number") }),
          )),
      ...(random.chance(0.12)
        ? [dynamic("rule", make("strings"), { port: "80 + length(rule.value)", protocol: "rule.value" })]
        : random
            .some(["22", "80", "443"], 0.25)
            .map((port) => nested("rule", { port, ...(random.chance(0.5) ? { protocol: '"udp"' } : {}) }))),
    ],
  }),
};

const record: ResourceKind = {
  type: "fake_record",
  attributes: {
    id: open("string"),
    value: open("string"),
    ttl: open("number"),
    fqdn: open("string"),
  },
  ignorable: ["value", "labels", "ttl", 'labels["foreign"]'],
  byHand: { value: "by hand", labels: { foreign: "yes" } },
  drifts: [{ value: "changed by hand" }, { ttl: 5 }, { labels: { foreign: "yes" } }],
  body: (make, expressions, random) => ({
    arguments: {
      value: make("string"),
      ...(random.chance(0.4) ? { ttl: make("number") } : {}),
      ...(random.chance(0.5) ? { labels: make("map") } : {}),
    },
  }),
};

const secret: ResourceKind = {
  type: "fake_secret",
  attributes: { id: open("string"), value: { kind: "string", sensitive: true }, version: open("string") },
  ignorable: ["value", "note"],
  byHand: { value: "hidden", note: "by hand" },
  drifts: [{ note: "changed by hand" }, { value: "guessed" }],
  body: (make, expressions, random) => ({
    arguments: { value: make("string"), ...(random.chance(0.3) ? { note: expressions.literal("string") } : {}) },
  }),
};

const shape: ResourceKind = {
  type: "fake_shape",
  attributes: { id: open("string") },
  ignorable: ["list", "flags", "point", "point.x", "network", "network.gateway"],
  byHand: { list: [1, 2], network: { cidr: "10.0.0.0/8" } },
  drifts: [{ list: [9] }, { point: { x: 0, y: 0 } }, { flags: { foreign: true } }],
  body: (make, expressions, random) => ({
    arguments: {
      ...(random.chance(0.6) ? { list: make("numbers") } : {}),
      ...(random.chance(0.4) ? { matrix: `[${make("strings")}, [${make("string")}]]` } : {}),
      ...(random.chance(0.5) ? { point: make("point") } : {}),
      ...(random.chance(0.5) ? { flags: make("flags") } : {}),
    },
    blocks: random.chance(0.1)
      ? [dynamic("network", `[for s in slice(concat(${make("strings")}, ["x"]), 0, 1) : s]`, { cidr: "network.value" })]
      : random.chance(0.5)
        ? [
            nested("network", {
              cidr: random.pick(['"10.0.0.0/8"', '"10.1.0.0/16"']),
              ...(random.chance(0.3) ? { gateway: make("string") } : {}),
            }),
          ]
        : [],
  }),
};

/** Terraform's own. Its id is random, so nothing refers to that. */
const data: ResourceKind = {
  type: "terraform_data",
  named: false,
  attributes: { output: open("string"), input: open("string") },
  ignorable: ["input"],
  drifts: [],
  body: (make, expressions, random) => ({
    arguments: {
      input: make("string"),
      ...(random.chance(0.3) ? { triggers_replace: make("strings") } : {}),
    },
  }),
};

const dynamic = (type: string, forEach: string, content: Record<string, string>): Block => ({
  type: "dynamic",
  labels: [type],
  arguments: { for_each: forEach },
  blocks: [nested("content", content)],
});

const nested = (type: string, args: Record<string, string>): Block => ({ type, labels: [], arguments: args });

export const resourceKinds: readonly ResourceKind[] = [server, record, secret, shape, data];
