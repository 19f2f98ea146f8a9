import { expect, test } from "vitest";
import { doge } from "../tool.ts";

test("help of a group lists its commands", async () => {
  for (const words of [
    ["cloud", "--help"],
    ["help", "cloud"],
    ["cloud", "-h"],
  ]) {
    const { exitCode, stdout } = await doge(words);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Usage: doge cloud COMMAND/);
    expect(stdout).toContain("  cloud up ");
    expect(stdout).not.toContain("repo create");
  }
});

test("a group alone asks which, a wrong word gets the nearest right one, a wrong help topic too", async () => {
  expect(await doge(["cloud"])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("→ One of: doge cloud up, doge cloud down"),
  });
  expect(await doge(["cloud", "dwon"])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("→ Did you mean doge cloud down?"),
  });
  expect(await doge(["paln", "stage"])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("→ Did you mean doge plan?"),
  });
  expect(await doge(["help", "paln"])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("→ Did you mean doge plan?"),
  });
});

test("wrong usage is data with --json, the command itself not excepted", async () => {
  const { exitCode, stdout, stderr } = await doge(["paln", "--json"]);
  expect(exitCode).toBe(2);
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toMatchObject({ data: null, diagnostics: [{ code: "unknown-command" }] });
});

test("outside a project, and in a folder that is not there", async () => {
  expect(await doge(["plan", "stage", "--cwd", "/"])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("[no-project]"),
  });
  expect(await doge(["plan", "stage", "--cwd", "/no/such"])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/\[folder-missing\]\n│ \/no\/such/),
  });
});

test("a value that is no number is refused before anything is asked", async () => {
  expect(await doge(["logs", "stage", "--tail", "x", "--cwd", "/"])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("--tail x"),
  });
  expect(await doge(["rollback", "stage", "x", "--cwd", "/"])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('"x"'),
  });
  expect(await doge(["cloud", "serve", "--port", "x", "--cwd", "/"])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("--port x"),
  });
});
