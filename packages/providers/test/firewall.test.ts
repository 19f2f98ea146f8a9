import { expect, test } from "vitest";
import { digitalocean, firewall } from "../src/digitalocean/index.ts";
import * as fake from "./digitalocean-fake.ts";
import { configured, describedBy, routes, trouble, work } from "./kit.ts";
import { describedVendor, openApi } from "./spec.ts";

const notFound = fake.refusal(404, "not_found", "The resource you requested could not be found.");
const { server, serve } = await describedVendor(openApi("digitalocean.openapi.json"), notFound);
const client = fake.client(server.url);

const id = "bb4b2611-3d72-467b-8602-280330ecd65c";
const everywhere = { addresses: ["0.0.0.0/0", "::/0"] };
const answer = {
  id,
  name: "web",
  status: "succeeded",
  created_at: "2026-01-10T10:00:00Z",
  pending_changes: [],
  droplet_ids: [8_043_964],
  tags: ["web"],
  inbound_rules: [
    { protocol: "tcp", ports: "443", sources: everywhere },
    { protocol: "icmp", ports: "0", sources: { tags: ["office"] } },
  ],
  outbound_rules: [{ protocol: "tcp", ports: "0", destinations: everywhere }],
};
const values = {
  name: "web",
  droplet_ids: [8_043_964],
  tags: ["web"],
  inbound_rule: [
    { protocol: "tcp", port_range: "443", source_addresses: ["0.0.0.0/0", "::/0"] },
    { protocol: "icmp", source_tags: ["office"] },
  ],
  outbound_rule: [{ protocol: "tcp", port_range: "all", destination_addresses: ["0.0.0.0/0", "::/0"] }],
};
const none = { droplet_ids: [], load_balancer_uids: [], kubernetes_ids: [], tags: [] };

test("digitalocean_firewall: create, read, find, update, remove", async () => {
  serve(
    routes({
      "POST /v2/firewalls": { status: 202, body: { firewall: answer } },
      [`GET /v2/firewalls/${id}`]: { body: { firewall: answer } },
      "GET /v2/firewalls": fake.page("firewalls", [answer]),
      [`PUT /v2/firewalls/${id}`]: { body: { firewall: { ...answer, name: "front" } } },
      [`DELETE /v2/firewalls/${id}`]: { status: 204 },
    }),
  );
  const config = configured(firewall.schema, values);
  const told: unknown[] = [];
  const created = async (state: unknown): Promise<void> => void told.push(state);
  const state = await firewall.reconcile(client, { config, prior: undefined, created }, work());
  expect(server.requests[0]?.body).toEqual({
    name: "web",
    droplet_ids: [8_043_964],
    tags: ["web"],
    inbound_rules: [
      { protocol: "tcp", ports: "443", sources: { ...none, ...everywhere } },
      { protocol: "icmp", ports: "0", sources: { ...none, addresses: [], tags: ["office"] } },
    ],
    outbound_rules: [{ protocol: "tcp", ports: "all", destinations: { ...none, ...everywhere } }],
  });
  expect(describedBy(firewall.schema, state)).toEqual([]);
  expect(state).toMatchObject({
    id,
    inbound_rule: [
      { protocol: "tcp", port_range: "443" },
      { protocol: "icmp", port_range: "", source_tags: ["office"] },
    ],
    outbound_rule: [{ protocol: "tcp", port_range: "all", destination_tags: [] }],
  });
  expect(told).toEqual([state]);
  expect(await firewall.read(client, state, work())).toEqual(state);
  const found = (since: string) => firewall.find?.(client, { config, since: new Date(since) }, work());
  expect(await found("2026-01-10T10:00:00Z")).toEqual(state);
  expect(await found("2026-02-10T10:00:00Z")).toBeUndefined();
  expect(await firewall.reconcile(client, { config, prior: state, created }, work())).toMatchObject({ name: "front" });
  await firewall.remove(client, state, work());
  expect(server.lines.at(-1)).toBe(`DELETE /v2/firewalls/${id}`);

  serve(() => undefined);
  expect(await firewall.read(client, state, work())).toBeUndefined();
  await firewall.remove(client, state, work());
});

test("a firewall of that name that is there already is not touched", async () => {
  serve(
    routes({
      "POST /v2/firewalls": fake.refusal(409, "conflict", "duplicate name"),
      "GET /v2/firewalls": fake.page("firewalls", [answer]),
    }),
  );
  const config = configured(firewall.schema, values);
  const made = firewall.reconcile(client, { config, prior: undefined, created: async () => {} }, work());
  expect(await trouble(made)).toMatchObject({ code: "digitalocean-exists" });
  expect(digitalocean.resources.map(({ type }) => type)).toContain("digitalocean_firewall");
});
