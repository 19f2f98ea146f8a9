import { createHash, randomBytes } from "node:crypto";
import type { Ids } from "../ports.ts";
import type { Store } from "./store.ts";

const alphabet = "ABCDEFGHIJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz123456789";

/** Ids from a seed and a counter kept in the store: a seed can be replayed, a restart repeats none. */
export function seededIds(store: Store, seed: string = randomBytes(8).toString("hex")): Ids {
  const counters = store.collection<{ value: number }>("kit.counters");
  const bump = (series: string): number => {
    const value = (counters.get(series)?.value ?? 0) + 1;
    counters.put(series, { value });
    return value;
  };
  const bytes = (length: number): Buffer => {
    const turn = bump("ids");
    const blocks: Buffer[] = [];
    for (let block = 0; blocks.length * 32 < length; block++) {
      blocks.push(createHash("sha256").update(`${seed}/${turn}/${block}`).digest());
    }
    return Buffer.concat(blocks).subarray(0, length);
  };
  const token = (length: number): string =>
    Array.from(bytes(length), (byte) => alphabet[byte % alphabet.length]).join("");
  return {
    token,
    prefixed: (prefix) => `${prefix}-${token(16)}`,
    hex: (length) =>
      bytes(Math.ceil(length / 2))
        .toString("hex")
        .slice(0, length),
    uuid() {
      const raw = bytes(16);
      raw[6] = ((raw[6] ?? 0) & 0x0f) | 0x40;
      raw[8] = ((raw[8] ?? 0) & 0x3f) | 0x80;
      return raw.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
    },
    next: bump,
  };
}
