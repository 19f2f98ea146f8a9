import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Redactor } from "@doge/core";
import { nodeMachine } from "@doge/core/node";
import { validateProject } from "../src/config/validate.ts";
import { type Project, Settings } from "../src/index.ts";
import { orderAfter } from "../src/repository/order.ts";

let root: string;
const git = (folder: string, ...words: string[]): string =>
  execFileSync("git", ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", ...words], {
    cwd: join(root, folder),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }).trim();
const commit = (folder: string, message: string): string => {
  git(folder, "commit", "--allow-empty", "--message", message);
  return git(folder, "rev-parse", "HEAD");
};
const project = (folder: string): Project => ({
  folder: join(root, folder),
  config: validateProject(
    {
      name: "Shop",
      slug: "shop",
      domain: "shop.test",
      github: { owner: "ada", repository: "shop" },
      hcp: { organization: "ada" },
    },
    "doge.config.ts",
  ).value!,
  settings: new Settings({}, new Redactor()),
  machine: nodeMachine(process.env),
  emit: () => {},
  signal: new AbortController().signal,
});

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "doge-order-"));
  mkdirSync(join(root, "origin"));
  git("origin", "init", "--quiet", "--initial-branch", "main");
});
afterAll(() => rmSync(root, { recursive: true }));

test("commits are ordered by history, in a shallow clone and in one that is behind too", async () => {
  const first = commit("origin", "first");
  git(".", "clone", "--quiet", "origin", "behind");
  const second = commit("origin", "second");
  git("origin", "checkout", "--quiet", "-b", "other", first);
  const aside = commit("origin", "aside");
  git("origin", "checkout", "--quiet", "main");
  git(".", "clone", "--quiet", "--depth", "1", `file://${join(root, "origin")}`, "shallow");

  expect(await orderAfter(project("origin"), second, first)).toBe("newer");
  expect(await orderAfter(project("origin"), first, second)).toBe("older");
  expect(await orderAfter(project("origin"), first, first)).toBe("same");
  expect(await orderAfter(project("origin"), aside, second)).toBe("diverged");
  expect(await orderAfter(project("shallow"), second, first)).toBe("newer");
  expect(await orderAfter(project("behind"), first, second)).toBe("older");
  expect(await orderAfter(project("behind"), first, "f".repeat(40))).toBe("unknown");
});
