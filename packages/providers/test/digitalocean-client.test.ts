import { afterEach, describe, expect, test } from "vitest";
import { account, client, droplet, page, record, refusal, token } from "./digitalocean-fake.ts";
import { events, http, clock, routes, trouble, vendor } from "./kit.ts";
import { createDigitalOcean } from "../src/digitalocean/index.ts";

const server = await vendor(
  () => undefined,
  refusal(404, "not_found", "The resource you requested could not be found."),
);
afterEach(() => server.answer(() => undefined));
const { api } = client(server.url);

test("sends the token as a bearer, and nowhere else", async () => {
  server.answer(routes({ "GET /v2/account": { body: { account } } }));
  expect(await api.account.get()).toMatchObject({ email: "sammy@example.com", status: "active" });
  expect(server.requests[0]?.headers["authorization"]).toBe("Bearer dop_v1_canary");
  expect(server.requests[0]?.path).toBe("/v2/account");
});

test("follows pages until none is named", async () => {
  server.answer(({ path }) =>
    path.includes("page=1&")
      ? page("droplets", [droplet({ id: 1 })], "https://api.digitalocean.com/v2/droplets?page=2")
      : page("droplets", [droplet({ id: 2 })]),
  );
  expect((await api.droplets.list({ name: "web" })).map((d) => d.id)).toEqual([1, 2]);
  expect(server.lines).toEqual([
    "GET /v2/droplets?name=web&page=1&per_page=200",
    "GET /v2/droplets?name=web&page=2&per_page=200",
  ]);
});

test("what is not there is undefined; a removal of it is no error", async () => {
  expect(await api.droplets.get("1")).toBeUndefined();
  expect(await api.domains.get("example.com")).toBeUndefined();
  expect(await api.records.list("example.com")).toEqual([]);
  expect(await api.projects.resources("p")).toBeUndefined();
  await api.droplets.delete("1");
  expect(server.lines.at(-1)).toBe("DELETE /v2/droplets/1");
});

describe("errors say what the vendor said and what to do", () => {
  test.each([
    [refusal(401, "unauthorized", "Unable to authenticate you"), "digitalocean-unauthorized", /DIGITALOCEAN_TOKEN/],
    [
      refusal(403, "forbidden", "You are missing the required permission account:read"),
      "digitalocean-forbidden",
      /scope/,
    ],
    [refusal(422, "unprocessable_entity", "Name is invalid"), "digitalocean-invalid", /Correct/],
    [refusal(409, "conflict", "busy"), "digitalocean-conflict", /run again/],
    [{ status: 503, body: "<html>down</html>" }, "digitalocean-unavailable", /later/],
  ])("%j", async (answer, code, remedy) => {
    server.answer(() => answer);
    const diagnostic = await trouble(api.account.get());
    expect(diagnostic).toMatchObject({ severity: "error", code });
    expect(diagnostic?.remedy).toMatch(remedy);
    expect(diagnostic?.detail).toContain(`HTTP ${answer.status} for GET /v2/account`);
    const said = typeof answer.body === "object" ? `says: ${answer.body.message}` : "gave no reason";
    expect(diagnostic?.detail).toContain(`DigitalOcean ${said}`);
    expect(JSON.stringify(diagnostic)).not.toContain(token.reveal());
  });

  test("no answer at all", async () => {
    server.answer(() => ({ drop: true }));
    expect(await trouble(api.account.get())).toMatchObject({ code: "digitalocean-unreachable" });
    expect(server.requests).toHaveLength(3);
  });
});

test("429 is waited out by Retry-After, and told", async () => {
  let refused = false;
  server.answer(() => {
    if (refused) return { body: { account } };
    refused = true;
    return { ...refusal(429, "too_many_requests", "API Rate limit exceeded."), headers: { "retry-after": "7" } };
  });
  const { seen, emit } = events();
  const time = clock();
  await createDigitalOcean({ http, clock: time, emit, token, apiUrl: server.url }).account.get();
  expect(seen).toMatchObject([{ type: "http.retrying", method: "GET", attempt: 1, reason: "HTTP 429" }]);
  expect(time.pauses).toEqual([expect.closeTo(7_000, -3)]);
});

test("a create whose answer is lost is not sent again", async () => {
  server.answer(() => ({ status: 502, body: "bad gateway" }));
  await trouble(api.records.create("example.com", { type: "A", name: "@", data: "192.0.2.1" }));
  expect(server.lines).toEqual(["POST /v2/domains/example.com/records"]);
  server.answer(() => ({ status: 502, body: "bad gateway" }));
  await trouble(api.records.update("example.com", "1", { type: "A", name: "@", data: "192.0.2.1" }));
  expect(server.requests).toHaveLength(3);
});

test("records are filtered by the vendor", async () => {
  server.answer(() => page("domain_records", [record()]));
  await api.records.list("example.com", { type: "A", name: "staging.example.com" });
  expect(server.lines).toEqual([
    "GET /v2/domains/example.com/records?type=A&name=staging.example.com&page=1&per_page=200",
  ]);
});
