import { expect, test } from "vitest";
import { dueCommands } from "../../src/droplet/cron.ts";

// A Wednesday.
const at = (time: string): Date => new Date(`2026-11-25T${time}Z`);

test.each([
  ["* * * * * a", "13:37:00", ["a"]],
  ["17 3 * * * a", "03:17:59", ["a"]],
  ["17 3 * * * a", "03:18:00", []],
  ["*/10 * * * * a", "05:40:00", ["a"]],
  ["0 9-17 * * 1-5 a", "12:00:00", ["a"]],
  ["0 0 * * 7 a", "00:00:00", []],
  ["0 0 1 * 3 a", "00:00:00", ["a"]],
  ["@daily a 5\\%", "00:00:00", ["a 5%"]],
  ["# * * * * * a\nMAILTO=x\n0,30 * 25 11 * b", "08:30:00", ["b"]],
])("%s at %s", (crontab, time, commands) => {
  expect(dueCommands(crontab, at(time))).toEqual(commands);
});
