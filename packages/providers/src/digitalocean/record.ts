import { type Diagnostic, error } from "@doge/core";
import { type Attributes, defineResource } from "@doge/engine";
import { complete, defined, number, required, sameWhenEmpty, text } from "../shared/attributes.ts";
import { alreadyExists, createOnce } from "../shared/errors.ts";
import { computedString, identity } from "../shared/schema.ts";
import { vendor } from "./client/api.ts";
import type { DomainRecord, RecordRequest } from "./client/domains.ts";
import type { DigitalOcean } from "./configure.ts";

const optionalNumber = { type: "number", optional: true, same: sameWhenEmpty } as const;

const schema = {
  description: "A DNS record of a domain that DigitalOcean serves.",
  attributes: {
    id: computedString,
    domain: identity,
    type: identity,
    name: { type: "string", required: true, description: "Relative to the domain; `@` is the domain itself." },
    value: { type: "string", required: true, description: "Host names end in a dot; `@` is the domain itself." },
    ttl: { type: "number", optional: true, computed: true, description: "Seconds." },
    priority: optionalNumber,
    port: optionalNumber,
    weight: optionalNumber,
    flags: optionalNumber,
    tag: { type: "string", optional: true, same: sameWhenEmpty },
    fqdn: { ...computedString, recomputedBy: ["name"] },
  },
} as const;

/** Types whose value is a host name: the API leaves its final dot out. */
const hosts = new Set(["CNAME", "MX", "NS", "SRV", "CAA"]);

const fullName = (name: string, domain: string): string => {
  if (name === "@") return domain;
  const bare = name.replace(/\.$/, "");
  return bare === domain || bare.endsWith(`.${domain}`) ? bare : `${bare}.${domain}`;
};

/** As the API spells it: relative, `@` for the domain. */
function relative(name: string, domain: string): string {
  const full = fullName(name, domain);
  return full === domain ? "@" : full.slice(0, -domain.length - 1);
}

function sameTarget(a: string, b: string, domain: string): boolean {
  const bare = (value: string) => (value === "@" ? domain : value.replace(/\.$/, ""));
  return bare(a) === bare(b);
}

/** `known`: configuration or state; its spelling of name and value is kept where it means the same. */
function state(record: DomainRecord, known: Attributes): Attributes {
  const domain = required(known, "domain");
  const dotted = hosts.has(record.type) && record.data !== "@" && record.tag !== "iodef" && !record.data.endsWith(".");
  const value = dotted ? `${record.data}.` : record.data;
  const name = text(known, "name");
  const target = text(known, "value");
  return complete(schema, {
    ...record,
    id: String(record.id),
    domain,
    name: name && relative(name, domain) === record.name ? name : record.name,
    value: target && hosts.has(record.type) && sameTarget(target, value, domain) ? target : value,
    fqdn: fullName(record.name, domain),
  });
}

const request = (config: Attributes): RecordRequest =>
  defined({
    type: required(config, "type"),
    name: relative(required(config, "name"), required(config, "domain")),
    data: required(config, "value"),
    ttl: number(config, "ttl"),
    priority: number(config, "priority"),
    port: number(config, "port"),
    weight: number(config, "weight"),
    flags: number(config, "flags"),
    tag: text(config, "tag"),
  }) as RecordRequest;

async function same({ api }: DigitalOcean, config: Attributes): Promise<DomainRecord | undefined> {
  const domain = required(config, "domain");
  const { type, name, data, priority } = request(config);
  const records = await api.records.list(domain, { type, name: fullName(name, domain) });
  return records.find(
    (record) =>
      record.type === type &&
      record.name === name &&
      sameTarget(record.data, data, domain) &&
      (priority === undefined || record.priority === priority),
  );
}

const needs: Readonly<Record<string, readonly string[]>> = {
  MX: ["priority"],
  SRV: ["priority", "weight", "port"],
  CAA: ["flags", "tag"],
};

const types = ["A", "AAAA", "CAA", "CNAME", "MX", "NS", "TXT", "SRV", "SOA"];

export const record = defineResource<DigitalOcean>()({
  type: "digitalocean_record",
  schemaVersion: 0,
  schema,

  validate(config): Diagnostic[] {
    const type = config["type"];
    if (typeof type !== "string") return [];
    if (!types.includes(type))
      return [invalid("type", `"${type}" is no type of record`, `Use one of ${types.join(", ")}.`)];
    return (needs[type] ?? [])
      .filter((name) => config[name] === null || config[name] === undefined)
      .map((name) => invalid(name, `a record of type ${type} has no ${name}`, `Give it a ${name}.`));
  },

  async read({ api }, prior) {
    const record = await api.records.get(required(prior, "domain"), required(prior, "id"));
    return record && state(record, prior);
  },

  async find(client, { config }) {
    const record = await same(client, config);
    return record && state(record, config);
  },

  async reconcile(client, { config, prior, created }) {
    const domain = required(config, "domain");
    const wanted = request(config);
    if (prior) return state(await client.api.records.update(domain, required(prior, "id"), wanted), config);
    const made = await createOnce({
      create: () => client.api.records.create(domain, wanted),
      find: () => same(client, config),
      taken: [409, 422],
      exists: (found) =>
        alreadyExists(vendor, {
          type: "digitalocean_record",
          name: `${wanted.type} ${fullName(wanted.name, domain)}`,
          importId: `${domain},${found.id}`,
        }),
    });
    await created(state(made, config));
    return state(made, config);
  },

  remove: ({ api }, prior) => api.records.delete(required(prior, "domain"), required(prior, "id")),

  importState(id) {
    const [domain = "", record = ""] = id.split(",");
    return { id: record, domain };
  },
});

const invalid = (attribute: string, detail: string, remedy: string): Diagnostic =>
  error({
    code: "digitalocean-record",
    summary: "A DNS record can't be like this",
    detail,
    remedy,
    address: attribute,
  });
