import { isIPv4, isIPv6 } from "node:net";
import type { ZoneRecord } from "../ports.ts";
import { unprocessable, type Fields } from "./api.ts";
import { recordTypes, type DomainRecord, type RecordType } from "./model.ts";

/** Types whose data is a host name and must be written with a final dot. */
const hostTypes: readonly RecordType[] = ["CNAME", "MX", "NS", "SRV"];

type NewRecord = Omit<DomainRecord, "id" | "domain">;

/** A record as asked for, checked. `before` is the record under change. Throws 422 in the vendor's words. */
export function readRecord(fields: Fields, domain: string, before?: DomainRecord): NewRecord {
  const type = (fields.string("type") ?? before?.type)?.toUpperCase() as RecordType | undefined;
  if (!type || !recordTypes.includes(type)) throw unprocessable("Type is not a valid DNS record type");
  if (type === "SOA" && before?.type !== "SOA") throw unprocessable("Type SOA can't be created");
  const name = relativeName(fields.string("name") ?? before?.name ?? (hasName(type) ? "" : "@"), domain);
  const given = fields.string("data");
  if (given === undefined && !before) throw unprocessable("Data can't be blank");
  const ttl = fields.integer("ttl") ?? before?.ttl ?? 1800;
  if (ttl < 30) throw unprocessable("Ttl must be greater than or equal to 30");
  const number = (key: "priority" | "port" | "weight" | "flags"): number | null =>
    fields.integer(key) ?? before?.[key] ?? null;
  const record: NewRecord = {
    type,
    name,
    data: given === undefined ? (before?.data ?? "") : readData(type, given, domain),
    priority: number("priority"),
    port: number("port"),
    ttl,
    weight: number("weight"),
    flags: number("flags"),
    tag: fields.string("tag") ?? before?.tag ?? null,
  };
  const needs: Partial<Record<RecordType, readonly ("priority" | "port" | "weight" | "flags" | "tag")[]>> = {
    MX: ["priority"],
    SRV: ["priority", "port", "weight"],
    CAA: ["flags", "tag"],
  };
  for (const key of needs[type] ?? []) {
    if (record[key] === null) throw unprocessable(`${key[0]?.toUpperCase()}${key.slice(1)} can't be blank`);
  }
  return record;
}

const hasName = (type: RecordType): boolean => type !== "MX" && type !== "NS";

function relativeName(name: string, domain: string): string {
  const lower = name.toLowerCase().replace(/\.$/, "");
  if (lower === "") throw unprocessable("Name can't be blank");
  if (lower === "@" || lower === domain) return "@";
  const relative = lower.endsWith(`.${domain}`) ? lower.slice(0, -domain.length - 1) : lower;
  if (!/^(\*|[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/.test(relative)) {
    throw unprocessable("Name Only valid hostname characters are allowed. (a-z, A-Z, 0-9, ., _ and -)");
  }
  return relative;
}

/** Data as the API keeps and shows it: host names without their final dot, `@` for the domain itself. */
function readData(type: RecordType, data: string, domain: string): string {
  if (data === "") throw unprocessable("Data can't be blank");
  if (type === "A" && !isIPv4(data))
    throw unprocessable("Data needs to be in the format of an IP address (e.g. 1.2.3.4)");
  if (type === "AAAA" && !isIPv6(data)) throw unprocessable("Data needs to be in the format of an IPv6 address");
  if (!hostTypes.includes(type)) return data;
  if (data === "@") return data;
  if (!data.endsWith(".")) throw unprocessable("Data needs to end with a dot (.)");
  const host = data.slice(0, -1).toLowerCase();
  return host === domain ? "@" : host;
}

/** What else stands at a name decides whether a record may. */
export function checkNeighbours(record: NewRecord, others: readonly DomainRecord[]): void {
  const same = others.filter((other) => other.name === record.name);
  if (record.type === "CNAME" && same.length > 0) {
    throw unprocessable("CNAME records cannot share a name with other records");
  }
  if (same.some((other) => other.type === "CNAME")) {
    throw unprocessable("Records cannot share a name with a CNAME record");
  }
  if (same.some((other) => other.type === record.type && other.data === record.data && other.port === record.port)) {
    throw unprocessable("Record already exists");
  }
}

/** For the zone: absolute host names without a final dot; SRV and CAA carry their numbers in the data. */
export function zoneRecord(record: DomainRecord): ZoneRecord {
  const host = record.data === "@" ? record.domain : record.data;
  const data =
    record.type === "SRV"
      ? `${record.weight ?? 0} ${record.port ?? 0} ${host}`
      : record.type === "CAA"
        ? `${record.flags ?? 0} ${record.tag ?? "issue"} ${record.data}`
        : host;
  return {
    type: record.type,
    name: record.name,
    data,
    ttl: record.ttl,
    ...(record.priority !== null && { priority: record.priority }),
  };
}

/** One line of the zone file that `GET /v2/domains/:name` shows. */
export function zoneFileLine(record: DomainRecord): string {
  const { type, data, priority } = zoneRecord(record);
  const owner = record.name === "@" ? `${record.domain}.` : `${record.name}.${record.domain}.`;
  const host = hostTypes.includes(type) ? `${data}.` : type === "TXT" ? `"${data}"` : data;
  const value =
    type === "SOA"
      ? `ns1.digitalocean.com. hostmaster.${record.domain}. ${data} 10800 3600 604800 1800`
      : priority === undefined
        ? host
        : `${priority} ${host}`;
  return `${owner} ${record.ttl} IN ${type} ${value}`;
}
