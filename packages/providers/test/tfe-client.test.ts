import { createHash } from "node:crypto";
import { Secret } from "@doge/core";
import { afterEach, describe, expect, test } from "vitest";
import { createTfe } from "../src/tfe/index.ts";
import { type Answer, clock, http, routes, trouble, vendor } from "./kit.ts";

const problem = (status: number, detail: string): Answer => ({
  status,
  body: { errors: [{ status: String(status), title: "x", detail }] },
});
const server = await vendor(() => undefined, problem(404, "not found"));
const archive = await vendor(() => undefined);
afterEach(() => {
  server.answer(() => undefined);
  archive.answer(() => undefined);
});
const api = createTfe({
  http,
  clock: clock(),
  token: new Secret("tfe-canary"),
  address: `${server.url}/`,
  retry: { attempts: 2, baseMilliseconds: 1, maximumMilliseconds: 2 },
});
const v2 = "/api/v2";
const data = (type: string, id: string, attributes: object) => ({ data: { id, type, attributes } });

test.each([
  [problem(401, "unauthorized"), "tfe-unauthorized", "TF_API_TOKEN"],
  [problem(403, "forbidden"), "tfe-forbidden", "token of a user or team"],
  [problem(422, "Name can only include letters, numbers, -, and _."), "tfe-invalid", "Correct"],
  [problem(500, "oops"), "tfe-unavailable", "later"],
])("%j", async (answer, code, remedy) => {
  server.answer(() => answer);
  const diagnostic = await trouble(api.workspaces.create("acme", { name: "x" }));
  expect(diagnostic?.code).toBe(code);
  expect(diagnostic?.remedy).toContain(remedy);
  const [{ detail } = { detail: "" }] = (answer.body as { errors: { detail: string }[] }).errors;
  expect(diagnostic?.detail).toContain(`HCP Terraform says: ${detail}`);
});

test("lists are paged", async () => {
  const page = (id: string, next: number | null) => ({
    body: { data: [{ id, type: "workspaces", attributes: { name: id } }], meta: { pagination: { "next-page": next } } },
  });
  server.answer(({ path }) => (path.includes("number%5D=2") ? page("ws-2", null) : page("ws-1", 2)));
  expect((await api.workspaces.list("acme")).map((w) => w.id)).toEqual(["ws-1", "ws-2"]);
  expect(server.lines).toEqual([
    `GET ${v2}/organizations/acme/workspaces?page%5Bnumber%5D=1&page%5Bsize%5D=100`,
    `GET ${v2}/organizations/acme/workspaces?page%5Bnumber%5D=2&page%5Bsize%5D=100`,
  ]);
});

test("429 with seconds until the reset is waited out", async () => {
  let refused = false;
  server.answer(() => {
    if (refused) return { body: data("organizations", "acme", { name: "acme" }) };
    refused = true;
    return { ...problem(429, "rate limit"), headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "0.5" } };
  });
  expect((await api.organizations.get("acme"))?.id).toBe("acme");
  expect(server.requests).toHaveLength(2);
});

describe("locks", () => {
  test("taken, held by another, released", async () => {
    server.answer(
      routes({ [`POST ${v2}/workspaces/ws-1/actions/lock`]: { body: data("workspaces", "ws-1", { locked: true }) } }),
    );
    expect(await api.workspaces.lock("ws-1", "doge apply")).toBe(true);
    expect(server.requests[0]?.body).toEqual({ reason: "doge apply" });
    server.answer(() => problem(409, "Workspace already locked"));
    expect(await api.workspaces.lock("ws-1", "doge apply")).toBe(false);
    const held = (locked: boolean) =>
      routes({
        [`POST ${v2}/workspaces/ws-1/actions/unlock`]: problem(409, "locked by another"),
        [`GET ${v2}/workspaces/ws-1`]: { body: data("workspaces", "ws-1", { locked }) },
      });
    server.answer(held(false));
    await api.workspaces.unlock("ws-1");
    server.answer(held(true));
    expect(await trouble(api.workspaces.unlock("ws-1"))).toMatchObject({ code: "tfe-conflict" });
    server.answer(
      routes({ [`POST ${v2}/workspaces/ws-1/actions/force-unlock`]: { body: data("workspaces", "ws-1", {}) } }),
    );
    await api.workspaces.unlock("ws-1", { force: true });
  });
});

describe("states", () => {
  const content = '{"version":4,"serial":3}';

  test("announced with checksum and lineage, uploaded without the token", async () => {
    archive.answer(() => ({ status: 200 }));
    server.answer(() => ({
      status: 201,
      body: data("state-versions", "sv-1", {
        serial: 3,
        "hosted-state-upload-url": `${archive.url}/object/secret-path`,
      }),
    }));
    await api.stateVersions.create("ws-1", { content, serial: 3, lineage: "871d1b4a", run: "run-1" });
    expect(server.requests[0]?.body).toEqual({
      data: {
        type: "state-versions",
        attributes: { serial: 3, lineage: "871d1b4a", md5: createHash("md5").update(content).digest("hex") },
        relationships: { run: { data: { type: "runs", id: "run-1" } } },
      },
    });
    expect(archive.requests[0]).toMatchObject({ method: "PUT", path: "/object/secret-path", text: content });
    expect(archive.requests[0]?.headers["authorization"]).toBeUndefined();
  });

  test("downloaded with the token only from HCP Terraform itself", async () => {
    archive.answer(() => ({ body: content }));
    const version = (url: string) => data("state-versions", "sv-1", { serial: 3, "hosted-state-download-url": url });
    server.answer(({ path }) => (path.includes("current") ? { body: version(`${archive.url}/s`) } : { body: content }));
    const current = await api.stateVersions.current("ws-1");
    expect(current && (await api.stateVersions.download(current))).toBe(content);
    expect(archive.requests[0]?.headers["authorization"]).toBeUndefined();
    const { data: own } = version(`${server.url}/state/1`);
    await api.stateVersions.download({ ...own, attributes: { ...own.attributes, serial: 3, "created-at": "" } });
    expect(server.requests.at(-1)?.headers["authorization"]).toBe("Bearer tfe-canary");
  });

  test("none yet: no version, no outputs", async () => {
    expect(await api.stateVersions.current("ws-1")).toBeUndefined();
    expect(await api.stateVersions.outputs("ws-1")).toEqual([]);
  });
});

