import { createHmac, timingSafeEqual } from "node:crypto";

/** The first signs; what any of them signed is good. */
export type Keys = readonly [string, ...string[]];

/** `value.signature`: what a browser hands back unchanged can be trusted. `purpose` keeps kinds apart. */
export const sign = ([key]: Keys, purpose: string, value: string): string =>
  `${value}.${createHmac("sha256", key).update(`${purpose}:${value}`).digest("base64url")}`;

export function unsign(keys: Keys, purpose: string, signed: string | undefined): string | undefined {
  const end = signed?.lastIndexOf(".") ?? -1;
  if (signed === undefined || end < 0) return undefined;
  const value = signed.slice(0, end);
  return keys.some((key) => sameText(sign([key], purpose, value), signed)) ? value : undefined;
}

/** Takes as long for a near miss as for a far one. */
export function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
