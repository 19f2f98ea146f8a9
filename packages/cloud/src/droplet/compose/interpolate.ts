import { DockerError } from "../engine/model.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/** `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-…}`, `${NAME:?error}`, `${NAME:+instead}`, `$$`; defaults may nest. */
export function interpolate(text: string, variables: Variables): string {
  let result = "";
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== "$") {
      result += text[at];
      continue;
    }
    const rest = text.slice(at + 1);
    const plain = /^[A-Za-z_]\w*/.exec(rest)?.[0];
    if (rest.startsWith("$")) {
      result += "$";
      at++;
    } else if (plain) {
      result += variables[plain] ?? "";
      at += plain.length;
    } else if (rest.startsWith("{")) {
      const end = closing(rest);
      if (end < 0) throw invalid(text);
      result += braced(rest.slice(1, end), variables, text);
      at += end + 1;
    } else throw invalid(text);
  }
  return result;
}

const invalid = (text: string): DockerError =>
  new DockerError(
    `invalid interpolation format for ${JSON.stringify(text)}. You may need to escape any $ with another $`,
    15,
  );

/** Where the brace that `text` begins with is closed. */
function closing(text: string): number {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "{") depth++;
    if (text[at] === "}" && --depth === 0) return at;
  }
  return -1;
}

function braced(inside: string, variables: Variables, whole: string): string {
  const match = /^([A-Za-z_]\w*)(?:(:?[-?+])(.*))?$/s.exec(inside);
  if (!match) throw invalid(whole);
  const [, name = "", operator, other = ""] = match;
  const value = variables[name];
  const there = operator?.startsWith(":") ? value !== undefined && value !== "" : value !== undefined;
  switch (operator?.at(-1)) {
    case "-":
      return there ? (value ?? "") : interpolate(other, variables);
    case "+":
      return there ? interpolate(other, variables) : "";
    case "?":
      if (there) return value ?? "";
      throw new DockerError(`required variable ${name} is missing a value: ${interpolate(other, variables)}`, 15);
    default:
      return value ?? "";
  }
}

/** Interpolates every string of a document, but not its keys. */
export function interpolateAll(value: unknown, variables: Variables): unknown {
  if (typeof value === "string") return interpolate(value, variables);
  if (Array.isArray(value)) return value.map((item) => interpolateAll(item, variables));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, interpolateAll(inner, variables)]));
}
