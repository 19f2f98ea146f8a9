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
  if (Array.isArray(value)) return `[${value.map((entry) => literalOf(entry, depth)).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
  const flat = `{ ${entries.map(([key, entry]) => `${key}: ${literalOf(entry, 0)}`).join(", ")} }`;
  if (depth > 0 && flat.length < 90) return flat;
  const indent = "  ".repeat(depth + 1);
  return `{\n${entries.map(([key, entry]) => `${indent}${key}: ${literalOf(entry, depth + 1)},\n`).join("")}${"  ".repeat(depth)}}`;
}
