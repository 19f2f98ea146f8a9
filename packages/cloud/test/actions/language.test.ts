import { expect, test } from "vitest";
import { evaluateExpression, evaluateText, holds, type Scope } from "../../src/actions/language/expressions.ts";
import { expandMatrix, matrixSuffix } from "../../src/actions/language/matrix.ts";
import { matchesPatterns } from "../../src/actions/language/patterns.ts";
import { parseWorkflowFile } from "../../src/actions/language/workflow.ts";
import { parsePairs } from "../../src/actions/runner/command-files.ts";
import { commandReader } from "../../src/actions/runner/commands.ts";
import { LineSplitter } from "../../src/actions/runner/log.ts";
import { machineEnvironment } from "../../src/actions/runner/machine.ts";
import { Masker } from "../../src/actions/runner/masker.ts";
import { asksToSkip, triggers } from "../../src/actions/triggers.ts";

const scope: Scope = {
  contexts: {
    github: { ref_name: "main", event: { labels: [{ name: "a" }, { name: "b" }] } },
    env: { X: "1" },
    matrix: null,
  },
  status: { success: false, failure: true, cancelled: false },
};

test.each([
  ["github.ref_name == 'main' && 'prod' || 'stage'", "prod"],
  ["github.REF_NAME", "main"],
  ["github.event.labels.*.name", ["a", "b"]],
  ["contains(github.event.labels.*.name, 'b')", true],
  ["matrix.os", null],
  ["env.X == 1", true],
  ["fromJSON('[1, 2]')[1]", 2],
  ["format('{0}''s ''{1}''', 'it', 'so')", "it's 'so'"],
  ["success() || failure()", true],
  ["toJSON(fromJSON('{\"a\":null}'))", '{\n  "a": null\n}'],
])("%s", (expression, value) => {
  expect(evaluateExpression(expression, scope)).toEqual(value);
});

test("an expression that is wrong says so, with itself", () => {
  expect(() => holds("nothing.here", scope)).toThrow(
    "Unrecognized named-value: 'nothing' (in expression: nothing.here)",
  );
});

test("a workflow file with mistakes gives their places", async () => {
  const { errors } = await parseWorkflowFile(
    ".github/workflows/a.yml",
    "on: push\njobs:\n  a:\n    runs-on: x\n    stepz: []\n",
  );
  expect(errors.join("\n")).toContain(".github/workflows/a.yml (Line: 5, Col: 5): Unexpected value 'stepz'");
});

test("conditions get GitHub's success(), run-name and names are evaluated", async () => {
  const { value } = await parseWorkflowFile(
    "a.yml",
    "name: A\nrun-name: On ${{ github.ref_name }}\non: push\njobs: { a: { runs-on: ubuntu-latest, if: github.ref == 'x', steps: [{ run: x, if: always() }] } }",
  );
  expect(value?.jobs[0]?.condition).toBe("success() && (github.ref == 'x')");
  expect(value?.jobs[0]?.steps[0]?.condition).toBe("always()");
  expect(evaluateText(value?.runName, scope)).toBe("On main");
});

test("matrix: include extends what it leaves alone, and adds what fits nowhere", () => {
  const matrix = {
    fruit: ["apple", "pear"],
    animal: ["cat", "dog"],
    include: [
      { color: "green" },
      { color: "pink", animal: "cat" },
      { fruit: "apple", shape: "circle" },
      { fruit: "banana" },
      { fruit: "banana", animal: "cat" },
    ],
  };
  expect(expandMatrix(matrix)).toEqual([
    { fruit: "apple", animal: "cat", color: "pink", shape: "circle" },
    { fruit: "apple", animal: "dog", color: "green", shape: "circle" },
    { fruit: "pear", animal: "cat", color: "pink" },
    { fruit: "pear", animal: "dog", color: "green" },
    { fruit: "banana" },
    { fruit: "banana", animal: "cat" },
  ]);
  expect(expandMatrix({ a: [1, 2], exclude: [{ a: 1 }] })).toEqual([{ a: 2 }]);
  expect(matrixSuffix({ os: "linux", node: { major: 24 } })).toBe(" (linux, 24)");
});

