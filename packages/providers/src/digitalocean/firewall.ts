import { type Attributes, defineResource } from "@doge/engine";
import { blocksOf, complete, required, sameWhenEmpty, sorted, strings, text } from "../shared/attributes.ts";
import { alreadyExists, createOnce } from "../shared/errors.ts";
import { computedString, requiredString, stringSet } from "../shared/schema.ts";
import { vendor } from "./client/api.ts";
import type { Firewall, FirewallRequest, FirewallRule, FirewallTarget } from "./client/firewalls.ts";
import type { DigitalOcean } from "./configure.ts";

const names = { type: stringSet, optional: true, same: sameWhenEmpty } as const;
const ids = { type: ["set", "number"], optional: true, same: sameWhenEmpty } as const;
const protocol = { ...requiredString, description: "tcp, udp or icmp." } as const;
const ports = { type: "string", optional: true, description: "22, 8000-9000 or all; none for icmp." } as const;

const schema = {
  description: "What traffic reaches droplets and leaves them, by their ids or tags; what no rule allows is dropped.",
  attributes: {
    id: computedString,
    name: requiredString,
    droplet_ids: ids,
    tags: names,
    status: { ...computedString, recomputedBy: ["*"] },
    created_at: computedString,
    pending_changes: {
      type: ["list", ["object", { droplet_id: "number", removing: "bool", status: "string" }]],
      computed: true,
      recomputedBy: ["*"],
    },
  },
  blocks: {
    inbound_rule: {
      nesting: "set",
      block: {
        attributes: {
          protocol,
          port_range: ports,
          source_addresses: names,
          source_droplet_ids: ids,
          source_load_balancer_uids: names,
          source_kubernetes_ids: names,
          source_tags: names,
        },
      },
    },
    outbound_rule: {
      nesting: "set",
      block: {
        attributes: {
          protocol,
          port_range: ports,
          destination_addresses: names,
          destination_droplet_ids: ids,
          destination_load_balancer_uids: names,
          destination_kubernetes_ids: names,
          destination_tags: names,
        },
      },
    },
  },
} as const;

type Side = "source" | "destination";

const numbers = (attributes: Attributes, name: string): number[] => strings(attributes, name).map(Number);

const targetOf = (side: Side, rule: Attributes): FirewallTarget => ({
  addresses: strings(rule, `${side}_addresses`),
  droplet_ids: numbers(rule, `${side}_droplet_ids`),
  load_balancer_uids: strings(rule, `${side}_load_balancer_uids`),
  kubernetes_ids: strings(rule, `${side}_kubernetes_ids`),
  tags: strings(rule, `${side}_tags`),
});

/** ICMP has no ports, and yet the API wants some. */
const ruleOf = (rule: Attributes): FirewallRule => ({
  protocol: required(rule, "protocol"),
  ports: text(rule, "port_range") ?? "0",
});

const request = (config: Attributes): FirewallRequest => ({
  name: required(config, "name"),
  droplet_ids: numbers(config, "droplet_ids"),
  tags: strings(config, "tags"),
  inbound_rules: blocksOf(config, "inbound_rule").map((rule) => ({
    ...ruleOf(rule),
    sources: targetOf("source", rule),
  })),
  outbound_rules: blocksOf(config, "outbound_rule").map((rule) => ({
    ...ruleOf(rule),
    destinations: targetOf("destination", rule),
  })),
});

/** As the official provider keeps it: `all` where the API says 0, nothing where there are no ports. */
const portRange = ({ protocol: kind, ports: range }: FirewallRule): string =>
  range === "0" ? (kind === "icmp" ? "" : "all") : range;

const ordered = (values: readonly number[] = []): number[] => [...values].sort((a, b) => a - b);

const blockOf = (side: Side, rule: FirewallRule, target: FirewallTarget): Attributes => ({
  protocol: rule.protocol,
  port_range: portRange(rule),
  [`${side}_addresses`]: sorted(target.addresses ?? []),
  [`${side}_droplet_ids`]: ordered(target.droplet_ids),
  [`${side}_load_balancer_uids`]: sorted(target.load_balancer_uids ?? []),
  [`${side}_kubernetes_ids`]: sorted(target.kubernetes_ids ?? []),
  [`${side}_tags`]: sorted(target.tags ?? []),
});

const state = (firewall: Firewall): Attributes =>
  complete(schema, {
    ...firewall,
    droplet_ids: ordered(firewall.droplet_ids ?? []),
    tags: sorted(firewall.tags ?? []),
    pending_changes: firewall.pending_changes.map((one) => ({ ...one })),
    inbound_rule: (firewall.inbound_rules ?? []).map((rule) => blockOf("source", rule, rule.sources)),
    outbound_rule: (firewall.outbound_rules ?? []).map((rule) => blockOf("destination", rule, rule.destinations)),
  });

const byName = async ({ api }: DigitalOcean, name: string): Promise<Firewall | undefined> =>
  (await api.firewalls.list()).find((firewall) => firewall.name === name);

export const firewall = defineResource<DigitalOcean>()({
  type: "digitalocean_firewall",
  schemaVersion: 0,
  schema,

  async read({ api }, prior) {
    const found = await api.firewalls.get(required(prior, "id"));
    return found && state(found);
  },

  // Names are unique in an account, but an older firewall is somebody else's.
  async find(client, { config, since }) {
    const found = await byName(client, required(config, "name"));
    return found && Date.parse(found.created_at) >= since.getTime() - 5_000 ? state(found) : undefined;
  },

  async reconcile(client, { config, prior, created }) {
    const wanted = request(config);
    if (prior) return state(await client.api.firewalls.update(required(prior, "id"), wanted));
    const made = await createOnce({
      create: () => client.api.firewalls.create(wanted),
      find: () => byName(client, wanted.name),
      taken: [409],
      exists: (one) => alreadyExists(vendor, { type: "digitalocean_firewall", name: one.name, importId: one.id }),
    });
    await created(state(made));
    return state(made);
  },

  remove: ({ api }, prior) => api.firewalls.delete(required(prior, "id")),
});
