import { fail } from "@doge/core";
import { type Attributes, defineDataSource, defineResource } from "@doge/engine";
import { complete, required, text } from "../shared/attributes.ts";
import { alreadyExists, createOnce } from "../shared/errors.ts";
import { computedNumber, computedString, identity, requiredString } from "../shared/schema.ts";
import { vendor } from "./client/api.ts";
import type { Domain } from "./client/domains.ts";
import type { DigitalOcean } from "./configure.ts";

const schema = {
  description: "A DNS zone. The registrar must name ns1, ns2 and ns3.digitalocean.com as its servers.",
  attributes: {
    id: computedString,
    name: identity,
    ip_address: { type: "string", optional: true, forceNew: true, description: "Makes an A record for `@` too." },
    urn: computedString,
    ttl: computedNumber,
  },
} as const;

const urn = (domain: Domain): string => `do:domain:${domain.name}`;

/** The API never tells `ip_address` again: the state's value is kept. */
const state = (domain: Domain, known: Attributes): Attributes =>
  complete(schema, {
    id: domain.name,
    name: domain.name,
    ip_address: known["ip_address"],
    urn: urn(domain),
    ttl: domain.ttl,
  });

export const domain = defineResource<DigitalOcean>()({
  type: "digitalocean_domain",
  schemaVersion: 0,
  schema,

  async read({ api }, prior) {
    const domain = await api.domains.get(required(prior, "id"));
    return domain && state(domain, prior);
  },

  async find({ api }, { config }) {
    const domain = await api.domains.get(required(config, "name"));
    return domain && state(domain, config);
  },

  async reconcile({ api }, { config, prior, created }) {
    if (prior) return complete(schema, prior);
    const name = required(config, "name");
    const address = text(config, "ip_address");
    const made = await createOnce({
      create: () => api.domains.create({ name, ...(address ? { ip_address: address } : {}) }),
      find: () => api.domains.get(name),
      taken: [409, 422],
      exists: () => alreadyExists(vendor, { type: "digitalocean_domain", name, importId: name }),
    });
    await created(state(made, config));
    // The answer to a create lacks the TTL until the zone is written.
    return state((await api.domains.get(name)) ?? made, config);
  },

  remove: ({ api }, prior) => api.domains.delete(required(prior, "id")),
  importState: (id) => ({ id, name: id }),
});

const dataSchema = {
  description: "A DNS zone that is there already.",
  attributes: {
    id: computedString,
    name: requiredString,
    urn: computedString,
    ttl: computedNumber,
    zone_file: computedString,
  },
} as const;

export const domainData = defineDataSource<DigitalOcean>()({
  type: "digitalocean_domain",
  schema: dataSchema,
  async read({ api }, config) {
    const name = required(config, "name");
    const domain = await api.domains.get(name);
    if (!domain)
      fail({
        code: "digitalocean-not-found",
        summary: "DigitalOcean has no such domain",
        detail: `"${name}" is not among the domains of this account.`,
        remedy: `Add it (Networking → Domains), or apply the workspace that makes it first.`,
      });
    return complete(dataSchema, {
      id: domain.name,
      name: domain.name,
      urn: urn(domain),
      ttl: domain.ttl,
      zone_file: domain.zone_file,
    });
  },
});
