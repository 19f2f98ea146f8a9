import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type HostFacts, hostFactsArgv, judgeHost, readFacts } from "../../src/release/check-host.ts";

const fine: HostFacts = {
  engine: "29.0.0",
  compose: "5.0.0",
  platform: "linux/amd64",
  engineTrouble: "",
  booting: false,
  diskTrouble: "",
  diskFreeKilobytes: 20_000_000,
  inodesFree: 1_000_000,
  memoryFreeKilobytes: 500_000,
  time: 1_000,
  edgeRuns: true,
  listeners: ["0.0.0.0:80"],
};
const judged = (changes: Partial<HostFacts>): string[] =>
  judgeHost({ ...fine, ...changes }, "doge@192.0.2.1:2222", 1_000).map(
    ({ severity, code, detail }) => `${severity} ${code}: ${detail}`,
  );

test.each<[string, Partial<HostFacts>, string[]]>([
  ["fine", {}, []],
  ["macOS tells less", { memoryFreeKilobytes: undefined, inodesFree: 0 }, []],
  ["no engine", { engine: undefined, engineTrouble: "no daemon" }, ["error host-engine: no daemon"]],
  ["no compose", { compose: undefined }, ["error host-engine: docker answers, docker compose does not"]],
  ["full", { diskFreeKilobytes: 1024 }, ["error host-disk: 1 MB are free"]],
  ["nearly full", { diskFreeKilobytes: 1_048_576 }, ["warning host-disk: 1024 MB are free"]],
  ["no inodes", { inodesFree: 7 }, ["error host-disk: only 7 more files can be made (inodes)"]],
  ["read only", { diskTrouble: "Read-only file system" }, ["error host-disk: Read-only file system"]],
  [
    "memory",
    { memoryFreeKilobytes: 100_000 },
    ["warning host-memory: 98 MB are free; during a deploy the old and the new release run side by side"],
  ],
  [
    "clock",
    { time: 1_400 },
    ["error host-clock: 400 s ahead of this machine's: certificates, sessions and backups rely on it"],
  ],
  ["ports", { edgeRuns: false, listeners: ["*:443"] }, ["error host-ports: *:443"]],
])("%s", (_, changes, expected) => {
  expect(judged(changes)).toEqual(expected);
});

test("a real host tells its facts in one round trip", () => {
  const root = mkdtempSync(join(tmpdir(), "doge-facts-"));
  const [file = "", ...args] = hostFactsArgv(join(root, "doge"));
  const facts = readFacts(execFileSync(file, args, { encoding: "utf8" }));
  expect(facts.diskFreeKilobytes).toBeGreaterThan(1_000);
  expect(Math.abs(facts.time - Date.now() / 1000)).toBeLessThan(30);
  expect(facts.diskTrouble).toBe("");
  rmSync(root, { recursive: true });
});
