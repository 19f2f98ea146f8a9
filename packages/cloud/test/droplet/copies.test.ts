import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { copyOf, Trash } from "../../src/droplet/engine/copies.ts";

let folder: string;
const path = (name: string): string => join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "doge-copies-"));
  mkdirSync(path("image/app/node_modules/such"), { recursive: true });
  writeFileSync(path("image/app/server.js"), "served", { mode: 0o755 });
  writeFileSync(path("image/app/node_modules/such/index.js"), "module");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("what is written to a copy does not reach the folder that it is of", async () => {
  await copyOf(path("image"), path("copy"));
  expect(readFileSync(path("copy/app/node_modules/such/index.js"), "utf8")).toBe("module");
  expect(statSync(path("copy/app/server.js")).mode & 0o777).toBe(0o755);

  writeFileSync(path("copy/app/server.js"), "other");
  writeFileSync(path("copy/app/new.txt"), "new");
  mkdirSync(path("copy/app/node_modules/.cache"));

  expect(readFileSync(path("image/app/server.js"), "utf8")).toBe("served");
  expect(readdirSync(path("image/app")).toSorted()).toEqual(["node_modules", "server.js"]);
  expect(readdirSync(path("image/app/node_modules"))).toEqual(["such"]);
});

test("what is in the trash is gone under its name at once, and from the disk when it is emptied", async () => {
  const trash = new Trash(path("trash"));
  await trash.discard(path("image"));
  expect(existsSync(path("image"))).toBe(false);
  await trash.discard(path("image"));
  await trash.emptied();
  expect(readdirSync(path("trash"))).toEqual([]);
});

test("what an earlier life left in the trash is removed", async () => {
  mkdirSync(path("trash/left/over"), { recursive: true });
  const trash = new Trash(path("trash"));
  await trash.empty();
  await trash.emptied();
  expect(readdirSync(path("trash"))).toEqual([]);
});
