import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { renderApp } from "./support/app.ts";

const folder = mkdtempSync(join(tmpdir(), "doge-template-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Tells what a program said where it failed. */
async function run(program: string, words: readonly string[]): Promise<string> {
  try {
    return (await promisify(execFile)(program, words, { cwd: folder, maxBuffer: 1 << 26 })).stdout;
  } catch (thrown) {
    const { stdout, stderr } = thrown as { readonly stdout: string; readonly stderr: string };
    throw new Error(`${program} ${words.join(" ")} failed:\n${`${stdout}\n${stderr}`.slice(-6_000)}`, {
      cause: thrown,
    });
  }
}

/** The project's own checks, with nothing beside it but npm: what a newcomer runs first. */
test("a new project lints, checks its types and passes its own tests, in a browser where there is one", async () => {
  renderApp(folder);
  writeFileSync(join(folder, ".npmrc"), "audit=false\nfund=false\n");
  await run("npm", ["install"]);
  for (const script of ["lint", "build"]) await run("npm", ["run", "--silent", script]);
  const stdout = await run("npm", ["test"]);
  expect(stdout).toMatch(/^ℹ fail 0$/m);
  expect(Number(/^ℹ pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(50);
}, 600_000);
