import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { giveWay, giveWayProgram } from "../../src/host/give-way.ts";

// A real host has the real groups and classes (e2e/hosts/ports.hosts.ts), of cgroup v1; here the files of v2 are written.
let folder: string;
const at = (...names: string[]): string => join(folder, ...names);
const calls = (): string[] => readFileSync(at("calls"), "utf8").split("\n").slice(0, -1);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "doge-give-way-"));
  writeFileSync(at("calls"), "");
  writeFileSync(at("program"), giveWayProgram.replaceAll("/sys/fs/cgroup", at("groups")));
  for (const name of ["chrt", "systemd-run"]) {
    writeFileSync(at(name), `#!/bin/sh\necho ${name} "$@" >> ${at("calls")}\n`);
    chmodSync(at(name), 0o755);
  }
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const run = (...args: string[]): Promise<{ readonly code: number | null; readonly stderr: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn("bash", [at("program"), ...args], {
      env: { PATH: `${folder}:${process.env["PATH"]}` },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stderr }));
  });

const group = (name: string, weight: number, process: number): string => {
  const path = at("groups", "system.slice", `docker-${name}.scope`);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "cgroup.procs"), `${process}\n`);
  writeFileSync(join(path, "cpu.weight"), `${weight}\n`);
  return path;
};

test("the command does nothing where a droplet has no such program", () => {
  expect(giveWay(59.2)).toEqual([
    "sh",
    "-ceu",
    'if [ -x "$1" ]; then sudo -n "$1" "$2"; fi',
    "sh",
    "/usr/local/sbin/doge-give-way",
    "60",
  ]);
});

test("it watches from a unit of its own, and knows the containers of before", async () => {
  const old = group("old", 10, 1);
  expect(await run("60")).toMatchObject({ code: 0 });
  expect(calls()).toEqual([
    `systemd-run --quiet --collect --property=RuntimeMaxSec=120 ${at("program")} 60 watch ${old}`,
  ]);
});

test.each(["", "-1", "1; reboot", "$(reboot)", "100000"])("%j are no seconds", async (seconds) => {
  expect(await run(seconds)).toEqual({ code: 64, stderr: "usage: doge-give-way SECONDS\n" });
  expect(calls()).toEqual([]);
});

test("what starts with less than the usual weight is idle until it has it; then nothing is watched", async () => {
  const old = group("old", 10, 1);
  const watching = run("30", "watch", old);
  group("usual", 100, 2);
  const starting = group("starting", 10, 3);
  await vi.waitFor(() => expect(calls().length).toBeGreaterThanOrEqual(3), 10_000);
  expect(new Set(calls())).toEqual(new Set(["chrt --idle --all-tasks --pid 0 3"]));
  writeFileSync(at("calls"), "");
  writeFileSync(join(starting, "cpu.weight"), "100\n");
  expect(await watching).toEqual({ code: 0, stderr: "" });
  expect(new Set(calls())).toEqual(new Set(["chrt --other --all-tasks --pid 0 3"]));
});

test("a container that ends is watched no more", async () => {
  const watching = run("30", "watch");
  const starting = group("starting", 34, 3);
  await vi.waitFor(() => expect(calls()).not.toEqual([]), 10_000);
  rmSync(starting, { recursive: true });
  expect(await watching).toEqual({ code: 0, stderr: "" });
});

test("what is idle still when the time is over is as usual again", async () => {
  group("starting", 10, 3);
  expect(await run("1", "watch")).toEqual({ code: 0, stderr: "" });
  expect(calls().at(-1)).toBe("chrt --other --all-tasks --pid 0 3");
});
