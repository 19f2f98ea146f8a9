import { Hono } from "hono";
import { afterEach, expect, test } from "vitest";
import { createFaults } from "../../src/kit/faults.ts";
import { type HttpServer, serveApp } from "../../src/kit/http.ts";

let server: HttpServer | undefined;
afterEach(() => server?.stop(0));

let time = 0;

/** A shelf of things that is read from a copy which lags a second behind; time passes only when a test says so. */
async function lagging(): Promise<string> {
  const things = new Map<string, string>();
  const app = new Hono()
    .get("/things", (c) => c.json([...things.keys()]))
    .post("/things", async (c) => {
      const { name } = await c.req.json<{ name: string }>();
      things.set(name, "new");
      return c.json({ name }, 201);
    })
    .get("/things/:name", (c) => {
      const thing = things.get(c.req.param("name"));
      return thing === undefined ? c.json({ id: "not_found" }, 404) : c.json({ thing });
    })
    .put("/things/:name", async (c) => {
      things.set(c.req.param("name"), await c.req.text());
      return c.body(null, 204);
    });
  const faults = createFaults();
  faults.add({ service: "digitalocean", effect: "stale" });
  server = await serveApp(app, {
    host: "127.0.0.1",
    port: 0,
    around: { service: "digitalocean", faults, now: () => time++ },
  });
  return server.url;
}

const make = (url: string, name: string) => fetch(`${url}/things`, { method: "POST", body: JSON.stringify({ name }) });

test("what was made a moment ago is not there yet, and lists do not have it", async () => {
  const url = await lagging();
  expect(await (await fetch(`${url}/things`)).json()).toEqual([]);
  await make(url, "one");
  expect((await fetch(`${url}/things/one`)).status).toBe(404);
  expect(await (await fetch(`${url}/things`)).json()).toEqual([]);
  time += 1_100;
  expect(await (await fetch(`${url}/things/one`)).json()).toEqual({ thing: "new" });
  expect(await (await fetch(`${url}/things`)).json()).toEqual(["one"]);
});

test("what was changed a moment ago shows what it was", async () => {
  const url = await lagging();
  await make(url, "one");
  time += 1_100;
  await (await fetch(`${url}/things/one`)).text();
  await fetch(`${url}/things/one`, { method: "PUT", body: "changed" });
  expect(await (await fetch(`${url}/things/one`)).json()).toEqual({ thing: "new" });
  time += 1_100;
  expect(await (await fetch(`${url}/things/one`)).json()).toEqual({ thing: "changed" });
});
