import { Resolver } from "node:dns/promises";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode, encode, streamEncode, type DecodedPacket } from "dns-packet";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serveDns, answerTo, type DnsServer } from "../../src/dns/server.ts";
import { createZones, type ZoneBook } from "../../src/dns/zones.ts";
import { createContext } from "../../src/kit/context.ts";
import type { CloudContext, ZoneRecord } from "../../src/ports.ts";

let folder: string;
let context: CloudContext;
let zones: ZoneBook;
let server: DnsServer;
let resolver: Resolver;

const records: ZoneRecord[] = [
  { type: "SOA", name: "@", data: "900", ttl: 1800 },
  { type: "NS", name: "@", data: "ns1.digitalocean.com", ttl: 1800 },
  { type: "A", name: "@", data: "127.77.0.2", ttl: 300 },
  { type: "CNAME", name: "www", data: "shop.example", ttl: 300 },
  { type: "CNAME", name: "loop", data: "loop.shop.example", ttl: 300 },
  { type: "CNAME", name: "away", data: "pages.elsewhere.example", ttl: 300 },
  { type: "MX", name: "@", data: "mail.shop.example", ttl: 300, priority: 10 },
  { type: "TXT", name: "@", data: `v=${"x".repeat(300)}`, ttl: 300 },
  { type: "SRV", name: "_sip._tcp", data: "5 5060 sip.example.net", ttl: 300, priority: 1 },
  { type: "CAA", name: "@", data: "0 issue letsencrypt.org", ttl: 300 },
  { type: "A", name: "*.preview", data: "127.77.0.3", ttl: 300 },
  { type: "A", name: "taken.preview", data: "127.77.0.4", ttl: 300 },
];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "doge-dns-"));
  context = createContext({ folder });
  zones = createZones(context);
  zones.set("Shop.Example", records);
  server = await serveDns(zones, "127.0.0.1", 0);
  resolver = new Resolver();
  resolver.setServers([`127.0.0.1:${server.port}`]);
});

afterAll(async () => {
  await server.stop();
  context.store.close();
  await rm(folder, { recursive: true });
});

const ask = (name: string, type: "A" | "AAAA" | "NS" | "TXT" | "CNAME"): DecodedPacket & { rcode?: string } => {
  const answer = answerTo(zones, encode({ type: "query", id: 7, questions: [{ name, type }] }));
  if (!answer) throw new Error("no answer");
  return decode(encode(answer.packet));
};
const brief = (packet: DecodedPacket): string[] =>
  (packet.answers ?? []).map((a) => `${a.name} ${a.type} ${"data" in a ? JSON.stringify(a.data) : ""}`);

test("node's resolver reads every type", async () => {
  expect(await resolver.resolve4("SHOP.example")).toEqual(["127.77.0.2"]);
  expect(await resolver.resolve4("www.shop.example")).toEqual(["127.77.0.2"]);
  expect(await resolver.resolveCname("www.shop.example")).toEqual(["shop.example"]);
  expect(await resolver.resolveMx("shop.example")).toMatchObject([{ exchange: "mail.shop.example", priority: 10 }]);
  expect((await resolver.resolveTxt("shop.example")).map((parts) => parts.join(""))).toEqual([`v=${"x".repeat(300)}`]);
  expect(await resolver.resolveSrv("_sip._tcp.shop.example")).toMatchObject([
    { name: "sip.example.net", port: 5060, priority: 1, weight: 5 },
  ]);
  expect(await resolver.resolveCaa("shop.example")).toMatchObject([{ critical: 0, issue: "letsencrypt.org" }]);
  expect(await resolver.resolveSoa("shop.example")).toMatchObject({ nsname: "ns1.digitalocean.com", minttl: 900 });
  expect(await resolver.resolveNs("shop.example")).toEqual(["ns1.digitalocean.com"]);
});

