/** `count` and `for_each` of resources and modules, and what others may refer to with them. */
import { type Kind, quote, type Reference } from "./expressions.ts";
import type { Random } from "../random.ts";

export interface Repetition {
  readonly source: string;
  readonly kind: "count" | "for_each";
  /** As they stand between brackets: `0`, `"a"`. */
  readonly keys: readonly string[];
}

export function repetition(random: Random, single = 0.6): Repetition | undefined {
  if (random.chance(single)) return undefined;
  const n = random.chance(0.06) ? 0 : 1 + random.below(3);
  if (random.chance(0.5)) {
    const keys = Array.from({ length: n }, (_, i) => String(i));
    return { kind: "count", source: random.chance(0.8) ? String(n) : `length(range(${n}))`, keys };
  }
  const keys = random.some(["a", "b", "c", "d"], 0.6);
  if (keys.length === 0) keys.push("a");
  const set = `toset([${keys.map(quote).join(", ")}])`;
  const map = `{ ${keys.map((key) => `${key} = "value of ${key}"`).join(", ")} }`;
  return { kind: "for_each", source: random.chance(0.5) ? set : map, keys: keys.map(quote) };
}

/** The part of a name that tells instances apart, as an expression within a template. */
export const keyTemplate = (one: Repetition | undefined): string =>
  one === undefined ? "" : one.kind === "count" ? "-${count.index}" : "-${each.key}";

/** The same for one key. */
export const keySuffix = (key: string): string => (key === "" ? "" : `-${key.replaceAll('"', "")}`);

export const keysOf = (one: Repetition | undefined): readonly string[] => one?.keys ?? [""];

export const indexed = (address: string, key: string): string => (key === "" ? address : `${address}[${key}]`);

type Attributes = Readonly<Record<string, { readonly kind: Kind; readonly sensitive: boolean }>>;

/** What may be said of a block with these attributes: of one instance, of all of them, of their number. */
export function referencesTo(of: string, attributes: Attributes, repeated: Repetition | undefined): Reference[] {
  const found: Reference[] = [];
  for (const [attribute, { kind, sensitive }] of Object.entries(attributes)) {
    const refer = (source: string, as: Kind): void => void found.push({ source, kind: as, sensitive, of });
    if (repeated === undefined) refer(`${of}.${attribute}`, kind);
    else {
      const [first] = repeated.keys;
      if (first !== undefined) refer(`${of}[${first}].${attribute}`, kind);
      if (kind === "string" && repeated.kind === "count") refer(`${of}[*].${attribute}`, "strings");
      if (kind === "string" && repeated.kind === "for_each") {
        refer(`values(${of})[*].${attribute}`, "strings");
        refer(`{ for k, one in ${of} : k => one.${attribute} }`, "map");
      }
    }
  }
  if (repeated) found.push({ source: `length(${of})`, kind: "number", sensitive: false, of });
  return found;
}
