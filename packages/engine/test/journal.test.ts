/** What an apply that was killed between two writes of the state leaves in the journal, and what the next run makes of it. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Files, Secret, unwrap } from "@doge/core";
import { nodeFiles } from "@doge/core/node";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fileJournal, hasChanges, type Journal, parsePlan, sealer, serializePlan } from "../src/index.ts";
import { Bench } from "./memory.ts";

const servers = (names: readonly string[], more: object = {}) => ({
  resource: { memory_server: Object.fromEntries(names.map((name) => [name, { name, ...more }])) },
});

let folder: string;
let bench: Bench;
const key = new Secret<Uint8Array>(randomBytes(32));
const open = (files: Files = nodeFiles): Journal =>
  fileJournal({ files, folder: join(folder, "journal"), sealer: sealer([key], "journal") });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "doge-journal-"));
  bench = new Bench();
  bench.journal = open();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Applies until the call, with a store that never answers: the process dies there, and no state was written. */
async function killedAt(call: string, document: object): Promise<void> {
  const plan = await bench.plan(document);
  const reached = new Promise<void>((resolve) => {
    bench.world.fault = (what) => {
      if (what !== call) return undefined;
      resolve();
      return new Promise(() => undefined);
    };
  });
  void bench.apply(plan, () => new Promise(() => undefined), { parallelism: 1 });
  await reached;
  bench.world.fault = () => undefined;
  bench.world.take();
  bench.journal = open();
}

describe("an apply that was killed before it could write the state", () => {
  test("is gone on with: what it made is taken over, nothing is made twice", async () => {
    await killedAt("create c", servers(["a", "b", "c"]));
    const plan = await bench.plan(servers(["a", "b", "c"]));
    expect(plan.takenOver).toEqual(["memory_server.a", "memory_server.b"]);
    await bench.apply(plan);
    // Looked for three times: a vendor may not see at once what it made.
    expect(bench.world.take()).toEqual(["find c", "find c", "find c", "create c", "made c", "after create c"]);
    expect(bench.state?.resources).toHaveLength(3);
    expect(hasChanges(await bench.plan(servers(["a", "b", "c"])))).toBe(false);
    expect((await open().unsettled()).changes).toEqual([]);
  });

  test("leaves what it changed and removed, where the state is still the one it worked on", async () => {
    await bench.apply(await bench.plan(servers(["a", "b", "c"])));
    bench.world.take();
    await killedAt("update c", servers(["b", "c"], { tags: ["x"] }));
    const plan = await bench.plan(servers(["b", "c"], { tags: ["x"] }), { refresh: false });
    expect(plan.changes.filter((one) => one.action !== "no-op").map((one) => `${one.action} ${one.address}`)).toEqual([
      "update memory_server.c",
    ]);
  });

  test("adds only what a newer state knows nothing of", async () => {
    await bench.apply(await bench.plan(servers(["a"])));
    const written = bench.state;
    await killedAt("create c", servers(["a", "b", "c"], { tags: ["old"] }));
    bench.state = written && { ...written, serial: written.serial + 5 };
    const plan = await bench.plan(servers(["a", "b"]), { refresh: false });
    expect(plan.takenOver).toEqual(["memory_server.b"]);
    const a = plan.prior.resources.find((one) => one.name === "a")?.instances[0];
    expect(a?.attributes["tags"]).not.toEqual(["old"]);
  });

  test("makes a plan from before it stale", async () => {
    const early = unwrap(await parsePlan(serializePlan(await bench.plan(servers(["a", "b"])))));
    await killedAt("create b", servers(["a", "b"]));
    const { diagnostics } = await bench.apply(early);
    expect(diagnostics[0]).toMatchObject({ code: "plan-stale", detail: expect.stringContaining("memory_server.a") });
    expect(bench.world.take()).toEqual([]);
  });
});

describe("the journal's file", () => {
  const intent = (address: string) => ({ address, type: "t", inputs: "", since: "", config: {} });
  const path = (): string => join(folder, "journal", "journal.jsonl");
  const object = (name: string, value = "hunter22-canary") => ({
    head: { mode: "managed", type: "t", name, provider: "p" } as const,
    instance: { schema_version: 0, attributes: { value } },
  });

  test("is sealed, and says the same to whoever opens it", async () => {
    const journal = open();
    await journal.settle(0, { lineage: "l", serial: 3 });
    await journal.open(intent("t.a"));
    await journal.record([object("a"), { resource: "t.b", address: "t.b", gone: true }]);
    const text = (await nodeFiles.read(path())) ?? "";
    expect(text).not.toContain("hunter22");
    expect(await open().unsettled()).toEqual(await journal.unsettled());
    expect(await open().list()).toHaveLength(1);
    const stranger = fileJournal({
      files: nodeFiles,
      folder: join(folder, "journal"),
      sealer: sealer([new Secret<Uint8Array>(randomBytes(32))], "journal"),
    });
    await expect(stranger.list()).rejects.toThrow("The key that this was sealed with is not here");
  });

  test("forgets a line that was torn, and goes on behind it", async () => {
    await open().record([object("a")]);
    await nodeFiles.append(path(), '{"doge":"sealed/1","key":"ab');
    const next = open();
    expect((await next.unsettled()).changes).toHaveLength(1);
    await next.record([object("b")]);
    expect((await open().unsettled()).changes).toHaveLength(2);
  });

  test("shares a sync between those who come at once, and stays small", async () => {
    let appends = 0;
    const journal = open({
      ...nodeFiles,
      append: (...request) => {
        appends++;
        return nodeFiles.append(...request);
      },
    });
    for (let round = 1; round <= 20; round++) {
      const numbers = await Promise.all(
        Array.from({ length: 50 }, (_, i) => journal.record([object(`o${i}`, "x".repeat(1_000))])),
      );
      await journal.settle(Math.max(...numbers), { lineage: "l", serial: round });
    }
    expect(appends).toBeLessThan(100);
    expect((await nodeFiles.read(path()))?.length).toBeLessThan(1_000);
    expect((await open().unsettled()).since).toEqual({ lineage: "l", serial: 20 });
  });
});
