import * as v from "../values.ts";
import { ArgumentError, type FunctionTable, over, plain } from "./define.ts";

const s = "string";

/** A moment with its own offset from UTC in minutes, as RFC 3339 writes it. */
interface Timestamp {
  readonly milliseconds: number;
  /** Below the millisecond, in nanoseconds. */
  readonly nanoseconds: number;
  readonly offset: number;
}

const rfc3339 = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:[.,](\d+))?(Z|([+-])(\d{2}):(\d{2}))$/;

function parse(text: string, at: number): Timestamp {
  const invalid = (why: string): never => {
    throw new ArgumentError(`not a valid RFC3339 timestamp: ${why}`, at);
  };
  const match = rfc3339.exec(text);
  if (match === null) return invalid('the form is "2017-11-22T03:04:05Z", with a zone like "+02:00" instead of Z');
  const [, year, month, day, hour, minute, second, fraction = ""] = match;
  const [y, m, d, h, i, sec] = [year, month, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(Date.UTC(2_000, m - 1, d, h, i, sec));
  date.setUTCFullYear(y, m - 1, d);
  if (m < 1 || m > 12 || date.getUTCMonth() !== m - 1 || date.getUTCDate() !== d)
    return invalid("there is no such day");
  if (h > 23 || i > 59 || sec > 59) return invalid("there is no such time of day");
  const [zoneHours, zoneMinutes] = [Number(match[10] ?? 0), Number(match[11] ?? 0)];
  if (zoneHours > 24 || zoneMinutes > 59) return invalid("there is no such zone");
  const offset = (match[9] === "-" ? -1 : 1) * (zoneHours * 60 + zoneMinutes);
  const nanoseconds = Number(fraction.slice(0, 9).padEnd(9, "0"));
  return {
    milliseconds: date.getTime() - offset * 60_000 + Math.floor(nanoseconds / 1e6),
    nanoseconds: nanoseconds % 1e6,
    offset,
  };
}

const two = (value: number): string => String(value).padStart(2, "0");

const zone = (offset: number, colon: string): string =>
  `${offset < 0 ? "-" : "+"}${two(Math.floor(Math.abs(offset) / 60))}${colon}${two(Math.abs(offset) % 60)}`;

/** RFC 3339 in whole seconds. */
function show({ milliseconds, offset }: Timestamp): string {
  const local = new Date(milliseconds + offset * 60_000).toISOString().replace(/\.\d+Z$/, "");
  return local + (offset === 0 ? "Z" : zone(offset, ":"));
}

const units: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  "\u00b5s": 1_000n,
  "\u03bcs": 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/** `-1h30m`, `1.5h`, as nanoseconds. */
function parseDuration(text: string): bigint {
  const match = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+|0)$/.exec(text);
  if (match === null)
    throw new ArgumentError(`"${text}" is not a duration: a number with a unit, like "1h30m" (h, m, s, ms, us, ns)`, 1);
  let total = 0n;
  for (const [, amount = "", unit = ""] of (match[2] ?? "").matchAll(
    /(\d+\.?\d*|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/g,
  )) {
    const [whole = "", part = ""] = amount.split(".");
    const size = units[unit] as bigint;
    total += BigInt(whole || "0") * size + (BigInt(part || "0") * size) / 10n ** BigInt(part.length);
  }
  if (total > 9_223_372_036_854_775_807n) throw new ArgumentError(`the duration "${text}" is too long`, 1);
  return match[1] === "-" ? -total : total;
}

function timeAdd(text: string, duration: string): string {
  const time = parse(text, 0);
  const total = BigInt(time.milliseconds) * 1_000_000n + BigInt(time.nanoseconds) + parseDuration(duration);
  const milliseconds = total >= 0n ? total / 1_000_000n : -((-total + 999_999n) / 1_000_000n);
  return show({ ...time, milliseconds: Number(milliseconds), nanoseconds: 0 });
}

function timeCompare(a: string, b: string): number {
  const [x, y] = [parse(a, 0), parse(b, 1)];
  return Math.sign(x.milliseconds - y.milliseconds || x.nanoseconds - y.nanoseconds);
}

const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

function formatDate(format: string, text: string): string {
  const time = parse(text, 1);
  const local = new Date(time.milliseconds + time.offset * 60_000);
  const parts = format.match(/'(?:[^']|'')*(?:'|$)|([A-Za-z])\1*|[^A-Za-z']+/g) ?? [];
  return parts.map((part) => (/^[A-Za-z]/.test(part) ? field(part, local, time.offset) : quoted(part))).join("");
}

function quoted(part: string): string {
  if (!part.startsWith("'")) return part;
  if (part.length < 2 || !part.endsWith("'")) throw new ArgumentError("unterminated literal '", 0);
  return part.slice(1, -1).replaceAll("''", "'");
}

/** One sequence of the same letter. */
function field(part: string, local: Date, offset: number): string {
  const hour = local.getUTCHours();
  const half = hour < 12 ? "AM" : "PM";
  const fields: Readonly<Record<string, () => string>> = {
    YYYY: () => String(local.getUTCFullYear()).padStart(4, "0"),
    YY: () => two(local.getUTCFullYear() % 100),
    MMMM: () => months[local.getUTCMonth()] as string,
    MMM: () => (months[local.getUTCMonth()] as string).slice(0, 3),
    MM: () => two(local.getUTCMonth() + 1),
    M: () => String(local.getUTCMonth() + 1),
    DD: () => two(local.getUTCDate()),
    D: () => String(local.getUTCDate()),
    EEEE: () => weekdays[local.getUTCDay()] as string,
    EEE: () => (weekdays[local.getUTCDay()] as string).slice(0, 3),
    hh: () => two(hour),
    h: () => String(hour),
    HH: () => two(hour % 12 || 12),
    H: () => String(hour % 12 || 12),
    AA: () => half,
    aa: () => half.toLowerCase(),
    mm: () => two(local.getUTCMinutes()),
    m: () => String(local.getUTCMinutes()),
    ss: () => two(local.getUTCSeconds()),
    s: () => String(local.getUTCSeconds()),
    ZZZZZ: () => zone(offset, ":"),
    ZZZZ: () => zone(offset, ""),
    ZZZ: () => (offset === 0 ? "UTC" : zone(offset, "")),
    Z: () => (offset === 0 ? "Z" : zone(offset, ":")),
  };
  const known = Object.hasOwn(fields, part) ? fields[part] : undefined;
  if (known) return known();
  throw new ArgumentError(
    `invalid date format verb "${part}": use ${
      Object.keys(fields)
        .filter((name) => name[0] === part[0])
        .join(", ") || "quotes around text of your own"
    }`,
    0,
  );
}

const nowText = (date: Date): v.Value => v.string(show({ milliseconds: date.getTime(), nanoseconds: 0, offset: 0 }));

export const dates: FunctionTable = {
  formatdate: plain(
    [
      ["format", s],
      ["time", s],
    ],
    s,
    formatDate,
  ),
  plantimestamp: over([], s, (_, { host }) => (host.plannedAt ? nowText(host.plannedAt) : v.someOf(s))),
  timeadd: plain(
    [
      ["timestamp", s],
      ["duration", s],
    ],
    s,
    timeAdd,
  ),
  timecmp: plain(
    [
      ["timestamp_a", s],
      ["timestamp_b", s],
    ],
    "number",
    timeCompare,
  ),
  timestamp: over([], s, (_, { host }) => (host.applying ? nowText(host.applying.now()) : v.someOf(s))),
};
