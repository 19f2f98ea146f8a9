import { entriesOf, type JsonSchema } from "@doge/workflow";

/** `doge help config`: every key of `doge.config.ts`, from the schema that validates it. */
export function configHelp(schema: JsonSchema): string {
  const rows = keysOf(schema, "", schema.required ?? []);
  const width = Math.max(...rows.map(([key]) => key.length)) + 2;
  return [
    "doge.config.ts (* must be given):",
    "",
    ...rows.map(([key, text]) => `  ${key.padEnd(width)}${text}`),
    "",
  ].join("\n");
}

function keysOf(schema: JsonSchema, path: string, required: readonly string[]): (readonly [string, string])[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, property]) => {
    const name = `${path}${key}${required.includes(key) && !property.properties ? " *" : ""}`;
    const choices = property.enum ? ` One of ${property.enum.join(", ")}.` : "";
    const standard =
      property.default === undefined || property.properties ? "" : ` Default: ${JSON.stringify(property.default)}.`;
    const own = [name, `${property.description ?? ""}${choices}${standard}`] as const;
    const entry = entriesOf(property);
    if (entry?.properties) return [own, ...keysOf(entry, `${path}${key}.<name>.`, entry.required ?? [])];
    return property.properties ? [own, ...keysOf(property, `${path}${key}.`, property.required ?? [])] : [own];
  });
}
