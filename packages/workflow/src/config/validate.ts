import { type Diagnostic, error, nearest, type Outcome } from "@doge/core";
import { z } from "zod";
import { type ProjectConfig, projectSchema } from "./schema.ts";

/** Checks what `doge.config.ts` exports; every mistake at once, each with its path. */
export function validateProject(raw: unknown, file: string): Outcome<ProjectConfig> {
  const parsed = projectSchema.safeParse(raw);
  if (parsed.success) return together(parsed.data, file);
  return { diagnostics: parsed.error.issues.flatMap((issue) => explain(issue, file)) };
}

/** What is wrong with one answer (`domain`, `github.owner`), before all are together; undefined where nothing is. */
export function fieldProblem(path: string, value: unknown): string | undefined {
  let schema: z.ZodType | undefined = projectSchema;
  for (const key of path.split("."))
    schema = schema instanceof z.ZodObject ? (schema.shape[key] as z.ZodType) : undefined;
  const parsed = schema?.safeParse(value);
  return parsed && !parsed.success ? parsed.error.issues.map(({ message }) => message).join("; ") : undefined;
}

/** What only several keys together can get wrong. */
function together(config: ProjectConfig, file: string): Outcome<ProjectConfig> {
  if (config.executor !== "hcp" || config.state.backend === "hcp") return { value: config, diagnostics: [] };
  return {
    diagnostics: [
      error({
        code: "config-invalid",
        summary: "Wrong value in the project's configuration",
        detail: `state.backend in ${file}: runs in HCP Terraform keep their state there, not in "${config.state.backend}"`,
        address: "state.backend",
        remedy: 'Set executor to "native" or "terraform", or leave state.backend at "hcp".',
      }),
    ],
  };
}

function explain(issue: z.core.$ZodIssue, file: string): readonly Diagnostic[] {
  const path = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    const known = keysAt(issue.path);
    return issue.keys.map((key) => {
      const near = nearest(key, known);
      return error({
        code: "config-unknown-key",
        summary: "Unknown key in the project's configuration",
        detail: `${[path, key].filter(Boolean).join(".")} in ${file}`,
        address: [path, key].filter(Boolean).join("."),
        remedy: near ? `Did you mean "${near}"?` : `Known keys here: ${known.join(", ")}.`,
      });
    });
  }
  return [
    error({
      code: "config-invalid",
      summary: "Wrong value in the project's configuration",
      detail: `${path || "the default export"} in ${file}: ${issue.message}`,
      address: path,
      remedy: `Mend it in ${file}; doge help config describes every key.`,
    }),
  ];
}

/** Keys that the schema knows at a path. */
function keysAt(path: readonly PropertyKey[]): readonly string[] {
  let schema = z.toJSONSchema(projectSchema, { io: "input" }) as JsonSchema;
  for (const part of path) schema = schema.properties?.[String(part)] ?? entriesOf(schema) ?? {};
  return Object.keys(schema.properties ?? {});
}

/** The part of JSON Schema that zod prints for our configuration. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  /** Of a record: what every entry is. */
  readonly additionalProperties?: JsonSchema | boolean;
  readonly required?: readonly string[];
  readonly enum?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
}

/** What the entries of a record are; undefined where there is no record. */
export const entriesOf = ({ additionalProperties }: JsonSchema): JsonSchema | undefined =>
  typeof additionalProperties === "object" ? additionalProperties : undefined;

export const projectJsonSchema = (): JsonSchema => z.toJSONSchema(projectSchema, { io: "input" }) as JsonSchema;
