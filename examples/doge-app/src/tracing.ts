import { AsyncLocalStorage } from "node:async_hooks";
import { randomBytes } from "node:crypto";
import type { Log } from "./log.ts";
import type { Settings } from "./settings.ts";
import { site } from "./site.ts";

/**
 * OpenTelemetry traces over OTLP/HTTP in its JSON form, when OTEL_EXPORTER_OTLP_ENDPOINT is set: a span a request,
 * a span a query below it. The protocol is small; the SDK and its exporter are 25 MB.
 * https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export interface Tracing {
  /** `parent`: the request's `traceparent` header. */
  request<T>(name: string, parent: string | undefined, work: () => Promise<T>, status: (result: T) => number): Promise<T>;
  query(milliseconds: number, text: string): void;
  flush(): Promise<void>;
}

interface Context {
  readonly traceId: string;
  readonly spanId: string;
}

const nanoseconds = (at: number): string => `${Math.round(at * 1000)}000`;
const attribute = (key: string, value: string | number): object => ({
  key,
  value: typeof value === "number" ? { intValue: value } : { stringValue: value },
});

export function createTracing(settings: Settings, log: Log, send: typeof fetch = fetch): Tracing | undefined {
  const { otlpEndpoint } = settings;
  if (!otlpEndpoint) return undefined;
  const current = new AsyncLocalStorage<Context>();
  const now = (): number => performance.timeOrigin + performance.now();
  let spans: object[] = [];

  function add(name: string, kind: 2 | 3, context: Context, parent: string | undefined, start: number, attributes: object[], failed = false): void {
    // A collector that is away must not fill the memory.
    if (spans.length >= 2_000) return;
    spans.push({
      ...context,
      ...(parent ? { parentSpanId: parent } : {}),
      name,
      kind,
      startTimeUnixNano: nanoseconds(start),
      endTimeUnixNano: nanoseconds(now()),
      attributes,
      ...(failed ? { status: { code: 2 } } : {}),
    });
  }

  async function flush(): Promise<void> {
    if (spans.length === 0) return;
    const sent = spans;
    spans = [];
    const resource = {
      attributes: [
        attribute("service.name", site.slug),
        attribute("service.version", settings.release),
        attribute("deployment.environment.name", settings.environment),
      ],
    };
    const body = { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: site.slug }, spans: sent }] }] };
    try {
      const response = await send(`${otlpEndpoint}/v1/traces`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(5_000),
      });
      if (!response.ok) log.warn("traces refused", { status: response.status });
    } catch (thrown) {
      log.warn("traces not sent", { reason: String(thrown) });
    }
  }
  setInterval(() => void flush(), 5_000).unref();

  return {
    async request(name, parent, work, status) {
      const [, traceId, parentId] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-/.exec(parent ?? "") ?? [];
      const context = { traceId: traceId ?? randomBytes(16).toString("hex"), spanId: randomBytes(8).toString("hex") };
      const start = now();
      const result = await current.run(context, work);
      const code = status(result);
      add(name, 2, context, parentId, start, [attribute("http.response.status_code", code)], code >= 500);
      return result;
    },
    query(milliseconds, text) {
      const context = current.getStore();
      if (!context) return;
      const own = { traceId: context.traceId, spanId: randomBytes(8).toString("hex") };
      const attributes = [attribute("db.system.name", "postgresql"), attribute("db.query.text", text)];
      add(text.split(" ", 1)[0] ?? "query", 3, own, context.spanId, now() - milliseconds, attributes);
    },
    flush,
  };
}
