import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { tool } from "../tool.ts";

let folder: string;
let child: ChildProcess;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "doge-launcher-"));
  child = spawn(tool, ["cloud", "serve", "--folder", folder, "--port", "0"], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  await new Promise<void>((done, failed) => {
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (said.includes("control at")) done();
    });
    child.on("close", () => failed(new Error(said)));
  });
});

afterEach(() => {
  child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

test("the tool is the process that was started, so that even SIGKILL leaves nothing behind", () => {
  expect(JSON.parse(readFileSync(join(folder, "cloud.json"), "utf8"))).toMatchObject({ pid: child.pid });
});

test("SIGTERM ends it in order", async () => {
  const ended = once(child, "close");
  child.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
});
