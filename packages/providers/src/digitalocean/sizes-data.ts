import { fail } from "@doge/core";
import { type Attributes, defineDataSource } from "@doge/engine";
import { blocksOf, complete, flag, required, sorted, strings, text } from "../shared/attributes.ts";
import { optionalString, requiredString } from "../shared/schema.ts";
import type { Size } from "./client/account.ts";
import type { DigitalOcean } from "./configure.ts";

const size = {
  slug: "string",
  available: "bool",
  /** TB a month. */
  transfer: "number",
  /** Dollars. */
  price_monthly: "number",
  price_hourly: "number",
  /** MB. */
  memory: "number",
  vcpus: "number",
  /** GB. */
  disk: "number",
  regions: ["set", "string"],
} as const;

const schema = {
  description: "Sizes of droplets, with their prices.",
  attributes: {
    id: { type: "string", computed: true },
    sizes: { type: ["list", ["object", size]], computed: true },
  },
  blocks: {
    filter: {
      nesting: "set",
      block: {
        attributes: {
          key: { ...requiredString, description: "An attribute of a size." },
          values: { type: ["list", "string"], required: true, description: "One of them is to match." },
          all: { type: "bool", optional: true, description: "Of `regions`: every value is to match." },
          match_by: { ...optionalString, description: "exact (default), substring or re." },
        },
      },
    },
    sort: {
      nesting: "list",
      block: {
        attributes: {
          key: { ...requiredString, description: "An attribute of a size, but regions." },
          direction: { ...optionalString, description: "asc (default) or desc." },
        },
      },
    },
  },
} as const;

/** The vendor's own list: what a plan's monthly cost is made of. */
export const sizesData = defineDataSource<DigitalOcean>()({
  type: "digitalocean_sizes",
  schema,
  async read({ api }, config) {
    const listed = (await api.catalogue.sizes()).map(attributesOf);
    const kept = blocksOf(config, "filter").reduce((sizes, filter) => sizes.filter(matching(filter)), listed);
    // The last key decides least: it sorts first.
    const sizes = blocksOf(config, "sort").reduceRight((all, by) => all.toSorted(ordered(by)), kept);
    // The official provider takes another id at each read; one that stays keeps the state as it is.
    return complete(schema, { ...config, id: "sizes", sizes });
  },
});

function attributesOf(listed: Size): Attributes {
  const known = { ...listed, regions: sorted(listed.regions) } as Attributes;
  return Object.fromEntries(Object.keys(size).map((name) => [name, known[name] ?? null])) as Attributes;
}

function matching(filter: Attributes): (size: Attributes) => boolean {
  const key = oneOf(Object.keys(size), "key", required(filter, "key"));
  const matches = matchers[oneOf(Object.keys(matchers), "match_by", text(filter, "match_by") ?? "exact")]!;
  const values = strings(filter, "values");
  return (size) => {
    const own = [size[key]].flat().map(String);
    const one = (value: string): boolean => own.some((each) => matches(each, value));
    return flag(filter, "all") ? values.every(one) : values.some(one);
  };
}

const matchers: Readonly<Record<string, (own: string, value: string) => boolean>> = {
  // Numbers as they are written: 1 and 1.0 are one.
  exact: (own, value) => own === value || (value !== "" && Number(own) === Number(value)),
  substring: (own, value) => own.includes(value),
  re: (own, value) => pattern(value).test(own),
};

function pattern(source: string): RegExp {
  try {
    return new RegExp(source, "u");
  } catch {
    return wrong("values", source, "Write a regular expression.");
  }
}

const oneOf = (allowed: readonly string[], attribute: string, value: string): string =>
  allowed.includes(value) ? value : wrong(attribute, value, `One of ${allowed.join(", ")}.`);

const wrong = (attribute: string, value: string, remedy: string): never =>
  fail({
    code: "digitalocean-filter",
    summary: "digitalocean_sizes can't choose by this",
    detail: `${attribute} is "${value}".`,
    remedy,
  });

function ordered(by: Attributes): (a: Attributes, b: Attributes) => number {
  const key = oneOf(Object.keys(size), "key", required(by, "key"));
  const sign = text(by, "direction") === "desc" ? -1 : 1;
  return (a, b) => {
    const [left, right] = [a[key], b[key]];
    const order =
      typeof left === "number" && typeof right === "number"
        ? left - right
        : String(left) < String(right)
          ? -1
          : Number(String(left) !== String(right));
    return sign * order;
  };
}
