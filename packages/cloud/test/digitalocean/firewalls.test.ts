import { afterAll, beforeAll, expect, test } from "vitest";
import { createRig, type Rig } from "./client.ts";

let rig: Rig;
let droplet: number;
beforeAll(async () => {
  rig = await createRig();
  const wish = { name: "web", region: "fra1", size: "s-1vcpu-1gb", image: "ubuntu-24-04-x64", tags: ["front"] };
  droplet = (await rig.send("POST", "/v2/droplets", wish)).body.droplet.id as number;
});
afterAll(() => rig.stop());

const everywhere = { addresses: ["0.0.0.0/0", "::/0"] };
const ssh = { protocol: "tcp", ports: "22", sources: { addresses: ["203.0.113.0/24"] } };
const out = { protocol: "udp", ports: "all", destinations: everywhere };
const ping = { protocol: "icmp", ports: "", sources: everywhere };

test("made, shown as DigitalOcean shows it, changed by parts, replaced, deleted", async () => {
  const asked = { name: "web", inbound_rules: [ssh, ping], outbound_rules: [out], droplet_ids: [droplet] };
  const made = await rig.send("POST", "/v2/firewalls", asked);
  expect(made.status).toBe(202);
  const { id } = made.body.firewall as { id: string };
  const at = `/v2/firewalls/${id}`;
  const shown = async () => (await rig.send("GET", at)).body.firewall;
  expect(await shown()).toMatchObject({
    status: "succeeded",
    pending_changes: [],
    droplet_ids: [droplet],
    inbound_rules: [ssh, { protocol: "icmp", ports: "0" }],
    outbound_rules: [{ protocol: "udp", ports: "0" }],
  });
  const https = { protocol: "tcp", ports: "443", sources: { tags: ["front"] } };
  expect((await rig.send("POST", `${at}/rules`, { inbound_rules: [https] })).status).toBe(204);
  expect((await rig.send("DELETE", `${at}/rules`, { inbound_rules: [ssh, ping] })).status).toBe(204);
  expect((await rig.send("DELETE", `${at}/droplets`, { droplet_ids: [droplet] })).status).toBe(204);
  expect((await rig.send("POST", `${at}/tags`, { tags: ["front"] })).status).toBe(204);
  expect(await shown()).toMatchObject({ inbound_rules: [https], droplet_ids: [], tags: ["front"] });
  const behind = await rig.send("GET", `/v2/droplets/${droplet}/firewalls`);
  expect(behind.body.firewalls).toMatchObject([{ id }]);

  expect((await rig.send("PUT", at, { name: "edge", inbound_rules: [ssh] })).body.firewall).toMatchObject({
    id,
    name: "edge",
    outbound_rules: [],
    tags: [],
  });
  expect(await rig.service.inventory()).toContainEqual({ service: "digitalocean", kind: "firewall", id, name: "edge" });
  expect((await rig.send("DELETE", at)).status).toBe(204);
  expect((await rig.send("GET", at)).status).toBe(404);
});

test.each([
  [{ name: "taken", inbound_rules: [ssh] }, 409, "duplicate name"],
  [{ name: "empty" }, 422, "must have at least one rule"],
  [{ name: "-", inbound_rules: [ssh] }, 422, "name is invalid"],
  [{ name: "ports", inbound_rules: [{ ...ssh, ports: "" }] }, 422, "invalid ports"],
  [{ name: "protocol", inbound_rules: [{ ...ssh, protocol: "gre" }] }, 422, "invalid protocol"],
  [{ name: "nowhere", inbound_rules: [ssh], droplet_ids: [1] }, 422, "droplet 1 does not exist"],
])("%j is refused", async (asked, status, message) => {
  await rig.send("POST", "/v2/firewalls", { name: "taken", inbound_rules: [ssh] });
  const answer = await rig.send("POST", "/v2/firewalls", asked);
  expect([answer.status, answer.body.message]).toEqual([status, message]);
});
