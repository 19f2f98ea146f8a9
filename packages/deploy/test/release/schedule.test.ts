import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Host } from "../../src/index.ts";
import { layoutAt } from "../../src/release/layout.ts";
import { cronLines, installSchedule } from "../../src/release/schedule.ts";

test("jobs run in the live release's image, the backup by its script, none twice at once", () => {
  const lines = cronLines({
    layout: layoutAt("/home/doge/doge/shop"),
    slot: "green",
    settings: {
      backupSchedule: "17 3 * * *",
      processes: {
        worker: { command: ["node", "worker.ts"] },
        report: { command: ["node", "report.ts", "100%"], schedule: "@daily" },
      },
    },
  });
  expect(lines).toEqual([
    "17 3 * * * flock -n /home/doge/doge/shop/jobs/backup.lock /home/doge/doge/shop/bin/db scheduled >> /home/doge/doge/shop/jobs/backup.log 2>&1",
    "@daily flock -n /home/doge/doge/shop/jobs/report.lock docker compose --project-name app-green --project-directory /home/doge/doge/shop --file /home/doge/doge/shop/compose.app-green.yaml run --rm --no-deps -T report node report.ts 100\\% >> /home/doge/doge/shop/jobs/report.log 2>&1",
  ]);
});

test("the lines of others in the crontab stay", async () => {
  const folder = mkdtempSync(join(tmpdir(), "doge-cron-"));
  const table = join(folder, "table");
  writeFileSync(table, "MAILTO=ada\n# doge shop: begin\nold\n# doge shop: end\n0 1 * * * other\n");
  writeFileSync(
    join(folder, "crontab"),
    `#!/bin/sh\nif [ "$1" = -l ]; then cat ${table}; else cat > ${table}.new; mv ${table}.new ${table}; fi\n`,
    { mode: 0o755 },
  );
  const env = { PATH: `${folder}:${process.env["PATH"]}` };
  const host = {
    name: "here",
    run: async ({ argv: [file = "", ...args], stdin = "" }) => ({
      exitCode: 0,
      stdout: execFileSync(file, args, { env, input: stdin as string, encoding: "utf8" }),
      stderr: "",
    }),
  } satisfies Partial<Host> as unknown as Host;
  for (const lines of [["new 1"], ["new 2"]]) await installSchedule(host, layoutAt(folder), "shop", lines);
  expect(readFileSync(table, "utf8")).toBe(
    "MAILTO=ada\n0 1 * * * other\n# doge shop: begin (written by doge deploy)\nnew 2\n# doge shop: end\n",
  );
  rmSync(folder, { recursive: true });
});
