import { fail } from "@doge/core";
import type { Slot } from "../edge/configuration.ts";
import type { Host } from "../host/host.ts";
import { commandLine, shellScript } from "../host/quote.ts";
import type { Layout } from "./layout.ts";
import type { ReleaseSettings } from "./model.ts";

/** A line of cron: when, and what. A percent sign would be a line break to cron. */
const line = (times: string, command: string): string => `${times} ${command.replaceAll("%", "\\%")}`;

/** One that still runs is not started again. */
const alone = (lock: string, argv: readonly string[], log: string): string =>
  `flock -n ${commandLine([lock])} ${commandLine(argv)} >> ${commandLine([log])} 2>&1`;

/** The project's lines in the deploy user's crontab: jobs in the live release's image, and the backup. Pure. */
export function cronLines(options: {
  readonly layout: Layout;
  readonly slot: Slot;
  readonly settings: Pick<ReleaseSettings, "processes" | "backupSchedule">;
}): readonly string[] {
  const { layout, slot, settings } = options;
  const jobs = Object.entries(settings.processes ?? {}).flatMap(([name, { schedule, command }]) =>
    schedule === undefined
      ? []
      : [
          line(
            schedule,
            alone(
              layout.file(`jobs/${name}.lock`),
              layout.slot(slot).runOnce(name, command),
              layout.file(`jobs/${name}.log`),
            ),
          ),
        ],
  );
  const backup =
    settings.backupSchedule === undefined
      ? []
      : [
          line(
            settings.backupSchedule,
            alone(
              layout.file("jobs/backup.lock"),
              [layout.databaseScript, "scheduled"],
              layout.file("jobs/backup.log"),
            ),
          ),
        ];
  return [...backup, ...jobs];
}

/** There is no cron, and nobody needs it. */
const idle = 48;

// Lines of others stay; ours stand between two marks.
const install = `
  if [ "$3" = 0 ] && ! command -v crontab >/dev/null; then exit ${idle}; fi
  mkdir -p "$2"
  kept=$(crontab -l 2>/dev/null | sed "/^# doge $1: begin/,/^# doge $1: end/d" || true)
  { [ -z "$kept" ] || printf '%s\\n' "$kept"; printf '# doge %s: begin (written by doge deploy)\\n' "$1"; cat; printf '# doge %s: end\\n' "$1"; } | crontab -`;

/** Installs the lines of `cronLines`. Throws `host-cron` where the droplet has no cron, and jobs need one. */
export async function installSchedule(
  host: Host,
  layout: Layout,
  project: string,
  lines: readonly string[],
): Promise<void> {
  const result = await host.run({
    argv: shellScript(install.trim(), project, layout.file("jobs"), String(lines.length)),
    stdin: lines.map((text) => `${text}\n`).join(""),
  });
  if (result.exitCode === 0 || result.exitCode === idle) return;
  fail({
    code: "host-cron",
    summary: "The scheduled jobs could not be installed; the release itself is live",
    detail: result.stderr.trim().split("\n").at(-1) ?? "",
    address: host.name,
    remedy: "The droplet needs the package cron: cloud-init installs it, on an older droplet root does with apt-get.",
  });
}
