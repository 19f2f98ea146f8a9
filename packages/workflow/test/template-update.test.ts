import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { DogeError } from "@doge/core";
import { nodeMachine } from "@doge/core/node";
import { recordPath, recordText, type Template, templateDigest } from "../src/create/record.ts";
import { type TemplateUpdate, updateTemplate } from "../src/create/update.ts";

const first: Template = {
  "README.md": "# {{name}}\n\nOne.\n\nTwo.\n\nThree.\n",
  "package.json": '{\n  "name": "{{slug}}",\n  "devDependencies": {\n    "tool": "1"\n  }\n}\n',
  "src/app.ts": "export const greeting = 'hello';\n",
  "src/gone.ts": "export {};\n",
  "src/kept.ts": "export {};\n",
};
const second: Template = {
  "README.md": "# {{name}}\n\nOne.\n\nTwo.\n\nThree, and four.\n",
  "package.json": '{\n  "name": "{{slug}}",\n  "devDependencies": {\n    "tool": "2"\n  }\n}\n',
  "src/app.ts": "export const greeting = 'good day';\n",
  "src/kept.ts": "export const now = 1;\n",
  "src/new.ts": "export const isNew = true;\n",
};
const words = { slug: "my-app", name: "My App" };

let folder: string;
const git = (...args: string[]): string => execFileSync("git", args, { cwd: folder, encoding: "utf8" });
const read = (path: string): string => readFileSync(join(folder, path), "utf8");
function write(path: string, content: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}

const update = (candidates: readonly Template[] = [first]): Promise<TemplateUpdate> =>
  updateTemplate({
    machine: nodeMachine(process.env),
    folder,
    candidates,
    next: { template: second, version: "0.2.0" },
    pinTool: () => Promise.resolve("file:vendor/doge-0.2.0.tgz"),
    install: () => Promise.resolve(),
  });

const fill = (text: string): string => text.replaceAll("{{name}}", words.name).replaceAll("{{slug}}", words.slug);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "doge-template-"));
  for (const [path, text] of Object.entries(first)) write(path, fill(text));
  write(
    "package.json",
    '{\n  "name": "my-app",\n  "devDependencies": {\n    "doge": "file:vendor/doge-0.1.0.tgz",\n    "tool": "1"\n  }\n}\n',
  );
  write(recordPath, recordText({ template: "web", version: "0.1.0", digest: templateDigest(first), words }));
  write(".gitignore", ".doge/\n");
  git("init", "--quiet", "--initial-branch=main");
  git("config", "user.name", "Ada");
  git("config", "user.email", "ada@example.com");
});
afterEach(() => rmSync(folder, { recursive: true }));

const commit = (): string => git("add", "--all") + git("commit", "--quiet", "--message", "Mine");

test("the project's changes stay, the template's arrive, in one commit on a branch of its own", async () => {
  write("README.md", read("README.md").replace("One.", "One, by me."));
  rmSync(join(folder, "src/kept.ts"));
  commit();
  const result = await update();
  expect(result).toMatchObject({
    committed: true,
    from: expect.stringMatching(/^0\.1\.0 /),
    to: expect.stringMatching(/^0\.2\.0 /),
  });
  expect(result.files).toEqual([
    { path: "README.md", action: "updated" },
    { path: "package.json", action: "updated" },
    { path: "src/app.ts", action: "updated" },
    { path: "src/gone.ts", action: "removed" },
    { path: "src/kept.ts", action: "kept", reason: "the project removed it" },
    { path: "src/new.ts", action: "added" },
  ]);
  expect(read("README.md")).toBe("# My App\n\nOne, by me.\n\nTwo.\n\nThree, and four.\n");
  expect(JSON.parse(read("package.json"))).toEqual({
    name: "my-app",
    devDependencies: { doge: "file:vendor/doge-0.2.0.tgz", tool: "2" },
  });
  expect(git("status", "--porcelain")).toBe("");
  expect(git("log", "--format=%s", "main..").trim()).toBe(`Update the template to ${result.to}`);
  expect(git("branch", "--show-current").trim()).toBe(result.branch);

  // Nothing is left to do.
  expect(await update([])).toMatchObject({ committed: false, files: [] });
});

test("where both sides changed the same lines, git's markers stay in the work tree", async () => {
  write("src/app.ts", "export const greeting = 'moin';\n");
  commit();
  const result = await update();
  expect(result).toMatchObject({ committed: false, branch: expect.any(String) });
  expect(result.files).toContainEqual({ path: "src/app.ts", action: "conflict" });
  expect(read("src/app.ts")).toBe(
    [
      "<<<<<<< this project",
      "export const greeting = 'moin';",
      "||||||| template before",
      "export const greeting = 'hello';",
      "=======",
      "export const greeting = 'good day';",
      ">>>>>>> template now",
      "",
    ].join("\n"),
  );
});

test("what can't be updated is said, and nothing is touched", async () => {
  const code = (work: Promise<unknown>): Promise<string | undefined> =>
    work.then(
      () => undefined,
      (thrown: unknown) => (thrown as DogeError).diagnostics[0]?.code,
    );
  commit();
  expect(await code(update([second]))).toBe("template-unknown");
  write("src/app.ts", "changed\n");
  expect(await code(update())).toBe("dirty-tree");
  git("checkout", "--quiet", ".");
  write(recordPath, "{}");
  expect(await code(update())).toBe("template-record");
  git("checkout", "--quiet", ".");
  git("branch", `template-${templateDigest(second).slice(0, 8)}`);
  expect(await code(update())).toBe("branch-exists");
  expect(git("branch", "--show-current").trim()).toBe("main");
});