test.each([
  [["main"], "main", true],
  [["releases/*"], "releases/a/b", false],
  [["releases/**"], "releases/a/b", true],
  [["**", "!docs/**"], "docs/a.md", false],
  [["**.js"], "src/deep/a.js", true],
  [["**/docs/**"], "docs/a.md", true],
  [["v[12].[0-9]+.*"], "v1.10.1", true],
  [["*.jsx?"], "page.js", true],
  [["feature(x)"], "feature(x)", true],
])("pattern %j on %s: %s", (patterns, name, expected) => {
  expect(matchesPatterns(patterns, name)).toBe(expected);
});

test("triggers: branches and tags keep each other out, types and skip marks", async () => {
  const of = async (on: string): Promise<NonNullable<Awaited<ReturnType<typeof parseWorkflowFile>>["value"]>> =>
    (await parseWorkflowFile("a.yml", `on: ${on}\njobs: { a: { runs-on: ubuntu-latest, steps: [{ run: x }] } }`))
      .value!;
  const push = (ref: string) => ({ repository: "o/r", event: "push" as const, ref, sha: "a", actor: "o", payload: {} });
  const branches = await of("{ push: { branches: [main] } }");
  expect(await triggers(branches, push("refs/heads/main"), "")).toBe(true);
  expect(await triggers(branches, push("refs/heads/other"), "")).toBe(false);
  expect(await triggers(branches, push("refs/tags/main"), "")).toBe(false);
  expect(await triggers(await of("{ push: { tags: ['v*'] } }"), push("refs/heads/v1"), "")).toBe(false);
  expect(await triggers(await of("push"), push("refs/tags/v1"), "")).toBe(true);
  const pull = (action: string) => ({
    ...push("refs/pull/1/merge"),
    event: "pull_request" as const,
    payload: {
      action,
      pull_request: { number: 1, title: "", head: { ref: "f", sha: "b" }, base: { ref: "stage", sha: "c" } },
    },
  });
  const plan = await of("{ pull_request: { branches: [stage] } }");
  expect(await triggers(plan, pull("synchronize"), "")).toBe(true);
  expect(await triggers(plan, pull("labeled"), "")).toBe(false);
  expect(await triggers(await of("{ pull_request: { branches: [main] } }"), pull("opened"), "")).toBe(false);
  expect([asksToSkip("Docs [skip ci]"), asksToSkip("Docs")]).toEqual([true, false]);
});

test("command files: plain, heredoc, and what breaks the format", () => {
  expect(parsePairs("a=1=2\nb<<E\nx\ny=z\nE\nc=\n", "GITHUB_OUTPUT")).toEqual({ a: "1=2", b: "x\ny=z", c: "" });
  expect(() => parsePairs("b<<E\nx\n", "GITHUB_ENV")).toThrow("Matching delimiter not found 'E'");
  expect(() => parsePairs("nonsense\n", "GITHUB_ENV")).toThrow("Invalid format 'nonsense' in GITHUB_ENV");
});

test("commands and masks hold over any cut of the output", () => {
  const output = "::add-mask::hunter22\nthe hunter22 here\r\n::warning title=T::100%25\nrest hunter22";
  for (let size = 1; size < output.length; size++) {
    const masker = new Masker();
    const lines: string[] = [];
    const annotations: unknown[] = [];
    const splitter = new LineSplitter(
      commandReader({
        log: (line) => lines.push(masker.mask(line)),
        mask: (secret) => masker.add(secret),
        annotate: (annotation) => annotations.push(annotation),
        debug: false,
      }),
    );
    for (let at = 0; at < output.length; at += size) splitter.push(output.slice(at, at + size));
    splitter.end();
    expect(lines).toEqual(["the *** here", "##[warning]100%", "rest ***"]);
    expect(annotations).toEqual([{ level: "warning", message: "100%", title: "T" }]);
  }
});

test("a job's environment takes of the machine only what it needs", () => {
  const env = machineEnvironment({
    PATH: "/usr/bin:/x/node_modules/.bin:/bin",
    GITHUB_TOKEN: "secret",
    HTTPS_PROXY: "http://proxy.test",
    npm_config_registry: "http://registry.test",
    npm_config_cache: "/cache",
    npm_config_userconfig: "/nowhere/.npmrc",
  });
  expect(env).toEqual({
    PATH: "/usr/bin:/bin",
    LANG: "C.UTF-8",
    HTTPS_PROXY: "http://proxy.test",
    npm_config_registry: "http://registry.test",
    npm_config_cache: "/cache",
  });
});
