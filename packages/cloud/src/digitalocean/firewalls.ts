import { type Context, Hono } from "hono";
import { ApiError, Fields, listAnswer, notFound, unprocessable, type Env } from "./api.ts";
import type { Firewall, FirewallRule, FirewallTarget, Office } from "./model.ts";
import { noteTags } from "./tags.ts";

/** `/v2/firewalls`. Their rules are kept and shown; nothing here is filtered by them. */
export function firewallRoutes(office: Office): Hono<Env> {
  const { firewalls, context } = office;
  const find = (c: Context<Env>): Firewall => {
    const firewall = firewalls.get(c.req.param("id") ?? "");
    if (!firewall) throw notFound();
    return firewall;
  };
  const save = (firewall: Firewall): Firewall => firewalls.put(firewall.id, firewall);
  const wish = async (c: Context<Env>, id: string, createdAt: string): Promise<Firewall> => {
    const fields = await Fields.of(c);
    const name = fields.required("name");
    if (!/^[a-zA-Z0-9][a-zA-Z0-9.-]+$/.test(name)) throw unprocessable("name is invalid");
    if (firewalls.list((other) => other.name === name && other.id !== id).length > 0)
      throw new ApiError(409, "duplicate name");
    const rules = rulesOf(fields);
    if (rules.inbound.length + rules.outbound.length === 0) throw unprocessable("must have at least one rule");
    const tags = fields.strings("tags") ?? [];
    noteTags(office, tags);
    return { id, name, createdAt, ...rules, tags, droplets: dropletsOf(office, fields.raw["droplet_ids"]) };
  };

  return new Hono<Env>()
    .get("/", (c) =>
      listAnswer(
        c,
        "firewalls",
        firewalls.list().map((firewall) => firewallAnswer(office, firewall)),
      ),
    )
    .post("/", async (c) => {
      const made = save(await wish(c, context.ids.uuid(), office.timestamp()));
      return c.json({ firewall: firewallAnswer(office, made) }, 202);
    })
    .get("/:id", (c) => c.json({ firewall: firewallAnswer(office, find(c)) }))
    .put("/:id", async (c) => {
      const { id, createdAt } = find(c);
      return c.json({ firewall: firewallAnswer(office, save(await wish(c, id, createdAt))) });
    })
    .delete("/:id", (c) => {
      firewalls.delete(find(c).id);
      return c.body(null, 204);
    })
    .post("/:id/droplets", async (c) => {
      const firewall = find(c);
      const more = dropletsOf(office, (await Fields.of(c)).raw["droplet_ids"]);
      save({ ...firewall, droplets: [...new Set([...firewall.droplets, ...more])] });
      return c.body(null, 204);
    })
    .delete("/:id/droplets", async (c) => {
      const firewall = find(c);
      const gone = dropletsOf(office, (await Fields.of(c)).raw["droplet_ids"]);
      save({ ...firewall, droplets: firewall.droplets.filter((id) => !gone.includes(id)) });
      return c.body(null, 204);
    })
    .post("/:id/tags", async (c) => {
      const firewall = find(c);
      const more = (await Fields.of(c)).strings("tags") ?? [];
      noteTags(office, more);
      save({ ...firewall, tags: [...new Set([...firewall.tags, ...more])] });
      return c.body(null, 204);
    })
    .delete("/:id/tags", async (c) => {
      const firewall = find(c);
      const gone = (await Fields.of(c)).strings("tags") ?? [];
      save({ ...firewall, tags: firewall.tags.filter((tag) => !gone.includes(tag)) });
      return c.body(null, 204);
    })
    .post("/:id/rules", async (c) => {
      const firewall = find(c);
      const more = rulesOf(await Fields.of(c));
      save({
        ...firewall,
        inbound: [...firewall.inbound, ...more.inbound],
        outbound: [...firewall.outbound, ...more.outbound],
      });
      return c.body(null, 204);
    })
    .delete("/:id/rules", async (c) => {
      const firewall = find(c);
      const gone = rulesOf(await Fields.of(c));
      save({
        ...firewall,
        inbound: without(firewall.inbound, gone.inbound),
        outbound: without(firewall.outbound, gone.outbound),
      });
      return c.body(null, 204);
    });
}

/** Those that a droplet stands behind, by its id or by one of its tags. */
export const firewallsOf = (office: Office, droplet: { readonly id: number; readonly tags: readonly string[] }) =>
  office.firewalls
    .list(({ droplets, tags }) => droplets.includes(droplet.id) || tags.some((tag) => droplet.tags.includes(tag)))
    .map((firewall) => firewallAnswer(office, firewall));

function firewallAnswer(office: Office, firewall: Firewall): Record<string, unknown> {
  const { id, name, createdAt, inbound, outbound, tags, droplets } = firewall;
  return {
    id,
    name,
    status: "succeeded",
    created_at: createdAt,
    pending_changes: [],
    // A droplet that is gone stands behind nothing.
    droplet_ids: droplets.filter((droplet) => office.droplets.get(droplet) !== undefined),
    tags,
    inbound_rules: inbound.map(({ protocol, ports, target }) => ({ protocol, ports, sources: target })),
    outbound_rules: outbound.map(({ protocol, ports, target }) => ({ protocol, ports, destinations: target })),
  };
}

function rulesOf(fields: Fields): Pick<Firewall, "inbound" | "outbound"> {
  return {
    inbound: fields.objects("inbound_rules").map((rule) => ruleOf(rule, "sources")),
    outbound: fields.objects("outbound_rules").map((rule) => ruleOf(rule, "destinations")),
  };
}

function ruleOf(fields: Fields, side: "sources" | "destinations"): FirewallRule {
  const protocol = fields.required("protocol");
  if (protocol !== "tcp" && protocol !== "udp" && protocol !== "icmp") throw unprocessable("invalid protocol");
  const asked = fields.string("ports") ?? "";
  if (protocol !== "icmp" && !/^(all|\d{1,5}(-\d{1,5})?)$/.test(asked)) throw unprocessable("invalid ports");
  const ports = protocol === "icmp" || asked === "all" ? "0" : asked;
  const given = fields.raw[side];
  if (typeof given !== "object" || given === null) throw unprocessable(`${side} can't be blank`);
  return { protocol, ports, target: targetOf(new Fields(given as Fields["raw"])) };
}

function targetOf(fields: Fields): FirewallTarget {
  const named = ["addresses", "tags", "load_balancer_uids", "kubernetes_ids"] as const;
  const texts = named.flatMap((name) => {
    const values = fields.strings(name) ?? [];
    return values.length > 0 ? [[name, values] as const] : [];
  });
  const droplets = numbers(fields.raw["droplet_ids"]);
  return { ...Object.fromEntries(texts), ...(droplets.length > 0 ? { droplet_ids: droplets } : {}) };
}

function dropletsOf(office: Office, ids: unknown): readonly number[] {
  const all = numbers(ids);
  for (const id of all) if (!office.droplets.get(id)) throw unprocessable(`droplet ${id} does not exist`);
  return all;
}

function numbers(value: unknown): readonly number[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((one) => Number.isInteger(one))) return value as number[];
  throw unprocessable("droplet_ids must be an array of integers");
}

const without = (rules: readonly FirewallRule[], gone: readonly FirewallRule[]): readonly FirewallRule[] => {
  const texts = new Set(gone.map((rule) => JSON.stringify(rule)));
  return rules.filter((rule) => !texts.has(JSON.stringify(rule)));
};
