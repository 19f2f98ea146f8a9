import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { HttpResponse } from "../../../packages/core/src/index.ts";
import { type Host, type Layout, projectLayout } from "../../../packages/deploy/src/index.ts";
import { caddyOn, drained, type Edge } from "../../../packages/deploy/src/edge/admin.ts";
import { certificateOf } from "../../../packages/deploy/src/edge/certificate.ts";
import { edgeFile, type Slot } from "../../../packages/deploy/src/edge/configuration.ts";
import { edgeContainer, trafficOf, watchTraffic } from "../../../packages/deploy/src/edge/traffic.ts";
import { type Compose, docker } from "../../../packages/deploy/src/containers/docker.ts";
import { askReady } from "../../../packages/deploy/src/release/health.ts";
import { noticed } from "../../../packages/deploy/src/release/switch.ts";
import { codeOf, type Rig } from "./rig.ts";
import { edgeSettings, run, startServices, startSlot, stopServices } from "./services.ts";
import { openVisitor } from "./visitor.ts";

/** What the edge must do with the configuration that Doge writes, and with what it is told by its admin API. */
export function edgeConformance(rig: () => Rig): void {
  describe("Edge", () => {
    let host: Host;
    let layout: Layout;
    let services: Compose;
    let edge: Edge;
    beforeAll(async () => {
      host = await rig().connect();
      layout = await projectLayout(host, "ports");
      services = await startServices(rig(), host, layout);
      edge = caddyOn(host);
    });
    afterAll(async () => {
      if (services) await stopServices(host, layout, services);
      await host?.close();
    });

    const ask = (
      path: string,
      options: { readonly url?: string; readonly body?: string } = {},
    ): Promise<HttpResponse> =>
      rig().machine.http.send({
        method: options.body === undefined ? "GET" : "POST",
        url: options.url ?? `https://${rig().domain}${path}`,
        redirect: "manual",
        ...(options.body === undefined ? {} : { body: options.body }),
      });
    const page = async (path = "/"): Promise<string> => (await ask(path)).text();
    const settle = (wanted: string): Promise<void> =>
      expect.poll(() => page().catch((thrown: Error) => thrown.message), { timeout: 30_000 }).toBe(wanted);
    /** Starts a slot and waits until the edge knows that it is healthy. */
    const begin = async (slot: Slot, number: number): Promise<void> => {
      await startSlot(rig(), host, layout, slot, number);
      const ready = (): Promise<string> => askReady(host, slot, settings()).then(({ kind }) => kind);
      await expect.poll(ready, { timeout: 30_000 }).toBe("ready");
      await noticed(rig().machine.clock);
    };
    const drain = (slot: Slot) => run(host, docker.signal(`app-${slot}`, "SIGUSR1"));
    const settings = () => edgeSettings(rig());

    test("says that nothing serves while nothing does, under the site's certificate", async () => {
      const seen = async (): Promise<number> => (await ask("/").catch(() => ({ status: 0 }))).status;
      await expect.poll(seen, { timeout: 30_000 }).toBe(503);
      const nothing = await ask("/");
      expect(nothing.headers).toMatchObject({ "retry-after": "5", "cache-control": "no-store" });
      const certificate = await certificateOf(host, rig().domain);
      expect(certificate?.notAfter.getTime()).toBeGreaterThan(Date.now());
      expect(await certificateOf(host, "another.test")).toBeUndefined();
    });

    test("serves the slot that is healthy, and tells the app who asks", async () => {
      await begin("blue", 1);
      await settle("release 1");
      const headers = JSON.parse(await page("/headers")) as Record<string, string>;
      expect(headers).toMatchObject({ host: rig().domain, "x-forwarded-proto": "https" });
      expect(headers["x-forwarded-for"]).toMatch(/^[\d.:a-f]+$/);
      expect((await ask("/echo", { body: "much form" })).text()).toBe("much form");
      const body = "x".repeat(2_000_000);
      expect((await ask("/echo", { body })).text()).toBe(body);
    });

    test("redirects other names and plain HTTP, adds HSTS, hides what it is, compresses", async () => {
      const { domain } = rig();
      const www = await ask("", { url: `https://www.${domain}/a/b?c=d` });
      expect([www.status, www.headers["location"]]).toEqual([308, `https://${domain}/a/b?c=d`]);
      const plain = await host.http({ method: "GET", port: 80, path: "/a?b", headers: { host: domain } });
      expect([plain.status, plain.headers["location"]]).toEqual([308, `https://${domain}/a?b`]);
      const long = await rig().machine.http.send({
        method: "GET",
        url: `https://${domain}/long`,
        headers: { "accept-encoding": "gzip" },
      });
      expect(long.headers["strict-transport-security"]).toBe("max-age=31536000");
      expect(long.headers["server"] ?? "").not.toMatch(/caddy/i);
      expect(long.text()).toBe("wow ".repeat(5_000));
      expect(long.headers["vary"]).toMatch(/accept-encoding/i);
    });

    test("switches by health alone: no connection is closed, and after it no request reaches the old", async () => {
      await begin("green", 2);
      const visitor = await openVisitor(rig().machine, rig().domain);
      expect((await visitor.get("/")).status).toBe(200);
      await drain("blue");
      await noticed(rig().machine.clock);
      const seen = new Set<string>();
      for (let i = 0; i < 20; i++) seen.add(await page());
      expect([...seen]).toEqual(["release 2"]);
      expect(visitor.closed).toBe(false);
      expect(await visitor.get("/")).toMatchObject({ status: 200, body: "release 2" });
      visitor.close();
    });

    test("counts what is in flight, and a slot is drained when that has its answer", async () => {
      expect(await edge.inFlight("blue")).toBe(0);
      const slow = page("/?wait=1500");
      await expect.poll(() => edge.inFlight("green"), { timeout: 1_200, interval: 20 }).toBe(1);
      const { clock } = rig().machine;
      expect(await drained(edge, clock, "green", 100)).toBe(false);
      const waited = drained(edge, clock, "green", 10_000);
      expect(await waited).toBe(true);
      expect(await slow).toBe("release 2");
    });

    test("a request of a slot that drains ends well, and the next one goes to the other", async () => {
      await begin("blue", 3);
      const slow = Promise.all(Array.from({ length: 6 }, () => page("/?wait=1200")));
      await rig().machine.clock.sleep(200);
      await drain("green");
      await noticed(rig().machine.clock);
      expect(await page()).toBe("release 3");
      await drained(edge, rig().machine.clock, "green", 10_000);
      await run(host, layout.slot("green").stop());
      for (const answer of await slow) expect(answer).toMatch(/^release [23]/);
      await settle("release 3");
    });

    test("sums up its traffic: requests, failures, times", async () => {
      await rig().machine.clock.sleep(1_500);
      const started = Date.now();
      const secondsAgo = (): number => (Date.now() - started) / 1000 + 0.5;
      const traffic = watchTraffic(host, secondsAgo);
      for (let i = 0; i < 8; i++) await page(i % 4 === 3 ? "/fail" : "/?wait=30");
      await expect
        .poll(() => trafficOf(host, secondsAgo()), { timeout: 5_000 })
        .toMatchObject({ requests: 8, failed: 2 });
      // It sees what came between its beginning and its first look; that is not seen again, and what is new comes to it.
      for (const _ of ["first", "second"]) expect(await traffic.look()).toMatchObject({ requests: 8, failed: 2 });
      expect((await traffic.look()).p99Milliseconds).toBeGreaterThanOrEqual(30);
      for (let i = 0; i < 3; i++) await page("/fail");
      await expect.poll(() => traffic.look(), { timeout: 5_000 }).toMatchObject({ requests: 11, failed: 5 });
    });

    test("takes another configuration whole, and refuses a wrong one without a change", async () => {
      await edge.load(edgeFile({ ...settings(), maintenance: { message: "much <work> {http.host}" } }));
      const closed = await ask("/");
      expect([closed.status, closed.headers["retry-after"]]).toEqual([503, "120"]);
      expect(closed.text()).toContain("much &#60;work&#62; &#123;http.host&#125;");
      const wrong = edgeFile(settings()).replace('"reverse_proxy"', '"no_such_handler"');
      expect(await codeOf(edge.load(wrong))).toBe("edge-refused");
      expect(await codeOf(edge.load("{"))).toBe("edge-refused");
      expect((await ask("/")).status).toBe(503);
      await edge.load(edgeFile(settings()));
      await settle("release 3");
    });

    test("a form waits as a page does while no release is ready, and is sent once", async () => {
      await drain("blue");
      await noticed(rig().machine.clock);
      const body = "y".repeat(1_000_000);
      const waiting = Promise.all([page(), ask("/echo", { body })]);
      await rig().machine.clock.sleep(500);
      await run(host, docker.restart("app-blue", 3));
      const [answer, form] = await waiting;
      expect(answer).toBe("release 3");
      expect([form.status, form.text() === body]).toEqual([200, true]);
    });

    test("holds requests while maintenance asks for it, and serves every one when that ends", async () => {
      const message = "much work";
      const addressOf = (headers: string): string =>
        (JSON.parse(headers) as Record<string, string>)["x-forwarded-for"] ?? "";
      const usual = addressOf(await page("/headers"));
      await edge.load(edgeFile({ ...settings(), maintenance: { message, holdSeconds: 20 } }));
      await rig().machine.clock.sleep(500);
      const body = "z".repeat(3_000_000);
      let answered = 0;
      const held = Promise.all(
        [page(), page("/headers"), ask("/echo", { body }).then((form) => form.text()), page("/long")].map((each) =>
          each.finally(() => answered++),
        ),
      );
      await rig().machine.clock.sleep(2_000);
      expect([answered, await edge.inFlight("blue")]).toEqual([0, 0]);
      const released = Date.now();
      await edge.load(edgeFile({ ...settings(), releasedTo: "blue" }));
      const [first, told, form, long] = await held;
      expect(Date.now() - released).toBeLessThan(5_000);
      expect(first).toBe("release 3");
      const headers = JSON.parse(told ?? "") as Record<string, string>;
      expect(headers).toMatchObject({ host: rig().domain, "x-forwarded-proto": "https" });
      expect(addressOf(told ?? "")).toBe(usual);
      expect([form === body, long]).toEqual([true, "wow ".repeat(5_000)]);
      await edge.load(edgeFile(settings()));
      await settle("release 3");
    });

    test("who was held for the whole time gets the page", async () => {
      await edge.load(edgeFile({ ...settings(), maintenance: { message: "still at work", holdSeconds: 1 } }));
      await rig().machine.clock.sleep(500);
      for (const late of await Promise.all([ask("/"), ask("/echo", { body: "form" })])) {
        expect([late.status, late.headers["retry-after"]]).toEqual([503, "120"]);
        expect(late.text()).toContain("still at work");
      }
      await edge.load(edgeFile(settings()));
      await settle("release 3");
    });

    test("killed, it comes back by itself with its certificate, and serves the same slot", async () => {
      const before = await certificateOf(host, rig().domain);
      await run(host, docker.restart(edgeContainer, 1));
      await settle("release 3");
      expect(await certificateOf(host, rig().domain)).toEqual(before);
      await run(host, services.up({ recreate: true, wait: true, services: ["caddy"] }));
      await settle("release 3");
      expect(await certificateOf(host, rig().domain)).toEqual(before);
    });
  });
}
