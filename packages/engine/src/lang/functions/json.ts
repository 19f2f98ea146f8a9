import * as v from "../values.ts";
import type { Value } from "../values.ts";

/** JSON as Go writes it, which is what `jsonencode` gives: sorted keys, `<`, `>` and `&` as escapes. */
export function encodeJson(value: Value): string {
  return JSON.stringify(v.toPlain(value)).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
