import { expect, test } from "vitest";
import { judgeBackup, judgeRelease } from "../../src/release/inspect.ts";
import type { ReleaseRecord, ReleaseStatus } from "../../src/index.ts";
import type { BackupStatus } from "../../src/database/backup.ts";

const current = {
  number: 4,
  slot: "blue",
  image: { reference: "r@sha256:1" },
  settings: { backupSchedule: "17 3 * * *" },
  finishedAt: "2026-11-25T00:00:00Z",
} as ReleaseRecord;
const container = { running: true, image: "r@sha256:1" } as NonNullable<ReleaseStatus["slots"][number]["container"]>;
const healthy: ReleaseStatus = {
  current,
  pending: undefined,
  slots: [
    { slot: "blue", container, ready: true },
    { slot: "green", container: { ...container, running: false }, ready: false },
  ],
};
const codes = (status: Partial<ReleaseStatus>): string[] =>
  judgeRelease({ ...healthy, ...status }, "h").map(({ severity, code }) => `${severity} ${code}`);

test("what runs against what is recorded", () => {
  expect(codes({})).toEqual([]);
  expect(codes({ slots: [] })).toEqual(["error release-down"]);
  expect(codes({ slots: [{ slot: "blue", container, ready: false }] })).toEqual(["error release-down"]);
  const other = { ...container, image: "r@sha256:2" };
  expect(codes({ slots: [{ slot: "blue", container: other, ready: true }] })).toEqual(["warning release-drift"]);
  const both = healthy.slots.map((slot) => ({ ...slot, container }));
  expect(codes({ slots: both })).toEqual(["warning release-leftover"]);
});

const good: BackupStatus = {
  at: "2026-11-25T03:17:00Z",
  ok: true,
  offsite: true,
  detail: "",
  backup: { file: "f", bytes: 1, tables: 1, rows: 1 },
};

test.each<[string, BackupStatus | undefined, string, string[]]>([
  ["good", good, "2026-11-25T12:00:00Z", []],
  ["never, but new", undefined, "2026-11-25T12:00:00Z", []],
  ["never", undefined, "2026-11-26T12:00:00Z", ["error backup-stale: the scheduled backup has never run"]],
  ["stale", good, "2026-11-26T12:00:00Z", [`error backup-stale: the last one is of ${good.at}`]],
  [
    "failed",
    { ...good, ok: false, detail: "empty" },
    "2026-11-25T12:00:00Z",
    [`error backup-failing: ${good.at}: empty`],
  ],
  [
    "on the droplet",
    { ...good, offsite: false, detail: "no keys" },
    "2026-11-25T04:00:00Z",
    ["warning backup-onsite: no keys"],
  ],
])("a backup: %s", (_, backup, now, expected) => {
  const found = judgeBackup({ backup, status: healthy, now: new Date(now), staleHours: 26, address: "h" });
  expect(found.map(({ severity, code, detail }) => `${severity} ${code}: ${detail}`)).toEqual(expected);
});
