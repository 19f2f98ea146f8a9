import { afterAll, beforeAll, expect, test } from "vitest";
import { createRig, type Rig } from "./client.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await createRig();
  await rig.send("POST", "/v2/domains", { name: "Shop.Example" });
});
afterAll(() => rig.stop());

const records = "/v2/domains/shop.example/records";
const add = (record: unknown) => rig.send("POST", records, record);

test("a new domain has its SOA and NS records", async () => {
  const { body } = await rig.send("GET", records);
  const made = (body.domain_records as { type: string; name: string; data: string }[]).map(
    ({ type, name, data }) => `${type} ${name} ${data}`,
  );
  expect(made).toEqual([
    "SOA @ 1800",
    "NS @ ns1.digitalocean.com",
    "NS @ ns2.digitalocean.com",
    "NS @ ns3.digitalocean.com",
  ]);
  const { body: domain } = await rig.send("GET", "/v2/domains/shop.example");
  expect(domain.domain.zone_file).toContain("shop.example. 1800 IN NS ns1.digitalocean.com.\n");
  expect((await rig.send("POST", "/v2/domains", { name: "shop.example" })).status).toBe(422);
  expect((await rig.send("POST", "/v2/domains", { name: "no spaces.example" })).status).toBe(422);
});

test("every type is kept as DigitalOcean shows it, and stands in the zone", async () => {
  const shown = async (record: unknown): Promise<string> => {
    const answer = await add(record);
    expect(answer.status).toBe(201);
    return answer.body.domain_record.data as string;
  };
  expect(await shown({ type: "A", name: "staging", data: "127.77.0.9", ttl: 60 })).toBe("127.77.0.9");
  expect(await shown({ type: "A", name: "@", data: "127.77.0.8" })).toBe("127.77.0.8");
  expect(await shown({ type: "AAAA", name: "six", data: "2001:db8::1" })).toBe("2001:db8::1");
  expect(await shown({ type: "CNAME", name: "www", data: "shop.example." })).toBe("@");
  expect(await shown({ type: "CNAME", name: "docs", data: "pages.example.net." })).toBe("pages.example.net");
  expect(await shown({ type: "MX", name: "@", data: "mail.shop.example.", priority: 10 })).toBe("mail.shop.example");
  expect(await shown({ type: "TXT", name: "@", data: "v=spf1 -all" })).toBe("v=spf1 -all");
  expect(
    await shown({ type: "SRV", name: "_sip._tcp", data: "sip.example.net.", priority: 1, port: 5060, weight: 2 }),
  ).toBe("sip.example.net");
  expect(await shown({ type: "CAA", name: "@", data: "letsencrypt.org.", flags: 0, tag: "issue" })).toBe(
    "letsencrypt.org.",
  );
  expect(rig.zones.resolve("WWW.shop.example.")).toEqual(["127.77.0.8"]);
  expect(rig.zones.resolve("staging.shop.example")).toEqual(["127.77.0.9"]);
});

test.each([
  [{ type: "CNAME", name: "c", data: "shop.example" }, "Data needs to end with a dot (.)"],
  [{ type: "A", name: "c", data: "shop" }, "Data needs to be in the format of an IP address (e.g. 1.2.3.4)"],
  [{ type: "A", name: "staging", data: "127.77.0.9" }, "Record already exists"],
  [{ type: "A", name: "www", data: "127.77.0.9" }, "Records cannot share a name with a CNAME record"],
  [{ type: "CNAME", name: "staging", data: "shop.example." }, "CNAME records cannot share a name with other records"],
  [{ type: "MX", name: "@", data: "mail.example." }, "Priority can't be blank"],
  [{ type: "A", name: "c", data: "1.2.3.4", ttl: 5 }, "Ttl must be greater than or equal to 30"],
  [{ type: "BOGUS", name: "c", data: "x" }, "Type is not a valid DNS record type"],
])("%j is refused", async (record, message) => {
  const answer = await add(record);
  expect([answer.status, answer.body.message]).toEqual([422, message]);
});

test("records are filtered, changed and deleted; the zone follows", async () => {
  const found = await rig.send("GET", `${records}?type=A&name=staging.shop.example`);
  expect(found.body.meta.total).toBe(1);
  const { id } = found.body.domain_records[0] as { id: number };
  const changed = await rig.send("PATCH", `${records}/${id}`, { type: "A", data: "127.77.0.10" });
  expect(changed.body.domain_record).toMatchObject({ id, name: "staging", data: "127.77.0.10", ttl: 60 });
  expect(rig.zones.resolve("staging.shop.example")).toEqual(["127.77.0.10"]);
  expect((await rig.send("DELETE", `${records}/${id}`)).status).toBe(204);
  expect(rig.zones.resolve("staging.shop.example")).toEqual([]);
  expect((await rig.send("GET", `${records}/${id}`)).status).toBe(404);
});

test("projects: the default one, resources moved, 412 while it holds any", async () => {
  const { body } = await rig.send("GET", "/v2/projects/default");
  expect(body.project.is_default).toBe(true);
  const made = await rig.send("POST", "/v2/projects", {
    name: "shop",
    purpose: "Web Application",
    environment: "production",
  });
  expect(made.status).toBe(201);
  expect(made.body.project.environment).toBe("Production");
  const at = `/v2/projects/${made.body.project.id}`;
  expect((await rig.send("POST", "/v2/projects", { name: "shop", purpose: "x" })).status).toBe(409);
  expect((await rig.send("POST", "/v2/projects", { name: "bare" })).status).toBe(422);

  rig.spaces.add("do:space:assets");
  const urns = ["do:domain:shop.example", "do:space:assets", "do:droplet:1"];
  const assigned = await rig.send("POST", `${at}/resources`, { resources: urns });
  expect(assigned.body.resources.map((r: { status: string }) => r.status)).toEqual([
    "assigned",
    "assigned",
    "not_found",
  ]);
  const listed = await rig.send("GET", `${at}/resources`);
  expect(listed.body.resources.map((r: { urn: string }) => r.urn)).toEqual(urns.slice(0, 2));
  expect((await rig.send("GET", "/v2/projects/default/resources")).body.meta.total).toBe(0);
  expect((await rig.send("PATCH", at, { description: "new" })).body.project.description).toBe("new");
  const full = await rig.send("DELETE", at);
  expect(full.body).toMatchObject({ id: "precondition_failed" });

  // The bucket is deleted in Spaces, the domain goes back to the default project.
  rig.spaces.clear();
  await rig.send("POST", "/v2/projects/default/resources", { resources: ["do:domain:shop.example"] });
  expect((await rig.send("DELETE", at)).status).toBe(204);
  expect((await rig.send("DELETE", `/v2/projects/${body.project.id}`)).status).toBe(412);
});

test("a deleted domain takes its records, its zone and its place in a project along", async () => {
  expect((await rig.send("DELETE", "/v2/domains/shop.example")).status).toBe(204);
  expect(rig.zones.resolve("shop.example")).toEqual([]);
  expect((await rig.send("GET", records)).status).toBe(404);
  expect(await rig.service.inventory()).toEqual([]);
});
