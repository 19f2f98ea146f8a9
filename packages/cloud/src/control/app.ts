import { timingSafeEqual } from "node:crypto";
import { diagnosticsOf } from "@doge/core";
import { Hono, type Context } from "hono";
import type { Faults } from "../kit/faults.ts";
import type { RequestLog } from "../kit/requests.ts";
import type { Service, Zones } from "../ports.ts";

export interface ControlOptions {
  readonly token: string;
  readonly startedAt: string;
  readonly services: readonly Service[];
  readonly zones: Zones;
  readonly faults: Faults;
  readonly requests: RequestLog;
  readonly endpoints: Readonly<Record<string, string>>;
  /** Begins the end; the answer goes out first. */
  readonly shutdown: () => void;
}

/** What no vendor has: a look behind the stand-ins, faults on order, and the switch. Apart from the vendors' ports. */
export function createControl(options: ControlOptions): Hono {
  const { services, zones, faults, requests } = options;
  const app = new Hono();

  app.onError((thrown, c) => c.json({ diagnostics: diagnosticsOf(thrown) }, 500));

  app.use(async (c, next) => {
    if (!sameToken(c.req.header("authorization") ?? "", `Bearer ${options.token}`)) {
      return c.json({ error: "the control token is needed" }, 401);
    }
    return next();
  });

  app.get("/health", (c) => c.json({ pid: process.pid, startedAt: options.startedAt }));
  app.get("/endpoints", (c) => c.json(options.endpoints));
  app.get("/gaps", (c) => c.json({ gaps: services.flatMap((service) => service.gaps) }));
  app.get("/inventory", async (c) => {
    const held = await Promise.all(services.map((service) => service.inventory()));
    return c.json({ items: held.flat() });
  });
  app.get("/requests", (c) => c.json({ requests: requests.recent(Number(c.req.query("limit") ?? 200) || 200) }));

  app.get("/faults", (c) => c.json({ faults: faults.list() }));
  app.post("/faults", async (c) => {
    const input = await body(c);
    try {
      return c.json({ fault: faults.add(input) }, 201);
    } catch (thrown) {
      return c.json({ diagnostics: diagnosticsOf(thrown) }, 422);
    }
  });
  app.delete("/faults", (c) => {
    faults.clear();
    return c.body(null, 204);
  });

  app.post("/undelegate", async (c) => {
    const { domain, undelegated = true } = ((await body(c)) ?? {}) as { domain?: unknown; undelegated?: unknown };
    if (typeof domain !== "string" || typeof undelegated !== "boolean") {
      return c.json({ error: 'expected {"domain": "example.com", "undelegated": true}' }, 422);
    }
    zones.undelegate(domain, undelegated);
    return c.json({ domain, undelegated });
  });

  // The mailbox's API under another path: for whoever has only the control port.
  app.all("/mail/:path{.*}?", async (c) => {
    const mail = services.find(({ name }) => name === "mail")?.app;
    if (!mail) return c.notFound();
    const url = new URL(c.req.url);
    url.pathname = url.pathname.replace(/^\/mail/, "/api/messages");
    return mail.fetch(new Request(url, { method: c.req.method }));
  });

  app.post("/shutdown", (c) => {
    setImmediate(options.shutdown);
    return c.json({ pid: process.pid }, 202);
  });
  return app;
}

const body = (c: Context): Promise<unknown> => c.req.json<unknown>().catch(() => undefined);

function sameToken(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}
