import { createSocket, type Socket } from "node:dgram";
import { createServer, type Server, type Socket as TcpSocket } from "node:net";
import {
  AUTHORITATIVE_ANSWER,
  decode,
  encode,
  streamEncode,
  TRUNCATED_RESPONSE,
  type Answer,
  type Packet,
} from "dns-packet";
import { listen, portTrouble } from "../kit/http.ts";
import { canonical, type OwnedRecord, type ZoneBook } from "./zones.ts";

export interface DnsServer {
  readonly port: number;
  stop(): Promise<void>;
}

const refused = 5;
const noSuchName = 3;
const formatError = 1;
const nameServers = ["ns1.digitalocean.com", "ns2.digitalocean.com", "ns3.digitalocean.com"];
/** What a plain UDP answer may hold without EDNS. */
const plainSize = 512;

/** UDP and TCP on one port: the authority for the zones and, for NS questions, the registrar of everything else. */
export async function serveDns(zones: ZoneBook, host: string, port: number): Promise<DnsServer> {
  const { tcp, udp, actual } = await bindBoth(host, port);
  udp.on("message", (message, from) => {
    const answer = answerTo(zones, message);
    if (!answer) return;
    let reply = encode(answer.packet);
    if (reply.length > answer.limit) {
      const flags = (answer.packet.flags ?? 0) | TRUNCATED_RESPONSE;
      reply = encode({ ...answer.packet, flags, answers: [], authorities: [] });
    }
    udp.send(reply, from.port, from.address);
  });
  udp.on("error", () => {}); // a client that is gone by the time of its answer

  const open = new Set<TcpSocket>();
  tcp.on("connection", (socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => socket.destroy());
    answerStream(zones, socket);
  });
  return {
    port: actual,
    async stop() {
      for (const socket of open) socket.destroy();
      await Promise.all([
        new Promise<void>((resolve) => udp.close(() => resolve())),
        new Promise<void>((resolve) => tcp.close(() => resolve())),
      ]);
    },
  };
}

/** Port 0 asks for any that is free for both protocols: the first may be taken for the other one. */
async function bindBoth(host: string, port: number): Promise<{ tcp: Server; udp: Socket; actual: number }> {
  for (let attempt = 1; ; attempt++) {
    const tcp = createServer();
    const { port: actual } = await listen(tcp, host, port);
    const udp = createSocket("udp4");
    try {
      await new Promise<void>((resolve, reject) => {
        udp.once("error", reject);
        udp.bind(actual, host, () => {
          udp.off("error", reject);
          resolve();
        });
      });
      return { tcp, udp, actual };
    } catch (thrown) {
      udp.close();
      await new Promise((resolve) => tcp.close(resolve));
      if (port !== 0 || attempt === 10) throw portTrouble(thrown, host, actual);
    }
  }
}

/** Messages on TCP follow one another, each after its length in two bytes. */
function answerStream(zones: ZoneBook, socket: TcpSocket): void {
  let pending = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
      const length = pending.readUInt16BE(0);
      const answer = answerTo(zones, pending.subarray(2, 2 + length));
      pending = pending.subarray(2 + length);
      if (answer) socket.write(streamEncode(answer.packet));
    }
  });
}

/** The answer to a message and how many bytes of it UDP may carry; undefined for what is not DNS. */
export function answerTo(zones: ZoneBook, message: Buffer): { packet: Packet; limit: number } | undefined {
  let query: Packet & { rcode?: string };
  try {
    query = decode(message);
  } catch {
    return undefined;
  }
  if (query.type !== "query") return undefined;
  const question = query.questions?.[0];
  const reply = (flags: number, answers: Answer[] = [], authorities: Answer[] = []) => ({
    packet: {
      type: "response",
      id: query.id ?? 0,
      flags,
      questions: query.questions ?? [],
      answers,
      authorities,
    } as Packet,
    limit,
  });
  const edns = query.additionals?.find((each) => each.type === "OPT") as { udpPayloadSize?: number } | undefined;
  const limit = Math.max(plainSize, edns?.udpPayloadSize ?? plainSize);
  if (!question) return reply(formatError);

  const name = canonical(question.name);
  if (zones.undelegated(name)) return reply(AUTHORITATIVE_ANSWER | noSuchName);
  const found = zones.find(name, question.type);
  switch (found.kind) {
    case "answer":
      return reply(
        AUTHORITATIVE_ANSWER,
        found.records.map((record) => wire(record, found.zone, question.name)),
      );
    case "no-data":
      return reply(AUTHORITATIVE_ANSWER, [], [startOfAuthority(zones, found.zone)]);
    case "no-name":
      return reply(AUTHORITATIVE_ANSWER | noSuchName, [], [startOfAuthority(zones, found.zone)]);
    default:
      // The registrar: a name is delegated to DigitalOcean before its zone is made there.
      if (question.type !== "NS") return reply(refused);
      return reply(
        AUTHORITATIVE_ANSWER,
        nameServers.map((data) => ({ type: "NS", name: question.name, ttl: 1800, data })),
      );
  }
}

function startOfAuthority(zones: ZoneBook, zone: string): Answer {
  const found = zones.find(zone, "SOA");
  const record = found.kind === "answer" ? found.records.find(({ type }) => type === "SOA") : undefined;
  return soa(zone, Number(record?.data ?? 1800), zone);
}

const soa = (name: string, minimum: number, zone: string): Answer => ({
  type: "SOA",
  name,
  ttl: minimum,
  data: {
    mname: "ns1.digitalocean.com",
    rname: `hostmaster.${zone}`,
    serial: 1,
    refresh: 10_800,
    retry: 3_600,
    expire: 604_800,
    minimum,
  },
});

/** A record for the wire. The name is written as it was asked for: resolvers compare its case (0x20). */
function wire(record: OwnedRecord, zone: string, asked: string): Answer {
  const name = record.owner === canonical(asked) ? asked : record.owner;
  const { type, ttl, data } = record;
  const words = data.split(" ");
  switch (type) {
    case "SOA":
      return soa(name, Number(data), zone);
    case "MX":
      return { type, name, ttl, data: { preference: record.priority ?? 0, exchange: data } };
    case "SRV":
      return {
        type,
        name,
        ttl,
        data: {
          priority: record.priority ?? 0,
          weight: Number(words[0]),
          port: Number(words[1]),
          target: words[2] ?? "",
        },
      };
    case "CAA": {
      const tag = words[1] as "issue" | "issuewild" | "iodef";
      return { type, name, ttl, data: { flags: Number(words[0]), tag, value: words.slice(2).join(" ") } };
    }
    case "TXT":
      return { type, name, ttl, data: data.match(/[^]{1,255}/g) ?? [""] };
    default:
      return { type, name, ttl, data };
  }
}
