import { ArgumentError, type FunctionTable, over, plain, textOf, wholeOf } from "./define.ts";
import * as v from "../values.ts";
import type { Value } from "../values.ts";
import * as big from "../bigfloat.ts";

const s = "string";
const prefixOf = ["prefix", s] as const;

/** A network: the address without its host bits. */
interface Prefix {
  readonly bits: 32 | 128;
  readonly address: bigint;
  readonly length: number;
}

/** Octets may have leading zeros, which count as decimal. */
function parse4(text: string): bigint | undefined {
  const octets = text.split(".");
  if (octets.length !== 4 || octets.some((one) => !/^\d{1,3}$/.test(one) || Number(one) > 255)) return undefined;
  return octets.reduce((total, one) => (total << 8n) | BigInt(one), 0n);
}

function parse6(text: string): bigint | undefined {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const tail = dotted ? parse4(dotted[2] as string) : undefined;
  if (dotted && tail === undefined) return undefined;
  const source =
    tail === undefined ? text : `${dotted?.[1]}${(tail >> 16n).toString(16)}:${(tail & 0xffffn).toString(16)}`;
  const halves = source.split("::");
  if (halves.length > 2) return undefined;
  const [left = [], right] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - left.length - (right?.length ?? 0);
  if (right === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...left, ...Array.from({ length: right === undefined ? 0 : missing }, () => "0"), ...(right ?? [])];
  if (groups.some((group) => !/^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  return groups.reduce((total, group) => (total << 16n) | BigInt(`0x${group}`), 0n);
}

function parsePrefix(text: string): Prefix {
  const invalid = (): never => {
    throw new ArgumentError(`invalid CIDR expression: "${text}" is not of the form 10.0.0.0/8 or 2001:db8::/32`, 0);
  };
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  if (match === null) return invalid();
  const [, host = "", size] = match;
  const bits = host.includes(":") ? 128 : 32;
  const address = bits === 128 ? parse6(host) : parse4(host);
  const length = Number(size);
  if (address === undefined || length > bits) return invalid();
  const hostBits = BigInt(bits - length);
  return { bits, address: (address >> hostBits) << hostBits, length };
}

function show(address: bigint, bits: 32 | 128): string {
  if (bits === 32) return [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 0xffn).join(".");
  const groups = Array.from({ length: 8 }, (_, i) => ((address >> BigInt(112 - 16 * i)) & 0xffffn).toString(16));
  const [start, length] = longestZeros(groups);
  if (length < 2) return groups.join(":");
  return `${groups.slice(0, start).join(":")}::${groups.slice(start + length).join(":")}`;
}

function longestZeros(groups: readonly string[]): readonly [number, number] {
  let best: readonly [number, number] = [0, 0];
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === "0") length++;
    if (length > best[1]) best = [start, length];
  }
  return best;
}

const showPrefix = ({ address, bits, length }: Prefix): string => `${show(address, bits)}/${length}`;

function wholeBig(value: Value | undefined, at: number): bigint {
  if (value?.kind !== "number" || !v.isWholeNumber(value)) throw new ArgumentError("a whole number is required", at);
  return big.truncated(v.big(value));
}

function host(prefix: Prefix, number: bigint): string {
  const room = 1n << BigInt(prefix.bits - prefix.length);
  if (number >= room || number < -room) {
    throw new ArgumentError(`prefix of ${prefix.length} does not accommodate a host numbered ${number}`);
  }
  return show(prefix.address + (number < 0n ? room + number : number), prefix.bits);
}

function subnet(prefix: Prefix, newBits: number, number: bigint): string {
  const length = prefix.length + newBits;
  if (newBits < 0) throw new ArgumentError("must extend the prefix by at least 0 bits", 1);
  if (length > prefix.bits) {
    throw new ArgumentError(`insufficient address space to extend prefix of ${prefix.length} by ${newBits}`, 1);
  }
  if (number < 0n || number >= 1n << BigInt(newBits)) {
    throw new ArgumentError(`prefix extension of ${newBits} does not accommodate a subnet numbered ${number}`, 2);
  }
  return showPrefix({ ...prefix, address: prefix.address | (number << BigInt(prefix.bits - length)), length });
}

/** Networks of the given sizes one after the other, each at the next place where it fits. */
function subnets(prefix: Prefix, sizes: readonly Value[]): string[] {
  const result: string[] = [];
  let next = prefix.address;
  const end = prefix.address + (1n << BigInt(prefix.bits - prefix.length));
  for (const [i, size] of sizes.entries()) {
    const newBits = wholeOf(size, i + 1);
    if (newBits < 1) throw new ArgumentError("must extend prefix by at least one bit", i + 1);
    const length = prefix.length + newBits;
    if (length > prefix.bits)
      throw new ArgumentError(
        `would extend prefix to ${length} bits, which is too long for an IPv${prefix.bits === 32 ? 4 : 6} address`,
        i + 1,
      );
    const room = 1n << BigInt(prefix.bits - length);
    const start = ((next + room - 1n) / room) * room;
    if (start + room > end)
      throw new ArgumentError(`not enough remaining address space for a subnet with a prefix of ${length} bits`, i + 1);
    result.push(showPrefix({ ...prefix, address: start, length }));
    next = start + room;
  }
  return result;
}

export const network: FunctionTable = {
  cidrhost: over([prefixOf, ["hostnum", "number"]], s, ([prefix, number]) =>
    v.string(host(parsePrefix(textOf(prefix)), wholeBig(number, 1))),
  ),
  cidrnetmask: plain([prefixOf], s, (text) => {
    const { bits, length } = parsePrefix(text);
    if (bits === 128) throw new ArgumentError("IPv6 addresses cannot have a netmask", 0);
    return show(((1n << BigInt(length)) - 1n) << BigInt(32 - length), 32);
  }),
  cidrsubnet: over([prefixOf, ["newbits", "number"], ["netnum", "number"]], s, ([prefix, newBits, number]) =>
    v.string(subnet(parsePrefix(textOf(prefix)), wholeOf(newBits, 1), wholeBig(number, 2))),
  ),
  cidrsubnets: over(
    [prefixOf],
    ["list", s],
    ([prefix, ...sizes]) => v.list(s, subnets(parsePrefix(textOf(prefix)), sizes).map(v.string)),
    { rest: ["newbits", "number"] },
  ),
};
