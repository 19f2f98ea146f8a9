import { Hono } from "hono";
import { ApiError, Fields, listAnswer, notFound, unprocessable, type Env } from "./api.ts";
import type { Domain, DomainRecord, Office } from "./model.ts";
import { checkNeighbours, readRecord, zoneFileLine, zoneRecord } from "./records.ts";
import { unassign } from "./projects.ts";

const nameServers = ["ns1.digitalocean.com", "ns2.digitalocean.com", "ns3.digitalocean.com"];
const domainName = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** `/v2/domains` with their records. Every change goes to the zone before it is answered. */
export function domainRoutes(office: Office): Hono<Env> {
  const { domains, records, zones, context } = office;

  const find = (name: string): Domain => {
    const domain = domains.get(name.toLowerCase());
    if (!domain) throw notFound();
    return domain;
  };
  const recordsOf = (domain: string): DomainRecord[] => records.list((record) => record.domain === domain);
  const findRecord = (domain: string, id: string): DomainRecord => {
    const record = records.get(id);
    if (record?.domain !== find(domain).name) throw notFound();
    return record;
  };
  const publish = (domain: string): void => zones.set(domain, recordsOf(domain).map(zoneRecord));
  const add = (domain: string, record: Omit<DomainRecord, "id" | "domain">): DomainRecord => {
    const id = 1_700_000_000 + context.ids.next("digitalocean.record");
    return records.put(id, { id, domain, ...record });
  };
  const plain = { priority: null, port: null, weight: null, flags: null, tag: null, ttl: 1800 };
  const zoneFile = (domain: Domain): string =>
    [`$ORIGIN ${domain.name}.`, `$TTL ${domain.ttl}`, ...recordsOf(domain.name).map(zoneFileLine), ""].join("\n");

  async function changeRecord(domain: string, id: string, fields: Fields): Promise<DomainRecord> {
    const before = findRecord(domain, id);
    const change = readRecord(fields, before.domain, before);
    checkNeighbours(
      change,
      recordsOf(before.domain).filter((other) => other.id !== before.id),
    );
    const record = records.put(before.id, { ...before, ...change });
    publish(before.domain);
    return record;
  }

  return new Hono<Env>()
    .get("/", (c) =>
      listAnswer(
        c,
        "domains",
        domains.list().map((domain) => ({ ...domain, zone_file: zoneFile(domain) })),
      ),
    )
    .post("/", async (c) => {
      const fields = await Fields.of(c);
      const name = fields.required("name").toLowerCase();
      if (!domainName.test(name)) throw unprocessable("Name Only valid hostname characters are allowed.");
      if (domains.get(name)) throw unprocessable("Name already exists");
      const address = fields.string("ip_address");
      const first = address && readRecord(new Fields({ type: "A", name: "@", data: address }), name);
      context.store.transaction(() => {
        domains.put(name, { name, ttl: 1800 });
        add(name, { ...plain, type: "SOA", name: "@", data: "1800" });
        for (const data of nameServers) add(name, { ...plain, type: "NS", name: "@", data });
        if (first) add(name, first);
      });
      publish(name);
      return c.json({ domain: { name, ttl: 1800, zone_file: null } }, 201);
    })
    .get("/:name", (c) => {
      const domain = find(c.req.param("name"));
      return c.json({ domain: { ...domain, zone_file: zoneFile(domain) } });
    })
    .delete("/:name", (c) => {
      const { name } = find(c.req.param("name"));
      context.store.transaction(() => {
        for (const record of recordsOf(name)) records.delete(record.id);
        domains.delete(name);
        unassign(office, `do:domain:${name}`);
      });
      zones.set(name, undefined);
      return c.body(null, 204);
    })
    .get("/:name/records", (c) => {
      const { name } = find(c.req.param("name"));
      const [type, wanted] = [c.req.query("type")?.toUpperCase(), c.req.query("name")?.toLowerCase()];
      const matching = recordsOf(name).filter(
        (record) =>
          (!type || record.type === type) &&
          (!wanted || wanted === (record.name === "@" ? name : `${record.name}.${name}`)),
      );
      return listAnswer(c, "domain_records", matching.map(answer));
    })
    .post("/:name/records", async (c) => {
      const { name } = find(c.req.param("name"));
      const record = readRecord(await Fields.of(c), name);
      checkNeighbours(record, recordsOf(name));
      const added = add(name, record);
      publish(name);
      return c.json({ domain_record: answer(added) }, 201);
    })
    .get("/:name/records/:id", (c) =>
      c.json({ domain_record: answer(findRecord(c.req.param("name"), c.req.param("id"))) }),
    )
    .on(["PUT", "PATCH"], "/:name/records/:id", async (c) =>
      c.json({
        domain_record: answer(await changeRecord(c.req.param("name"), c.req.param("id"), await Fields.of(c))),
      }),
    )
    .delete("/:name/records/:id", (c) => {
      const record = findRecord(c.req.param("name"), c.req.param("id"));
      if (record.type === "SOA") throw new ApiError(422, "SOA records can't be deleted");
      records.delete(record.id);
      publish(record.domain);
      return c.body(null, 204);
    });
}

const answer = ({ domain: _domain, ...record }: DomainRecord): Omit<DomainRecord, "domain"> => record;
