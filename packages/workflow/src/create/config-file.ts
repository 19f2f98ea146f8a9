import type { ProjectConfigInput } from "../config/schema.ts";

/** `doge.config.ts` of a new project: only what was chosen, the rest are defaults. */
export function configFile(config: ProjectConfigInput): string {
  return [
    'import { defineProject } from "doge";',
    "",
    "// Every key, its default and its meaning: npx doge help config",
    `export default defineProject(${literalOf(config, 0)});`,
    "",
  ].join("\n");
}

export function literalOf(value: unknown, depth: number): string {
  const flat = inline(value);
  if (typeof value !== "object" || value === null || Array.isArray(value) || (depth > 0 && flat.length < 90))
    return flat;
  const indent = "  ".repeat(depth + 1);
  const lines = entriesOf(value).map(([key, entry]) => `${indent}${key}: ${literalOf(entry, depth + 1)},\n`);
  return `{\n${lines.join("")}${"  ".repeat(depth)}}`;
}

function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = entriesOf(value).map(([key, entry]) => `${key}: ${inline(entry)}`);
  return `{ ${entries.join(", ")} }`;
}

const entriesOf = (value: object): [string, unknown][] =>
  Object.entries(value).filter(([, entry]) => entry !== undefined);
