/**
 * Global node ids as GitHub writes them today: a prefix that names the type, then msgpack in base64url of
 * `[0, id]`, or `[0, repository, id]` for what belongs to a repository.
 */
export type NodeKind =
  | "U"
  | "O"
  | "BOT"
  | "R"
  | "BPR"
  | "PR"
  | "I"
  | "IC"
  | "PRR"
  | "CR"
  | "CS"
  | "LA"
  | "EN"
  | "DE"
  | "DES"
  | "SC"
  | "REF"
  | "C"
  | "T"
  | "B"
  | "GABP"
  | "RI";

export interface NodeId {
  readonly kind: string;
  readonly ids: readonly number[];
}

/** `R_kgDOAAAABw` for `("R", 7)`. */
export function nodeId(kind: NodeKind, ...ids: readonly number[]): string {
  const bytes = [0x90 + ids.length + 1, 0];
  for (const id of ids) {
    const wide = Buffer.alloc(id > 0xff_ff_ff_ff ? 9 : 5);
    if (wide.length === 9) {
      wide[0] = 0xcf;
      wide.writeBigUInt64BE(BigInt(id), 1);
    } else {
      wide[0] = 0xce;
      wide.writeUInt32BE(id, 1);
    }
    bytes.push(...wide);
  }
  return `${kind}_${Buffer.from(bytes).toString("base64url")}`;
}

/** Names of objects that are not numbers: refs, commits. */
export const namedNodeId = (kind: NodeKind, repository: number, name: string): string =>
  `${nodeId(kind, repository)}${Buffer.from(name).toString("base64url")}`;

/** The type and numbers of a node id, or undefined where it is none of ours. */
export function parseNodeId(text: string): NodeId | undefined {
  const match = /^([A-Z]+)_([\w-]+)$/.exec(text);
  if (!match) return undefined;
  const bytes = Buffer.from(match[2] ?? "", "base64url");
  if (((bytes[0] ?? 0) & 0xf0) !== 0x90 || bytes[1] !== 0) return undefined;
  const ids: number[] = [];
  let at = 2;
  while (at < bytes.length) {
    if (bytes[at] === 0xce && at + 5 <= bytes.length) ids.push(bytes.readUInt32BE(at + 1));
    else if (bytes[at] === 0xcf && at + 9 <= bytes.length) ids.push(Number(bytes.readBigUInt64BE(at + 1)));
    else return undefined;
    at += bytes[at] === 0xce ? 5 : 9;
  }
  return { kind: match[1] ?? "", ids };
}
