import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeFiles } from "@doge/core/node";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fileJournal, hasChanges, sealer } from "../src/index.ts";
import { Bench } from "./memory.ts";

const web = (more: object = {}) => ({ resource: { memory_server: { web: { name: "web", ...more } } } });

/** A process that dies at a call: nothing after it happens, in memory as on disk. */
async function killedAt(bench: Bench, call: string, document: object): Promise<void> {
  const reached = new Promise<void>((resolve) => {
    bench.world.fault = (what) => {
      if (what !== call) return undefined;
      resolve();
      return new Promise(() => undefined);
    };
  });
  void bench.apply(await bench.plan(document));
  await reached;
  bench.world.fault = () => undefined;
}

let folder: string;
let bench: Bench;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "doge-journal-"));
  bench = new Bench();
  bench.journal = fileJournal({ files: nodeFiles, folder: join(folder, "journal"), sealer: sealer([], "journal") });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("a create that was killed", () => {
  test("before the call: the intent is cleared, one object is made", async () => {
    await killedAt(bench, "create web", web());
    expect(await bench.journal.list()).toMatchObject([{ address: "memory_server.web", type: "memory_server" }]);
    await bench.up(web());
    expect([...bench.world.objects.keys()]).toEqual(["1"]);
    expect(await bench.journal.list()).toEqual([]);
  });

  test("after the object was made, before anybody knew its id: it is found and taken over", async () => {
    const document = web({ user_data: "#cloud-config", tags: ["a"] });
    await killedAt(bench, "made web", document);
    expect(bench.state).toBeUndefined();
    const plan = await bench.plan(document);
    expect(plan.takenOver).toEqual(["memory_server.web"]);
    // What the vendor doesn't show is what we sent: no replacement is planned.
    expect(plan.changes).toMatchObject([{ action: "no-op" }]);
    expect(hasChanges(plan)).toBe(true);
    expect((await bench.journal.list()).length).toBe(1);
    await bench.apply(plan);
    expect(await bench.journal.list()).toEqual([]);
    expect(bench.world.objects.size).toBe(1);
    expect(hasChanges(await bench.plan(document))).toBe(false);
  });

  test("after its id was known: the state has it, and the next run goes on", async () => {
    const document = web({ user_data: "#cloud-config" });
    await killedAt(bench, "after create web", document);
    expect(bench.state?.resources[0]?.instances[0]?.attributes).toMatchObject({ id: "1", name: "web", ip: null });
    expect(await bench.journal.list()).toEqual([]);
    await bench.up(document);
    expect(bench.world.objects.size).toBe(1);
    expect(bench.state?.resources[0]?.instances[0]?.attributes).toMatchObject({ ip: "10.0.1.1" });
  });

  test("is found by a destroy too", async () => {
    await killedAt(bench, "made web", web());
    expect(await bench.up(web(), { mode: "destroy" })).toMatchObject({ destroy: 1 });
    expect(bench.world.objects.size).toBe(0);
    expect(await bench.journal.list()).toEqual([]);
  });

  test("is found after its block left the configuration", async () => {
    await killedAt(bench, "made web", web());
    await bench.up({ provider: { memory: {} } });
    expect(bench.world.objects.size).toBe(0);
  });

  test("while its inputs changed: found, then updated", async () => {
    await killedAt(bench, "made web", web({ tags: ["a"] }));
    expect(await bench.up(web({ tags: ["b"] }))).toMatchObject({ change: 1 });
    expect(bench.world.objects.get("1")).toMatchObject({ tags: ["b"] });
  });

  test("an intent holds no secrets, in a file for its owner only", async () => {
    const document = {
      variable: { key: { sensitive: true, default: "hunter22" } },
      ...web({ user_data: "${var.key}" }),
    };
    await killedAt(bench, "create web", document);
    const [name] = await nodeFiles.list(join(folder, "journal"));
    const path = join(folder, "journal", name ?? "");
    expect(await nodeFiles.read(path)).not.toContain("hunter22");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });
});
