import { entriesOf, type JsonSchema } from "../packages/workflow/src/config/validate.ts";

/** The `.d.ts` of `doge.config.ts`, from the one schema that also validates it. */
export const declarationOf = (schema: JsonSchema): string =>
  [
    `export interface ProjectConfig ${typeOf(schema, "")}`,
    "",
    "/** Types `doge.config.ts` as it is written. */",
    "export declare const defineProject: (config: ProjectConfig) => ProjectConfig;",
    "",
  ].join("\n");

function typeOf(schema: JsonSchema, indent: string): string {
  if (schema.anyOf) return schema.anyOf.map((option) => typeOf(option, indent)).join(" | ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.type === "integer") return "number";
  if (schema.type === "array") return `readonly ${typeOf(schema.items ?? {}, indent)}[]`;
  const entry = entriesOf(schema);
  if (schema.type === "object" && entry) return `{ readonly [name: string]: ${typeOf(entry, indent)} }`;
  if (schema.type !== "object" || !schema.properties) return schema.type ?? "unknown";
  const deeper = `${indent}  `;
  const rows = Object.entries(schema.properties).map(([key, property]) => {
    const optional = schema.required?.includes(key) ? "" : "?";
    const standard =
      property.default !== undefined && property.type !== "object"
        ? ` Default: ${JSON.stringify(property.default)}.`
        : "";
    const comment = property.description ? `${deeper}/** ${property.description}${standard} */\n` : "";
    return `${comment}${deeper}readonly ${key}${optional}: ${typeOf(property, deeper)};\n`;
  });
  return `{\n${rows.join("")}${indent}}`;
}
