/** Which answers a browser may read, by a bucket's rules. */
import { S3Error } from "./errors.ts";
import type { Bucket, CorsRule } from "./model.ts";

/** One `*` stands for anything. */
function matches(pattern: string, text: string): boolean {
  const [before = "", after] = pattern.split("*", 2);
  if (after === undefined) return pattern === text;
  return text.length >= before.length + after.length && text.startsWith(before) && text.endsWith(after);
}

function ruleFor(bucket: Bucket, origin: string, method: string, asked: readonly string[]): CorsRule | undefined {
  return bucket.cors.find(
    (rule) =>
      rule.allowedMethods.includes(method) &&
      rule.allowedOrigins.some((pattern) => matches(pattern, origin)) &&
      asked.every((name) => rule.allowedHeaders.some((pattern) => matches(pattern.toLowerCase(), name))),
  );
}

function headersOf(rule: CorsRule, origin: string): Record<string, string> {
  const any = rule.allowedOrigins.includes("*");
  return {
    "access-control-allow-origin": any ? "*" : origin,
    "access-control-allow-methods": rule.allowedMethods.join(", "),
    ...(any ? {} : { "access-control-allow-credentials": "true" }),
    ...(rule.exposeHeaders.length > 0 ? { "access-control-expose-headers": rule.exposeHeaders.join(", ") } : {}),
    ...(rule.maxAgeSeconds === undefined ? {} : { "access-control-max-age": String(rule.maxAgeSeconds) }),
    vary: "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
  };
}

/** For an actual request: nothing where no rule lets this origin read. */
export function corsHeaders(bucket: Bucket | undefined, headers: Headers, method: string): Record<string, string> {
  const origin = headers.get("origin");
  if (!bucket || origin === null) return {};
  const rule = ruleFor(bucket, origin, method, []);
  return rule ? headersOf(rule, origin) : {};
}

/** The answer to OPTIONS. @throws S3Error AccessForbidden where no rule matches. */
export function preflight(bucket: Bucket | undefined, headers: Headers): Response {
  const origin = headers.get("origin");
  const method = headers.get("access-control-request-method");
  if (origin === null || method === null)
    throw new S3Error(
      "InvalidRequest",
      "Insufficient information. Origin and Access-Control-Request-Method are needed.",
    );
  if (!bucket) throw new S3Error("AccessForbidden");
  const asked = (headers.get("access-control-request-headers") ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter(Boolean);
  const rule = ruleFor(bucket, origin, method, asked);
  if (!rule) throw new S3Error("AccessForbidden");
  return new Response(null, {
    status: 200,
    headers: {
      ...headersOf(rule, origin),
      ...(asked.length > 0 ? { "access-control-allow-headers": asked.join(", ") } : {}),
    },
  });
}
