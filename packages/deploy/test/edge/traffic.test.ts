import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type TrafficFigures, trafficArgv, worsened } from "../../src/edge/traffic.ts";

const line = (status: number, duration: number): string =>
  JSON.stringify({ level: "info", ts: 1, logger: "http.log.access.access", request: { uri: "/" }, duration, status });

test("the access log is summed up on the host", () => {
  const folder = mkdtempSync(join(tmpdir(), "doge-traffic-"));
  const lines = [
    ...Array.from({ length: 99 }, (_, i) => line(i < 2 ? 502 : 200, (i + 1) / 1000)),
    line(200, 9.5e-5),
    '{"level":"error","logger":"http.log.error","status":502,"duration":9}',
    "not JSON",
  ];
  writeFileSync(join(folder, "log"), lines.join("\n"));
  writeFileSync(join(folder, "docker"), `#!/bin/sh\necho "$@" >&2; cat ${join(folder, "log")}\n`);
  chmodSync(join(folder, "docker"), 0o755);
  const [file = "", ...args] = trafficArgv(2.5);
  const env = { PATH: `${folder}:${process.env["PATH"]}` };
  expect(execFileSync(file, args, { env, encoding: "utf8" })).toBe("100 2 49 98\n");
  writeFileSync(join(folder, "log"), "");
  expect(execFileSync(file, args, { env, encoding: "utf8" })).toBe("0 0 0 0\n");
  rmSync(folder, { recursive: true });
});

const traffic = (requests: number, failed: number, p50 = 10, p99 = 50): TrafficFigures => ({
  requests,
  failed,
  p50Milliseconds: p50,
  p99Milliseconds: p99,
});

test.each([
  ["the same", traffic(100, 0), traffic(100, 0), undefined],
  ["two failures of a small site", traffic(0, 0), traffic(4, 2), undefined],
  ["half fails", traffic(100, 0), traffic(100, 50), "50 of 100 requests failed, 0 of 100 before"],
  ["all fails, nothing before", traffic(0, 0), traffic(9, 9), "9 of 9 requests failed"],
  ["failed as much before", traffic(100, 20), traffic(100, 25), undefined],
  ["one in a thousand", traffic(10_000, 0), traffic(10_000, 10), undefined],
  ["slow", traffic(100, 0, 20), traffic(100, 0, 900), "half of the requests took over 900 ms, 20 ms before"],
  ["slower, but quick", traffic(100, 0, 2), traffic(100, 0, 90), undefined],
  ["slow, but too few to say", traffic(100, 0, 20), traffic(5, 0, 900), undefined],
  [
    "a long tail",
    traffic(100, 0, 20, 100),
    traffic(100, 0, 20, 4_000),
    "the slowest of a hundred requests took 4000 ms, 100 ms before",
  ],
])("%s", (_, before, after, why) => {
  expect(worsened(before, after)).toBe(why);
});
