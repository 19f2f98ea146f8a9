import { expect, test } from "vitest";
import { millisecondsOf, parseArguments } from "../src/arguments.ts";
import { defineCommand } from "../src/command.ts";
import { findCommand } from "../src/commands/index.ts";

const command = defineCommand({
  name: "plan",
  summary: "Plan",
  arguments: [{ name: "workspace", help: "which", choices: ["meta", "stage"] }],
  flags: {
    destroy: { type: "boolean", help: "" },
    target: { type: "string", multiple: true, help: "" },
    yes: { type: "boolean", short: "y", help: "" },
    mail: { type: "string", choices: ["smtp", "postmark"], help: "" },
  },
  run: async () => ({ exitCode: 0 }),
});

const parse = (...words: string[]) => parseArguments(command, words);

test("flags stand anywhere, repeat where they may, and take = or the next word", () => {
  expect(parse("--target", "a", "stage", "--target=b", "-y")).toMatchObject({
    arguments: { workspace: "stage" },
    flags: { target: ["a", "b"], yes: true },
    diagnostics: [],
  });
});

test("everything wrong is reported at once, with the nearest right name", () => {
  const { diagnostics } = parse("stgae", "more", "--destory", "--target");
  expect(diagnostics.map((d) => [d.summary, d.remedy])).toEqual([
    ["Unknown flag", "Did you mean --destroy?"],
    ["This flag takes a value", "Run doge plan --help."],
    ["Unknown workspace", 'Did you mean "stage"? One of: meta, stage.'],
    ["Too many words", "Run doge plan --help."],
  ]);
});

test("a flag with choices takes one of them", () => {
  expect(parse("stage", "--mail", "postmark").flags).toEqual({ mail: "postmark" });
  expect(parse("stage", "--mail=postmrak").diagnostics).toMatchObject([
    { summary: "Unknown mail", remedy: 'Did you mean "postmark"? One of: smtp, postmark.' },
  ]);
});

test("a missing argument says what it is", () => {
  expect(parse().diagnostics).toMatchObject([{ summary: "Something is missing", detail: "WORKSPACE: which" }]);
});

test("what follows a command for elsewhere belongs to it, flags too", () => {
  const found = findCommand(["ssh", "stage", "ls", "-l", "--json"]);
  const parsed = parseArguments(found?.command as NonNullable<typeof found>["command"], found?.rest ?? []);
  expect(parsed).toMatchObject({
    arguments: { environment: "stage", command: ["ls", "-l", "--json"] },
    diagnostics: [],
  });
});

test("flags stand among several words, too", () => {
  const found = findCommand(["secrets", "rotate", "SECRET_KEY", "--yes", "METRICS_TOKEN"]);
  const parsed = parseArguments(found?.command as NonNullable<typeof found>["command"], found?.rest ?? []);
  expect(parsed).toMatchObject({
    arguments: { secrets: ["SECRET_KEY", "METRICS_TOKEN"] },
    flags: { yes: true },
    diagnostics: [],
  });
});

test("commands of two words are found before those of one", () => {
  expect(findCommand(["repo", "create", "--json"])).toMatchObject({
    command: { name: "repo create" },
    rest: ["--json"],
  });
  expect(findCommand(["nothing"])).toBeUndefined();
});

test("a duration has a unit", () => {
  expect(["90s", "30m", "2h"].map(millisecondsOf)).toEqual([90_000, 1_800_000, 7_200_000]);
  expect(["", "0s", "90", "2d", "1.5h"].map(millisecondsOf)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  const found = findCommand(["up", "--deadline", "soon"]);
  const parsed = parseArguments(found?.command as NonNullable<typeof found>["command"], found?.rest ?? []);
  expect(parsed.diagnostics).toMatchObject([{ summary: "This flag takes a duration", detail: "--deadline soon" }]);
});
