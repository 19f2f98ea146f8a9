import { type Attributes, defineResource } from "@doge/engine";
import { blocksOf, complete, flag, number, required, strings, text } from "../shared/attributes.ts";
import { ApiError, alreadyExists, createOnce, hasStatus, ifFound } from "../shared/errors.ts";
import { computedString, identity, lowerCase, onOff, stringList } from "../shared/schema.ts";
import { type CorsRule, type Spaces, spacesVendor } from "./client/spaces.ts";
import type { DigitalOcean } from "./configure.ts";

const schema = {
  description: "A bucket of Spaces, DigitalOcean's object storage.",
  attributes: {
    id: computedString,
    name: identity,
    region: { type: "string", optional: true, forceNew: true, default: "nyc3", normalize: lowerCase },
    acl: { type: "string", optional: true, default: "private", description: "private or public-read." },
    force_destroy: { ...onOff(false), description: "Destroy it with everything in it." },
    urn: computedString,
    bucket_domain_name: computedString,
    endpoint: computedString,
  },
  blocks: {
    cors_rule: {
      nesting: "list",
      block: {
        attributes: {
          allowed_methods: { type: stringList, required: true },
          allowed_origins: { type: stringList, required: true },
          allowed_headers: { type: stringList, optional: true },
          max_age_seconds: { type: "number", optional: true },
        },
      },
    },
    versioning: {
      nesting: "list",
      maxItems: 1,
      block: { attributes: { enabled: onOff(false) } },
    },
  },
} as const;

const rulesOf = (attributes: Attributes): CorsRule[] =>
  blocksOf(attributes, "cors_rule").map((rule) => {
    const age = number(rule, "max_age_seconds");
    return {
      allowedMethods: strings(rule, "allowed_methods"),
      allowedOrigins: strings(rule, "allowed_origins"),
      allowedHeaders: strings(rule, "allowed_headers"),
      ...(age ? { maxAgeSeconds: age } : {}),
    };
  });

/** Lists that were never set are null, as the configuration has them. */
const blocksOfRules = (rules: readonly CorsRule[]): Attributes[] =>
  rules.map((rule) => ({
    allowed_methods: rule.allowedMethods,
    allowed_origins: rule.allowedOrigins,
    allowed_headers: rule.allowedHeaders.length > 0 ? rule.allowedHeaders : null,
    max_age_seconds: rule.maxAgeSeconds || null,
  }));

const regionOf = (attributes: Attributes): string => (text(attributes, "region") ?? "nyc3").toLowerCase();

/** The state. The public names are DigitalOcean's own, whatever endpoint the requests went to. */
function state(known: Attributes, cors: readonly CorsRule[], versioned: boolean): Attributes {
  const name = required(known, "name");
  const region = regionOf(known);
  const endpoint = `${region}.digitaloceanspaces.com`;
  return complete(schema, {
    id: name,
    name,
    region,
    acl: text(known, "acl") ?? "private",
    force_destroy: flag(known, "force_destroy") ?? false,
    urn: `do:space:${name}`,
    bucket_domain_name: `${name}.${endpoint}`,
    endpoint,
    cors_rule: blocksOfRules(cors),
    // Not configured and not enabled are the same: a block appears only where there is something to say.
    versioning: versioned || blocksOf(known, "versioning").length > 0 ? [{ enabled: versioned }] : [],
  });
}

async function observe(spaces: Spaces, name: string, known: Attributes): Promise<Attributes | undefined> {
  // All at once: none needs the other's answer, and mostly the bucket is there.
  const [there, cors, versioned] = await Promise.all([
    spaces.exists(name),
    spaces.cors(name),
    ifFound(spaces.versioning(name)),
  ]);
  return there ? state({ ...known, name }, cors, versioned ?? false) : undefined;
}

const wantsVersions = (attributes: Attributes): boolean => {
  const block = blocksOf(attributes, "versioning")[0];
  return (block && flag(block, "enabled")) ?? false;
};

const isTaken = (thrown: unknown): boolean =>
  thrown instanceof ApiError &&
  thrown.reasons.some((r) => r === "BucketAlreadyExists" || r === "BucketAlreadyOwnedByYou");

const taken = (config: Attributes) =>
  alreadyExists(spacesVendor, {
    type: "digitalocean_spaces_bucket",
    name: required(config, "name"),
    importId: `${regionOf(config)},${required(config, "name")}`,
    rename: "choose another name (names are shared with every other customer of the region)",
  });

export const spacesBucket = defineResource<DigitalOcean>()({
  type: "digitalocean_spaces_bucket",
  schemaVersion: 0,
  schema,

  read: (client, prior) => observe(client.spaces(regionOf(prior)), required(prior, "id"), prior),

  async find(client, { config }) {
    const spaces = client.spaces(regionOf(config));
    const name = required(config, "name");
    // Names are everybody's: only one in our own list can be what we made.
    const own = (await spaces.buckets()).some((bucket) => bucket.name === name);
    return own ? observe(spaces, name, config) : undefined;
  },

  async reconcile(client, { config, prior, created }) {
    const name = required(config, "name");
    const spaces = client.spaces(regionOf(config));
    const acl = text(config, "acl") ?? "private";
    const rules = rulesOf(config);
    if (prior) {
      if (prior["acl"] !== acl) await spaces.setAcl(name, acl);
    } else {
      await createOnce({
        create: async () => {
          await spaces.create(name, acl).catch((thrown: unknown) => {
            throw isTaken(thrown) ? taken(config) : thrown;
          });
          return true;
        },
        find: async () => (await spaces.buckets()).some((bucket) => bucket.name === name) || undefined,
      });
      await created(state(config, [], false));
    }
    const [cors, versioned] = await Promise.all([spaces.cors(name), spaces.versioning(name)]);
    if (JSON.stringify(blocksOfRules(cors)) !== JSON.stringify(blocksOfRules(rules))) await spaces.setCors(name, rules);
    if (versioned !== wantsVersions(config)) await spaces.setVersioning(name, wantsVersions(config));
    return state(config, rules, wantsVersions(config));
  },

  async remove(client, prior) {
    const spaces = client.spaces(regionOf(prior));
    const name = required(prior, "id");
    try {
      await spaces.delete(name);
    } catch (thrown) {
      const full = hasStatus(thrown, 409) && thrown.reasons.includes("BucketNotEmpty");
      if (!full || !flag(prior, "force_destroy")) throw thrown;
      await spaces.empty(name);
      await spaces.delete(name);
    }
  },

  importState(id) {
    const [region = "", name = ""] = id.split(",");
    return { id: name, name, region };
  },
});
