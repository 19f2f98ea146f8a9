import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { choices, defaultOptions, type TemplateOptions } from "../packages/workflow/src/create/options.ts";
import { renderApp } from "./support/app.ts";

const root = mkdtempSync(join(tmpdir(), "doge-template-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const whole = join(root, "whole");

/** Tells what a program said where it failed. */
async function run(folder: string, program: string, ...words: readonly string[]): Promise<string> {
  try {
    return (await promisify(execFile)(program, words, { cwd: folder, maxBuffer: 1 << 26 })).stdout;
  } catch (thrown) {
    const { stdout, stderr } = thrown as { readonly stdout: string; readonly stderr: string };
    throw new Error(`${program} ${words.join(" ")} failed:\n${`${stdout}\n${stderr}`.slice(-6_000)}`, {
      cause: thrown,
    });
  }
}

/** A project with these options; its packages are those of `whole`, which has all that any of them wants. */
function project(name: string, options: Partial<TemplateOptions>): string {
  const folder = join(root, name);
  renderApp(folder, { ...defaultOptions, ...options });
  symlinkSync(join(whole, "node_modules"), join(folder, "node_modules"));
  return folder;
}

const passed = (stdout: string): number => {
  expect(stdout).toMatch(/^ℹ fail 0$/m);
  return Number(/^ℹ pass (\d+)$/m.exec(stdout)?.[1]);
};

beforeAll(async () => {
  renderApp(whole, { ...defaultOptions, redis: true });
  writeFileSync(join(whole, ".npmrc"), "audit=false\nfund=false\n");
  await run(whole, "npm", "install");
}, 300_000);

/** The project's own checks, with nothing beside it but npm: what a newcomer runs first. */
test("a new project lints, checks its types and passes its own tests, in a browser where there is one", async () => {
  const folder = project("usual", {});
  for (const script of ["lint", "build"]) await run(folder, "npm", "run", "--silent", script);
  expect(passed(await run(folder, "npm", "test"))).toBeGreaterThan(50);
}, 600_000);

test("the other way round: postmark, Redis, jobs in the web process, no API", async () => {
  const folder = project("other", {
    mail: "postmark",
    redis: true,
    jobs: "web",
    api: false,
    licence: "mit",
    editor: "jetbrains",
  });
  const words = ["--test", "--test-concurrency=2", "--test-global-setup=test/support/setup.ts", "test/*.test.ts"];
  expect(passed(await run(folder, process.execPath, ...words))).toBeGreaterThan(40);
}, 600_000);

/** Every pair of choices is in one of these: mail × Redis × jobs × API × licence × editor. */
const pairs = pairwise({
  mail: choices.mail,
  redis: [false, true],
  jobs: choices.jobs,
  api: [true, false],
  licence: choices.licence,
  editor: choices.editor,
});

test("every pair of options makes a project that lints and has right types", async () => {
  const problems: string[] = [];
  for (const [at, options] of pairs.entries()) {
    const folder = project(`pair-${at}`, options);
    for (const script of ["lint", "build"]) {
      const failed = (thrown: Error) => problems.push(`${JSON.stringify(options)}: ${thrown.message}`);
      await run(folder, "npm", "run", "--silent", script).catch(failed);
    }
  }
  expect(problems).toEqual([]);
}, 600_000);

/** A few combinations in which each two values of different options meet: greedy, and the same every time. */
function pairwise<T extends Readonly<Record<string, readonly unknown[]>>>(
  options: T,
): readonly { readonly [K in keyof T]: T[K][number] }[] {
  const names = Object.keys(options);
  const every = names.reduce<Record<string, unknown>[]>(
    (found, name) => found.flatMap((one) => (options[name] ?? []).map((value) => ({ ...one, [name]: value }))),
    [{}],
  );
  const pairsOf = (one: Record<string, unknown>): string[] =>
    names.flatMap((a, i) => names.slice(i + 1).map((b) => JSON.stringify([a, one[a], b, one[b]])));
  const open = new Set(every.flatMap(pairsOf));
  const chosen: Record<string, unknown>[] = [];
  while (open.size > 0) {
    const gain = (one: Record<string, unknown>): number => pairsOf(one).filter((pair) => open.has(pair)).length;
    const best = every.reduce((a, b) => (gain(b) > gain(a) ? b : a));
    for (const pair of pairsOf(best)) open.delete(pair);
    chosen.push(best);
  }
  return chosen as { readonly [K in keyof T]: T[K][number] }[];
}