test("no such name, and no such type, are told apart and carry the SOA", async () => {
  await expect(resolver.resolve4("nothing.shop.example")).rejects.toMatchObject({ code: "ENOTFOUND" });
  await expect(resolver.resolve6("shop.example")).rejects.toMatchObject({ code: "ENODATA" });
  expect(ask("nothing.shop.example", "A")).toMatchObject({ rcode: "NXDOMAIN", flag_aa: true });
  const noData = ask("shop.example", "AAAA");
  expect(noData).toMatchObject({
    rcode: "NOERROR",
    answers: [],
    authorities: [{ type: "SOA", name: "shop.example", ttl: 900 }],
  });
  // A name with names below it is there, though it has no record.
  expect(ask("_tcp.shop.example", "A").rcode).toBe("NOERROR");
});

test("the answer keeps the case of the question", () => {
  expect(brief(ask("wWw.sHop.example", "A"))).toEqual([
    'wWw.sHop.example CNAME "shop.example"',
    'shop.example A "127.77.0.2"',
  ]);
});

test("aliases that lead out or in a circle end", () => {
  expect(brief(ask("away.shop.example", "A"))).toEqual(['away.shop.example CNAME "pages.elsewhere.example"']);
  expect(ask("loop.shop.example", "A").rcode).toBe("NOERROR");
});

test("a star answers for what is not there", () => {
  expect(zones.resolve("pr-7.preview.shop.example")).toEqual(["127.77.0.3"]);
  expect(zones.resolve("taken.preview.shop.example")).toEqual(["127.77.0.4"]);
  expect(zones.resolve("under.taken.preview.shop.example")).toEqual([]);
  expect(zones.resolve("other.shop.example")).toEqual([]);
});

test("every name is delegated to DigitalOcean before its zone is made, unless it was taken away", async () => {
  const names = ["ns1.digitalocean.com", "ns2.digitalocean.com", "ns3.digitalocean.com"];
  expect((await resolver.resolveNs("not-yet.example")).sort()).toEqual(names);
  await expect(resolver.resolve4("not-yet.example")).rejects.toMatchObject({ code: "EREFUSED" });
  zones.undelegate("not-yet.example", true);
  await expect(resolver.resolveNs("not-yet.example")).rejects.toMatchObject({ code: "ENOTFOUND" });
  zones.undelegate("not-yet.example", false);
  expect(await resolver.resolveNs("not-yet.example")).toHaveLength(3);
});

test("an answer too long for UDP is fetched over TCP, also two questions on one connection", async () => {
  zones.set("long.example", [
    { type: "SOA", name: "@", data: "900", ttl: 1800 },
    ...Array.from({ length: 60 }, (_, n) => ({ type: "A" as const, name: "@", data: `127.78.0.${n + 1}`, ttl: 60 })),
  ]);
  const small = answerTo(zones, encode({ type: "query", id: 1, questions: [{ name: "long.example", type: "A" }] }));
  expect(encode(small?.packet ?? {}).length).toBeGreaterThan(small?.limit ?? Infinity);
  expect(await resolver.resolve4("long.example")).toHaveLength(60);

  const question = (id: number): Buffer =>
    streamEncode({ type: "query", id, questions: [{ name: "shop.example", type: "A" }] });
  const ids = await new Promise<number[]>((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    const socket = connect(server.port, "127.0.0.1", () => socket.write(Buffer.concat([question(1), question(2)])));
    socket.on("error", reject);
    socket.on("data", (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      const length = bytes.readUInt16BE(0) + 2;
      if (bytes.length < 2 * length) return;
      socket.destroy();
      resolve([bytes.readUInt16BE(2), bytes.readUInt16BE(length + 2)]);
    });
  });
  expect(ids).toEqual([1, 2]);
});

test("zones are kept", () => {
  expect(createZones(context).resolve("shop.example")).toEqual(["127.77.0.2"]);
  zones.set("long.example", undefined);
  expect(createZones(context).list()).toEqual(["shop.example"]);
});

test("what is no DNS gets no answer", () => {
  expect(answerTo(zones, Buffer.from("GET / HTTP/1.1"))).toBeUndefined();
});
