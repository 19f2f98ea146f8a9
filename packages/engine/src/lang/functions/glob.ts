import { RE2JS } from "re2js";
import { ArgumentError } from "./define.ts";

/** Whether a path fits a pattern: `*`, `?`, `[a-z]`, `[^a-z]`, `{a,b}` within a folder, `**` over any number of folders. */
export function matcher(pattern: string): (path: string) => boolean {
  const expression = RE2JS.compile(translate(pattern), RE2JS.DOTALL);
  return (path) => expression.matcher(path).matches();
}

function translate(pattern: string): string {
  let result = "";
  let braces = 0;
  for (let at = 0; at < pattern.length; at++) {
    const letter = pattern[at] as string;
    if (pattern.startsWith("**/", at)) {
      result += "(?:[^/]*/)*";
      at += 2;
    } else if (pattern.startsWith("**", at)) {
      result += ".*";
      at++;
    } else if (letter === "*") result += "[^/]*";
    else if (letter === "?") result += "[^/]";
    else if (letter === "[") {
      const end = pattern.indexOf("]", at + 2);
      if (end < 0) throw new ArgumentError(`failed to glob pattern "${pattern}": "[" is not closed`, 1);
      const inner = pattern.slice(at + 1, end);
      result += `[${inner.replaceAll("\\", "\\\\").replaceAll("[", "\\[")}]`;
      at = end;
    } else if (letter === "{") {
      braces++;
      result += "(?:";
    } else if (letter === "}" && braces > 0) {
      braces--;
      result += ")";
    } else if (letter === "," && braces > 0) result += "|";
    else result += letter.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  }
  if (braces > 0) throw new ArgumentError(`failed to glob pattern "${pattern}": "{" is not closed`, 1);
  return result;
}