test("a configuration is uploaded, a run made of it, applied, discarded, cancelled", async () => {
  archive.answer(() => ({ status: 200 }));
  server.answer(({ path }) => {
    if (path.endsWith("/configuration-versions"))
      return {
        status: 201,
        body: data("configuration-versions", "cv-1", { status: "pending", "upload-url": `${archive.url}/upload/1` }),
      };
    return path.endsWith("/runs")
      ? { status: 201, body: data("runs", "run-1", { status: "pending", "has-changes": false }) }
      : { status: 202 };
  });
  const version = await api.configurationVersions.create("ws-1", { speculative: true });
  await api.configurationVersions.upload(version, Buffer.from("tar"));
  expect(archive.requests[0]).toMatchObject({ method: "PUT", text: "tar" });
  expect(archive.requests[0]?.headers["authorization"]).toBeUndefined();
  await api.runs.create({
    workspace: "ws-1",
    configurationVersion: version.id,
    message: "m",
    destroy: true,
    targets: ["a.b"],
  });
  expect(server.requests.map((r) => r.body)).toEqual([
    { data: { type: "configuration-versions", attributes: { "auto-queue-runs": false, speculative: true } } },
    {
      data: {
        type: "runs",
        attributes: {
          message: "m",
          "auto-apply": false,
          "is-destroy": true,
          "plan-only": false,
          "save-plan": false,
          refresh: true,
          "refresh-only": false,
          "target-addrs": ["a.b"],
        },
        relationships: {
          workspace: { data: { type: "workspaces", id: "ws-1" } },
          "configuration-version": { data: { type: "configuration-versions", id: "cv-1" } },
        },
      },
    },
  ]);
  server.requests.length = 0;
  await api.runs.apply("run-1", "reviewed");
  expect(server.requests.map((r) => [r.path, r.body])).toEqual([
    [`${v2}/runs/run-1/actions/apply`, { comment: "reviewed" }],
  ]);
});

test.each([
  ["a run that waits is discarded", { "is-discardable": true, "is-cancelable": true }, "discard"],
  ["a run that works is cancelled", { "is-discardable": false, "is-cancelable": true }, "cancel"],
  ["a run that has ended is left alone", { "is-discardable": false, "is-cancelable": false }, undefined],
])("stop: %s", async (_, actions, action) => {
  server.answer(({ method }) => (method === "GET" ? { body: data("runs", "run-1", { actions }) } : { status: 202 }));
  server.requests.length = 0;
  await api.runs.stop("run-1");
  const posts = server.requests.filter((r) => r.method === "POST");
  expect(posts.map((r) => r.path)).toEqual(action ? [`${v2}/runs/run-1/actions/${action}`] : []);
});

test("stop: a run that went on between the look and the act is looked at again", async () => {
  let looks = 0;
  server.answer(({ method, path }) => {
    if (method === "GET")
      return { body: data("runs", "run-1", { actions: { "is-discardable": looks++ > 0, "is-cancelable": true } }) };
    return path.endsWith("/cancel") ? problem(409, "transition not allowed") : { status: 202 };
  });
  await api.runs.stop("run-1");
  expect(looks).toBe(2);
});

describe("logs", () => {
  const serveLog = (full: Buffer, upTo: () => number, status: () => string) => {
    archive.answer(({ path }) => {
      const offset = Number(new URL(path, "http://x").searchParams.get("offset"));
      return { body: full.subarray(offset, upTo()).toString("latin1") };
    });
    server.answer(() => ({
      body: data("plans", "plan-1", { status: status(), "log-read-url": `${archive.url}/log?t=1` }),
    }));
  };
  const collect = async () => {
    const parts: string[] = [];
    for await (const part of api.plans.log("plan-1")) parts.push(part);
    return parts;
  };

  test("arrive in pieces, without their marks; the token stays here", async () => {
    const full = Buffer.from("\u0002one\ntwo\n\u0003");
    let shown = 4;
    serveLog(
      full,
      () => (shown += 2),
      () => "running",
    );
    const parts = await collect();
    expect(parts.join("")).toBe("one\ntwo\n");
    expect(parts.length).toBeGreaterThan(2);
    expect(archive.requests[0]?.path).toBe("/log?t=1&limit=65536&offset=0");
    expect(archive.requests.every((r) => r.headers["authorization"] === undefined)).toBe(true);
  });

  test("a log that was cut off ends with its plan", async () => {
    serveLog(
      Buffer.from("\u0002half"),
      () => 5,
      () => "errored",
    );
    expect((await collect()).join("")).toBe("half");
  });

  test("a plan that is gone has none", async () => {
    server.answer(() => undefined);
    expect(await collect()).toEqual([]);
  });
});

test("the plan's JSON, once it is there", async () => {
  server.answer(() => ({ status: 204 }));
  expect(await api.plans.json("plan-1")).toBeUndefined();
  server.answer(() => ({ body: { format_version: "1.2" } }));
  expect(await api.plans.json("plan-1")).toEqual({ format_version: "1.2" });
});
