import type { Value } from "./values.ts";

/**
 * Elements of a set in Terraform's order: texts by their bytes, numbers by size, false before true, everything else
 * by the bytes of a fingerprint; unknown ones and null come last.
 */
export function compareElements(a: Value, b: Value, text: (a: string, b: string) => number): number {
  const [first, second] = [rank(a), rank(b)];
  if (first !== second) return first - second;
  if (a.kind === "string" && b.kind === "string") return text(a.value, b.value);
  if (a.kind === "number" && b.kind === "number") return a.value - b.value;
  if (a.kind === "bool" && b.kind === "bool") return Number(a.value) - Number(b.value);
  return text(fingerprint(a), fingerprint(b));
}

const rank = (value: Value): number => (value.kind === "null" ? 2 : value.kind === "unknown" ? 1 : 0);

function fingerprint(value: Value): string {
  switch (value.kind) {
    case "unknown":
      return "?";
    case "null":
      return "~";
    case "bool":
      return value.value ? "T" : "F";
    case "number":
      return tenDigits(value.value);
    case "string":
      return JSON.stringify(value.value);
    case "list":
    case "set":
      return `[${value.items.map((item) => `${fingerprint(item)};`).join("")}]`;
    case "tuple":
      return `<${value.items.map((item) => `${fingerprint(item)};`).join("")}>`;
    case "map":
      return `{${[...value.entries].map(([name, item]) => `${JSON.stringify(name)}:${fingerprint(item)};`).join("")}}`;
    case "object":
      return `<${[...value.entries.values()].map((item) => `${fingerprint(item)};`).join("")}>`;
  }
}

function tenDigits(value: number): string {
  const power = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  if (power >= -4 && power < 10) return String(Number(value.toPrecision(10)));
  return value
    .toExponential(9)
    .replace(/\.?0+e/, "e")
    .replace(/e([+-])(\d)$/, "e$10$2");
}
