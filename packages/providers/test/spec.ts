import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv, type ValidateFunction } from "ajv";
import { afterEach } from "vitest";
import { type Answer, type Handler, type Seen, vendor } from "./kit.ts";

/** Folder of the vendors' own descriptions, where there is one. */
const folder = process.env["DOGE_SPECS"] ?? join(import.meta.dirname, "../../../../shared/specs");

type Json = { [key: string]: unknown };

/**
 * Checks requests and answers against a vendor's OpenAPI. `undefined` where the folder is missing: tests
 * that need it are then skipped, by name.
 */
export function openApi(file: string, options: { readonly prefix?: string; readonly ignore?: readonly RegExp[] } = {}) {
  const path = join(folder, file);
  if (!existsSync(path)) return undefined;
  const document = JSON.parse(readFileSync(path, "utf8")) as { paths: Record<string, Json>; components: Json };
  const ajv = new Ajv({
    strict: false,
    validateFormats: false,
    allErrors: false,
    inlineRefs: false,
    unicodeRegExp: false,
  });
  ajv.addSchema(nullable({ $id: "doc", components: document.components }) as object);
  const templates = Object.keys(document.paths).map((template) => ({
    template,
    pattern: new RegExp(
      `^${template.replaceAll(/[.+]/g, "\\$&").replaceAll(/\{(\w+)\}/g, (_, name) => (name === "ref" ? "(.+)" : "([^/]+)"))}$`,
    ),
    literal: template.split("/").filter((part) => !part.startsWith("{")).length,
  }));
  const compiled = new Map<string, ValidateFunction>();

  const resolve = (node: unknown): Json | undefined => {
    const ref = (node as Json | undefined)?.["$ref"];
    if (typeof ref !== "string") return node as Json | undefined;
    return ref
      .slice(2)
      .split("/")
      .reduce<unknown>((at, part) => (at as Json)[part.replaceAll("~1", "/")], document) as Json;
  };

  const validate = (key: string, schema: unknown, value: unknown): string[] => {
    let check = compiled.get(key);
    if (!check) compiled.set(key, (check = ajv.compile(absolute(nullable(schema)) as object)));
    return check(value) ? [] : [`${key}: ${ajv.errorsText(check.errors)} in ${JSON.stringify(value).slice(0, 300)}`];
  };

  /** What is wrong with one exchange; empty when all is well. */
  return function problems(seen: Seen, answer: Answer): string[] {
    const bare = (seen.path.split("?")[0] ?? "").replace(options.prefix ?? "", "");
    if (options.ignore?.some((pattern) => pattern.test(bare))) return [];
    const found = templates.filter((t) => t.pattern.test(bare)).sort((a, b) => b.literal - a.literal);
    const operation = found
      .map((t) => ({ ...t, operation: document.paths[t.template]?.[seen.method.toLowerCase()] as Json | undefined }))
      .find((t) => t.operation);
    if (!operation?.operation) return [`${seen.method} ${bare} is not in ${file}`];
    const name = `${seen.method} ${operation.template}`;
    const media = (node: unknown): unknown =>
      Object.values((resolve(node)?.["content"] ?? {}) as Record<string, Json>)[0]?.["schema"];
    const status = answer.status ?? 200;
    const responses = operation.operation["responses"] as Json;
    const request = media(operation.operation["requestBody"]);
    const response = media(responses[status] ?? responses["default"]);
    return [
      ...(seen.body !== undefined && request ? validate(`request ${name}`, request, seen.body) : []),
      ...(status < 400 && !(status in responses) ? [`${name} never answers ${status}`] : []),
      ...(status < 400 && response && answer.body !== undefined
        ? validate(`answer ${name} ${status}`, response, answer.body)
        : []),
    ];
  };
}

/** OpenAPI 3.0 says `nullable` where JSON Schema lists `null` as a type. */
function nullable(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(nullable);
  if (node === null || typeof node !== "object") return node;
  const { nullable: allowed, discriminator: _, example: __, ...rest } = node as Json;
  const copy = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, nullable(value)]));
  return allowed === true ? { anyOf: [copy, { type: "null" }] } : copy;
}

/** References from an inner schema to the whole document. */
function absolute(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(absolute);
  if (node === null || typeof node !== "object") return node;
  return Object.fromEntries(
    Object.entries(node as Json).map(([key, value]) => [
      key,
      key === "$ref" && typeof value === "string" && value.startsWith("#") ? `doc${value}` : absolute(value),
    ]),
  );
}

/**
 * A vendor's server whose every exchange is checked against its description after each test.
 * `excuse` forgets what was exchanged so far: for faults that no description has.
 */
export async function describedVendor(problems: ReturnType<typeof openApi>, missing: Answer) {
  const server = await vendor(() => undefined, missing);
  const exchanges: [Seen, Answer][] = [];
  afterEach(() => {
    const wrong = problems ? exchanges.flatMap(([seen, answer]) => problems(seen, answer)) : [];
    exchanges.length = 0;
    if (wrong.length > 0) throw new Error(wrong.join("\n"));
  });
  return {
    server,
    serve: (handler: Handler): void =>
      server.answer(async (seen) => {
        const answer = (await handler(seen)) ?? missing;
        exchanges.push([seen, answer]);
        return answer;
      }),
    excuse: (): void => void exchanges.splice(0),
  };
}
