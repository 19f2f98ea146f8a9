import { type Diagnostic, Redactor } from "@doge/core";
import { expect, test } from "vitest";
import { isAlarm } from "../src/ci/watch.ts";
import { alarmIssue, allWell } from "../src/ci/watch-issue.ts";

const context = () => {
  const redactor = new Redactor();
  redactor.add("s3cret-value");
  return { environment: "prod" as const, jobUrl: "https://github.com/o/r/actions/runs/1", redactor };
};
const stale: Diagnostic = {
  severity: "error",
  code: "backup-stale",
  summary: "There is no recent backup",
  detail: "The last one is of Monday; s3cret-value.\nIt was proven.",
  remedy: "See `crontab -l` with `doge ssh`.",
};
const hint: Diagnostic = { severity: "warning", code: "host-memory", summary: "The droplet is short of memory" };
const drifted = { address: "digitalocean_record.site", action: "update" as const };

test("an alarm's issue: what drifted, what is wrong, what to do, secrets masked", () => {
  const seen = { provisioned: true, drift: [drifted], findings: [stale, hint] };
  const { title, body } = alarmIssue(seen, context());
  expect(title).toBe("prod needs a look: 1 drifted, 2 findings");
  expect(body).toBe(
    [
      "<!-- doge:watch:prod -->",
      "### Drift",
      "",
      "The infrastructure is not what branch `main` says. `doge plan prod` shows the difference;",
      "`doge apply prod`, or the next deploy, undoes it. What was changed on purpose belongs into `doge.config.ts` or `infra/`.",
      "",
      "- `digitalocean_record.site` (update)",
      "",
      "### Findings",
      "",
      "- ✗ **There is no recent backup** `backup-stale`",
      "  The last one is of Monday; ***.",
      "  It was proven.",
      "  → See `crontab -l` with `doge ssh`.",
      "- ⚠ **The droplet is short of memory** `host-memory`",
      "",
      "Seen by [this job](https://github.com/o/r/actions/runs/1). The issue closes by itself when all is well.",
      "",
    ].join("\n"),
  );
});

test("any number of findings stays below GitHub's limit", () => {
  const findings = Array.from({ length: 500 }, () => ({ ...stale, detail: "ä".repeat(5_000) }));
  const drift = Array.from({ length: 500 }, () => drifted);
  const { body } = alarmIssue({ provisioned: true, drift, findings }, context());
  expect(Buffer.byteLength(body)).toBeLessThan(65_536);
  expect(body.match(/… and \d+ more/g)).toEqual(["… and 450 more", "… and 480 more"]);
  expect(body).toContain("The issue closes by itself");
});

test("drift and errors are alarms, hints alone are none", () => {
  expect(isAlarm({ drift: [drifted], findings: [] })).toBe(true);
  expect(isAlarm({ drift: [], findings: [stale] })).toBe(true);
  expect(isAlarm({ drift: [], findings: [hint] })).toBe(false);
  expect(allWell(context())).toBe("`prod` is as it should be, says [this job](https://github.com/o/r/actions/runs/1).");
});
