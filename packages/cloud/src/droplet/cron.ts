import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";

const macros: Readonly<Record<string, string>> = {
  "@hourly": "0 * * * *",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@weekly": "0 0 * * 0",
  "@monthly": "0 0 1 * *",
  "@yearly": "0 0 1 1 *",
};

/** Whether a field of cron (`*`, `5`, `1-5`, `*\/10`, lists of them) holds a number. */
function holds(field: string, value: number, least: number, most: number): boolean {
  return field.split(",").some((part) => {
    const [range = "*", step = "1"] = part.split("/");
    const [from, to] = range === "*" ? [least, most] : range.split("-").map(Number);
    const first = from ?? least;
    const last = to ?? (part.includes("/") ? most : first);
    return value >= first && value <= last && (value - first) % Number(step) === 0;
  });
}

/** Commands of a crontab that are due in the minute of `time` (UTC). Pure. */
export function dueCommands(crontab: string, time: Date): readonly string[] {
  return crontab.split("\n").flatMap((text) => {
    const expanded = text.trim().replace(/^@\w+/, (word) => macros[word] ?? word);
    const match = /^([\d*,/-]+)\s+([\d*,/-]+)\s+([\d*,/-]+)\s+([\d*,/-]+)\s+([\d*,/-]+)\s+(.+)$/.exec(expanded);
    if (!match) return [];
    const [, minute = "", hour = "", day = "", month = "", weekday = "", command = ""] = match;
    const onDay = holds(day, time.getUTCDate(), 1, 31);
    const onWeekday = holds(weekday.replaceAll("7", "0"), time.getUTCDay(), 0, 6);
    // As cron has it: where both are restricted, one is enough.
    const days = day !== "*" && weekday !== "*" ? onDay || onWeekday : onDay && onWeekday;
    const due =
      days &&
      holds(minute, time.getUTCMinutes(), 0, 59) &&
      holds(hour, time.getUTCHours(), 0, 23) &&
      holds(month, time.getUTCMonth() + 1, 1, 12);
    return due ? [command.replaceAll("\\%", "%")] : [];
  });
}

/** Runs what is due in a droplet's crontab, minute by minute, until `stop`. */
export function startCron(options: {
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
  readonly now: () => Date;
  readonly log: (message: string) => void;
}): { stop(): void } {
  let last = Math.floor(options.now().getTime() / 60_000);
  const turn = async (): Promise<void> => {
    const minute = Math.floor(options.now().getTime() / 60_000);
    if (minute === last) return;
    last = minute;
    const crontab = await readFile(options.file, "utf8").catch(() => "");
    for (const command of dueCommands(crontab, new Date(minute * 60_000))) {
      options.log(`cron: ${command}`);
      const { HOME } = options.env;
      spawn("/bin/sh", ["-c", command], { env: options.env, stdio: "ignore", ...(HOME ? { cwd: HOME } : {}) }).on(
        "error",
        (thrown) => options.log(`cron: ${thrown.message}`),
      );
    }
  };
  const timer = setInterval(() => void turn(), 1_000);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
