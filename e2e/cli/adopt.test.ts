/** `doge adopt` by the real binary, in folders that others made. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { doge, type Ran } from "../tool.ts";

const root = mkdtempSync(join(tmpdir(), "doge-adopt-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function adopt(name: string, files: Readonly<Record<string, string>>, ...words: string[]): Promise<Ran> {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name, path)), { recursive: true });
    writeFileSync(join(root, name, path), content);
  }
  return doge(["adopt", "--yes", "--no-install", ...words], { cwd: join(root, name) });
}
const file = (path: string): string => readFileSync(join(root, path), "utf8");

test("a Dockerfile alone shows no database: it comes when it is asked for", async () => {
  const dockerfile = { Dockerfile: "FROM ruby:3.4\nEXPOSE 9292\nCMD ruby server.rb\n", "server.rb": "" };
  const bare = await adopt("bare", dockerfile);
  expect([bare.exitCode, bare.stdout.split("\n")[0]]).toEqual([
    0,
    "A Dockerfile from ruby:3.4: its image is built from the Dockerfile.",
  ]);
  expect(bare.stdout).toContain("write the variables that the app reads into .envs/.production/.app\n");
  expect(file("bare/.envs/.production/.app")).toBe("PORT=9292\n");
  expect(file("bare/compose.production.yaml")).not.toContain("postgres");

  const kept = await adopt("kept", dockerfile, "--postgres", "--redis", "--migrate", "rake db:migrate");
  expect(kept.stdout.split("\n")[0]).toContain("; beside it PostgreSQL and Redis.");
  expect(file("kept/.envs/.production/.app")).toMatch(
    /^PORT=9292\nDATABASE_URL=postgres:\/\/kept:[\w-]{32}@postgres:5432\/kept\n/,
  );
  expect(file("kept/compose.production.yaml")).toMatch(/^ {2}postgres:[^]*^ {2}redis:/m);
  expect(file("kept/doge.config.ts")).toContain('migrate: ["rake", "db:migrate"]');
});

test("nothing that was there is changed", async () => {
  const own = { Dockerfile: "FROM busybox\n", "compose.production.yaml": "services: {}\n", ".gitignore": "mine\n" };
  const { exitCode, stdout } = await adopt("own", own);
  expect(exitCode).toBe(0);
  expect(stdout).toContain("kept   compose.production.yaml");
  for (const [path, content] of Object.entries(own)) expect(file(`own/${path}`)).toBe(content);
  expect((await adopt("own", {})).stderr).toContain("[project-present]");
});
