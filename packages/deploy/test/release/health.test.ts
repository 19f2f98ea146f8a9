import { expect, test } from "vitest";
import { diagnose } from "../../src/release/health.ts";
import { figures } from "../../src/release/probe.ts";

const settings = { domains: ["shop.test"], port: 3000, readyPath: "/readyz", healthSeconds: 60 } as const;
const running = { running: true, exitCode: 0, outOfMemory: false, restarts: 0 };
const silent = { kind: "silent", reason: "refused" } as const;
const causeOf = (seen: Omit<Parameters<typeof diagnose>[0], "settings">): string =>
  diagnose({ settings, ...seen }).cause;

test.each([
  ["gone", { answer: silent }, "its container is gone"],
  [
    "memory",
    { answer: silent, state: { ...running, running: false, outOfMemory: true } },
    "it ran out of memory and was killed",
  ],
  ["crash", { answer: silent, state: { ...running, running: false, exitCode: 1 } }, "the app ended with exit code 1"],
  [
    "crash loop",
    { answer: silent, state: { ...running, exitCode: 78, restarts: 3 } },
    "the app ended with exit code 78, and ended again 3 times",
  ],
  [
    "no such path",
    { answer: { kind: "status", status: 404, body: "" }, state: running },
    "it answers, but /readyz is 404",
  ],
  [
    "not ready",
    { answer: { kind: "status", status: 503, body: "pending" }, state: running },
    "/readyz answers 503: pending",
  ],
  [
    "loopback",
    { answer: silent, state: running, inside: { answers: true, ports: [3000] } },
    "the app listens on 127.0.0.1:3000, where only its own container reaches it",
  ],
  [
    "other port",
    { answer: silent, state: running, inside: { answers: false, ports: [8080] } },
    "the app listens on port 8080, but 3000 is expected",
  ],
  [
    "nothing",
    { answer: silent, state: running, inside: { answers: false, ports: [] } },
    "nothing answered on port 3000 within 60 s",
  ],
  [
    "redirect loop",
    { answer: { kind: "status", status: 301, body: "", location: "https://shop.test/readyz" }, state: running },
    "redirect loop: /readyz redirects to itself (301 to https://shop.test/readyz)",
  ],
  [
    "login",
    { answer: { kind: "status", status: 302, body: "", location: "/login" }, state: running },
    "/readyz redirects to /login (302)",
  ],
  [
    "host refused",
    { answer: { kind: "status", status: 400, body: "Bad Request" }, state: running, refusesName: true },
    "the app refuses the host name shop.test (400)",
  ],
  [
    "migrating",
    { answer: { kind: "status", status: 503, body: "" }, state: running, migrating: true },
    "a migration is still running, and the app waits for it",
  ],
  [
    "processor",
    { answer: silent, state: { ...running, running: false, exitCode: 255 }, lines: "exec /app: exec format error" },
    "its image is for another processor than the droplet's",
  ],
] as const)("%s", (_, seen, cause) => {
  expect(causeOf(seen)).toBe(cause);
});

test("a setting that is missing is sent to the env files", () => {
  const { remedy } = diagnose({ settings, answer: silent, state: { ...running, running: false, exitCode: 78 } });
  expect(remedy).toContain("doge apply dotenv");
});

test("figures of no visit, and of many", () => {
  expect(figures([])).toEqual({ requests: 0, failed: 0, failures: [] });
  const visits = Array.from({ length: 100 }, (_, i) => ({
    at: new Date(0),
    ok: i !== 7,
    milliseconds: i,
    ...(i === 7 ? { problem: "HTTP 502" } : {}),
  }));
  expect(figures(visits)).toEqual({
    requests: 100,
    failed: 1,
    p50Milliseconds: 50,
    p99Milliseconds: 99,
    failures: ["HTTP 502"],
  });
});
