import { mkdtempSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { nodeFiles, nodeProcesses, takeLock } from "../src/node/index.ts";

const folder = (): string => mkdtempSync(join(tmpdir(), "core-"));

test("writes leave nothing beside, make folders, set the mode", async () => {
  const root = folder();
  const path = join(root, "a/b/c.txt");
  await nodeFiles.write(path, "one");
  await nodeFiles.write(path, "two", { mode: 0o600 });
  expect(await nodeFiles.read(path)).toBe("two");
  expect(readdirSync(join(root, "a/b"))).toEqual(["c.txt"]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("a write that was cut off is not listed", async () => {
  const root = folder();
  await nodeFiles.write(join(root, "run.json"), "{}");
  // As a kill leaves it.
  writeFileSync(join(root, "run.json.4711.0a1b2c3d.tmp"), "{");
  expect(await nodeFiles.list(root)).toEqual(["run.json"]);
});

test("what is missing is undefined or empty, not an exception", async () => {
  const root = folder();
  expect(await nodeFiles.read(join(root, "none"))).toBeUndefined();
  expect(await nodeFiles.list(join(root, "none"))).toEqual([]);
  expect(await nodeFiles.exists(join(root, "none"))).toBe(false);
  await nodeFiles.remove(join(root, "none"));
});

test("only one of many creates a file, whole from the first instant, and leaves nothing beside", async () => {
  const root = folder();
  const path = join(root, "key");
  const contents = Array.from({ length: 20 }, (_, i) => String(i).padStart(1_000, "k"));
  const made = await Promise.all(
    contents.map(async (content) => {
      const mine = await nodeFiles.create(path, content, { mode: 0o600 });
      expect(contents).toContain(await nodeFiles.read(path));
      return mine;
    }),
  );
  expect(made.filter(Boolean)).toHaveLength(1);
  expect(readdirSync(root)).toEqual(["key"]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("a lock names its owner, and is taken over when the owner is dead", async () => {
  const path = join(folder(), "lock");
  await nodeFiles.create(path, JSON.stringify({ pid: process.ppid, purpose: "doge up", since: "2026-01-01" }));
  await expect(takeLock(path, "doge destroy")).rejects.toThrow("doge up");

  const { stdout } = await nodeProcesses.run({ argv: ["sh", "-c", "echo $$"] });
  await nodeFiles.write(path, JSON.stringify({ pid: Number(stdout), purpose: "doge up", since: "2026-01-01" }));
  const lock = await takeLock(path, "doge destroy");
  await lock.release();
  expect(await nodeFiles.exists(path)).toBe(false);
});

test("a program's exit code is a result, a missing program too", async () => {
  expect(await nodeProcesses.run({ argv: ["sh", "-c", "cat; echo no >&2; exit 3"], stdin: "in" })).toEqual({
    exitCode: 3,
    stdout: "in",
    stderr: "no\n",
  });
  expect((await nodeProcesses.run({ argv: ["no-such-program-here"] })).exitCode).toBe(127);
});
