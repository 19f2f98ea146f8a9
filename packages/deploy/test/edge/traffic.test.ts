import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Host } from "../../src/host/host.ts";
import { type Since, type TrafficFigures, trafficArgv, watchTraffic, worsened } from "../../src/edge/traffic.ts";

const line = (status: number, duration: number): string =>
  JSON.stringify({ level: "info", ts: 1, logger: "http.log.access.access", request: { uri: "/" }, duration, status });
const at = (second: number, text: string): string =>
  `2026-11-26T00:00:${String(second).padStart(2, "0")}.123456789Z ${text}\n`;

test("the access log's times and failures are picked out on the host, from the line after the last look's newest", () => {
  const folder = mkdtempSync(join(tmpdir(), "doge-traffic-"));
  const lines = [
    at(1, line(200, 0.25)),
    at(2, line(502, 9.5e-5)),
    at(3, '{"level":"error","logger":"http.log.error","status":502,"duration":9}'),
    at(4, "not JSON"),
  ];
  writeFileSync(join(folder, "log"), lines.join(""));
  writeFileSync(join(folder, "docker"), `#!/bin/sh\necho "$@" > ${folder}/asked; cat ${folder}/log\n`);
  chmodSync(join(folder, "docker"), 0o755);
  const printed = (since: Since): string => {
    const [file = "", ...args] = trafficArgv(since);
    return execFileSync(file, args, { env: { PATH: `${folder}:${process.env["PATH"]}` }, encoding: "utf8" });
  };
  const asked = (): string => readFileSync(join(folder, "asked"), "utf8");
  try {
    expect(printed({ seconds: 2.5 })).toBe("250.000 0\n0.095 1\nnewest 2026-11-26T00:00:04.123456789Z\n");
    expect(asked()).toBe("logs --since 2.50s --tail 2000 --timestamps services-caddy-1\n");
    // The engine shows the line of that very moment again.
    expect(printed({ line: "2026-11-26T00:00:01.123456789Z" })).toBe(
      "0.095 1\nnewest 2026-11-26T00:00:04.123456789Z\n",
    );
    expect(asked()).toBe("logs --since 2026-11-26T00:00:01.123456789Z --tail 2000 --timestamps services-caddy-1\n");
    for (const nothing of ["", "Error response from daemon: No such container: services-caddy-1\n"]) {
      writeFileSync(join(folder, "log"), nothing);
      expect(printed({ seconds: 1 })).toBe("");
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a long soak is judged by its newest 2,000 requests", async () => {
  const folder = mkdtempSync(join(tmpdir(), "doge-traffic-"));
  writeFileSync(join(folder, "docker"), `#!/bin/sh\ncat ${folder}/log\n`);
  chmodSync(join(folder, "docker"), 0o755);
  const env = { PATH: `${folder}:${process.env["PATH"]}` };
  const host: Pick<Host, "run"> = {
    async run({ argv: [file = "", ...args] }) {
      return { exitCode: 0, stdout: execFileSync(file, args, { env, encoding: "utf8" }), stderr: "" };
    },
  };
  const log = (second: number, status: number): void =>
    writeFileSync(join(folder, "log"), at(second, line(status, 0.01)).repeat(1_500));
  try {
    const { look } = watchTraffic(host, () => 1);
    log(1, 502);
    expect(await look()).toMatchObject({ requests: 1_500, failed: 1_500 });
    log(2, 200);
    expect(await look()).toMatchObject({ requests: 2_000, failed: 500 });
    log(3, 200);
    expect(await look()).toMatchObject({ requests: 2_000, failed: 0, p50Milliseconds: 10 });
  } finally {
    rmSync(folder, { recursive: true });
  }
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
