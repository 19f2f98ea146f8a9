import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv, type ValidateFunction } from "ajv";

/** Beside the repository, where the session has it. */
const path = fileURLToPath(new URL("../../../../../shared/specs/digitalocean.openapi.json", import.meta.url));

type Json = { [key: string]: Json } & { $ref?: string };

/** Validates answers against DigitalOcean's own description of its API. */
export interface Contract {
  /** Throws with what is wrong; also where the description knows no such operation or status. */
  check(method: string, pathname: string, status: number, body: unknown): void;
}

export const contractPresent = existsSync(path);

export function loadContract(): Contract {
  const document = JSON.parse(readFileSync(path, "utf8")) as Json;
  const paths = document["paths"] as Json;
  const templates = Object.keys(paths).sort((a, b) => placeholders(a) - placeholders(b));
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false, unicodeRegExp: false });
  ajv.addSchema(nullable(document) as object, "digitalocean");
  const compiled = new Map<string, ValidateFunction>();

  const follow = (node: Json | undefined): Json | undefined => {
    if (!node?.$ref) return node;
    return node.$ref
      .slice(2)
      .split("/")
      .reduce<Json | undefined>((at, key) => at?.[unescaped(key)], document);
  };

  return {
    check(method, pathname, status, body) {
      const template = templates.find((each) => matches(each, pathname));
      const operation = template && paths[template]?.[method.toLowerCase()];
      if (!operation) throw new Error(`the contract has no ${method} ${pathname}`);
      const response =
        operation["responses"]?.[String(status)] ?? (status >= 500 ? operation["responses"]?.["500"] : undefined);
      const answer = follow(response);
      // Refusals of one operation are described for all of them alike.
      const schemaPath = answer
        ? response?.$ref
          ? `${response.$ref}/content/application~1json/schema`
          : `#/paths/${escaped(template)}/${method.toLowerCase()}/responses/${status}/content/application~1json/schema`
        : status >= 400
          ? "#/components/schemas/error"
          : undefined;
      if (!schemaPath) throw new Error(`the contract has no ${status} for ${method} ${template}`);
      if (answer && !answer["content"]) {
        if (body !== undefined) throw new Error(`${method} ${template} ${status} must have no body`);
        return;
      }
      let validate = compiled.get(schemaPath);
      if (!validate) compiled.set(schemaPath, (validate = ajv.compile({ $ref: `digitalocean${schemaPath}` })));
      if (!validate(body)) {
        throw new Error(`${method} ${pathname} ${status}: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(body)}`);
      }
    },
  };
}

const placeholders = (template: string): number => template.split("{").length;
const matches = (template: string, pathname: string): boolean =>
  new RegExp(`^${template.replace(/\{[^}]+\}/g, "[^/]+")}$`).test(pathname);
const unescaped = (key: string): string => decodeURIComponent(key).replaceAll("~1", "/").replaceAll("~0", "~");
const escaped = (key: string): string => encodeURIComponent(key.replaceAll("~", "~0").replaceAll("/", "~1"));

/** OpenAPI 3.0 says `nullable` beside the type (or beside allOf); JSON Schema wants the null spelled out. */
function nullable(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(nullable);
  if (typeof node !== "object" || node === null) return node;
  const { nullable: isNullable, example: _e, examples: _s, ...rest } = node as Record<string, unknown>;
  const mapped = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, nullable(value)]));
  return isNullable === true ? { anyOf: [mapped, { type: "null" }] } : mapped;
}
