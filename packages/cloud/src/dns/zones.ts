import type { CloudContext, ZoneRecord, Zones } from "../ports.ts";

interface StoredZone {
  readonly records: readonly ZoneRecord[];
}

export type Found =
  /** Records of the asked type, and the CNAMEs on the way to them. */
  | { readonly kind: "answer"; readonly records: readonly OwnedRecord[]; readonly zone: string }
  /** The name is there, this type is not. */
  | { readonly kind: "no-data"; readonly zone: string }
  | { readonly kind: "no-name"; readonly zone: string }
  /** No zone of ours. */
  | { readonly kind: "elsewhere" };

/** A record with its whole name, lower case, without a final dot. */
export interface OwnedRecord extends ZoneRecord {
  readonly owner: string;
}

export interface ZoneBook extends Zones {
  find(name: string, type: string): Found;
  undelegated(name: string): boolean;
  list(): readonly string[];
}

const longestChain = 8;

/** The zones of the local cloud, kept in the store. */
export function createZones(context: CloudContext): ZoneBook {
  const zones = context.store.collection<StoredZone>("dns.zones");
  const registrar = context.store.collection<{ readonly undelegated: true }>("dns.undelegated");

  function zoneOf(name: string): { readonly domain: string; readonly records: readonly ZoneRecord[] } | undefined {
    const labels = name.split(".");
    for (let from = 0; from < labels.length; from++) {
      const domain = labels.slice(from).join(".");
      const zone = zones.get(domain);
      if (zone) return { domain, records: zone.records };
    }
    return undefined;
  }

  function find(asked: string, type: string, depth = 0): Found {
    const name = canonical(asked);
    const zone = zoneOf(name);
    if (!zone) return { kind: "elsewhere" };
    const { domain } = zone;
    const owned = zone.records.map((record) => ({ ...record, owner: ownerOf(record, domain) }));
    let here = owned.filter((record) => record.owner === name);
    if (here.length === 0) {
      if (owned.some((record) => record.owner.endsWith(`.${name}`))) return { kind: "no-data", zone: domain };
      here = wildcard(owned, name, domain);
      if (here.length === 0) return { kind: "no-name", zone: domain };
    }
    const matching = here.filter((record) => record.type === type);
    if (matching.length > 0) return { kind: "answer", records: matching, zone: domain };
    const alias = here.find((record) => record.type === "CNAME");
    if (!alias) return { kind: "no-data", zone: domain };
    const further: Found = depth < longestChain ? find(alias.data, type, depth + 1) : { kind: "elsewhere" };
    return { kind: "answer", zone: domain, records: [alias, ...(further.kind === "answer" ? further.records : [])] };
  }

  return {
    find: (name, type) => find(name, type),
    set(domain, records) {
      if (records) zones.put(canonical(domain), { records });
      else zones.delete(canonical(domain));
    },
    resolve(name) {
      const found = find(name, "A");
      return found.kind === "answer" ? found.records.filter(({ type }) => type === "A").map(({ data }) => data) : [];
    },
    undelegate(domain, undelegated) {
      if (undelegated) registrar.put(canonical(domain), { undelegated });
      else registrar.delete(canonical(domain));
    },
    undelegated(name) {
      const labels = canonical(name).split(".");
      return labels.some((_, from) => registrar.get(labels.slice(from).join(".")) !== undefined);
    },
    list: () => zones.entries().map(([domain]) => domain),
  };
}

export const canonical = (name: string): string => name.toLowerCase().replace(/\.$/, "");

const ownerOf = (record: ZoneRecord, domain: string): string =>
  record.name === "@" ? domain : `${record.name.toLowerCase()}.${domain}`;

/** Records of the nearest `*` above a name (RFC 4592), as if they stood at the name. */
function wildcard(owned: readonly OwnedRecord[], name: string, domain: string): OwnedRecord[] {
  for (let parent = above(name); parent.endsWith(domain); parent = above(parent)) {
    const stars = owned.filter((record) => record.owner === `*.${parent}`);
    if (stars.length > 0) return stars.map((record) => ({ ...record, owner: name }));
    // A name that exists hides the stars above it.
    if (parent === domain || owned.some((r) => r.owner === parent || r.owner.endsWith(`.${parent}`))) return [];
  }
  return [];
}

const above = (name: string): string => name.slice(name.indexOf(".") + 1 || name.length);
