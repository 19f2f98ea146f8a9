/**
 * Filter patterns of `branches`, `tags` and `paths`: `*` stays within a path segment, `**` crosses them, `?` and `+`
 * repeat the character before, `[]` is a set, `!` at the start takes away again what patterns before it let in.
 */
export function matchesPatterns(patterns: readonly string[], name: string): boolean {
  let matched = false;
  for (const pattern of patterns) {
    if (pattern.startsWith("!")) matched &&= !expressionOf(pattern.slice(1)).test(name);
    else matched ||= expressionOf(pattern).test(name);
  }
  return matched;
}

function expressionOf(pattern: string): RegExp {
  let source = "";
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] ?? "";
    if (pattern.startsWith("**/", at)) {
      source += "(?:.*/)?";
      at += 2;
    } else if (pattern.startsWith("**", at)) {
      source += ".*";
      at += 1;
    } else if (character === "*") source += "[^/]*";
    else if ((character === "?" || character === "+") && at > 0) source += character;
    else if (character === "\\") source += escaped(pattern[++at] ?? "");
    else if (character === "[" && pattern.indexOf("]", at) > at) {
      const end = pattern.indexOf("]", at);
      source += `[${pattern
        .slice(at + 1, end)
        .replaceAll("\\", "\\\\")
        .replace(/^\^/, "\\^")}]`;
      at = end;
    } else source += escaped(character);
  }
  return new RegExp(`^${source}$`);
}

const escaped = (character: string): string => character.replace(/[.*+?^$(){}|[\]\\]/, "\\$&");
