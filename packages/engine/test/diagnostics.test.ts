import { describe, expect, test } from "vitest";
import { hasErrors } from "@doge/core";
import { loadConfiguration, planSummary } from "../src/index.ts";
import { Bench } from "./memory.ts";

const server = (more: object) => ({ resource: { memory_server: { web: { name: "web", ...more } } } });

/** Wrong configurations, with the diagnostics that they get. */
const table: readonly (readonly [what: string, document: object, expected: object])[] = [
  [
    "an undeclared variable",
    { variable: { region: { default: "a" } }, ...server({ region: "${var.regoin}" }) },
    {
      code: "undeclared-reference",
      summary: "Reference to undeclared input variable",
      remedy: 'Did you mean "region"?',
      address: "memory_server.web",
    },
  ],
  [
    "an undeclared local",
    { locals: { a: "${local.b}" } },
    { summary: "Reference to undeclared local value", address: "local.a" },
  ],
  [
    "an undeclared resource",
    { output: { x: { value: "${memory_server.wbe.ip}" } }, ...server({}) },
    { summary: "Reference to undeclared resource", remedy: "Did you mean memory_server.web?", address: "output.x" },
  ],
  [
    "an unknown attribute",
    { output: { x: { value: "${memory_server.web.ipp}" } }, ...server({}) },
    { code: "unsupported-attribute", remedy: 'Did you mean "ip"?' },
  ],
  [
    "a forgotten key",
    { output: { x: { value: "${memory_server.web.ip}" } }, ...server({ count: 2 }) },
    { code: "missing-instance-key", remedy: expect.stringContaining("memory_server.web[count.index]") },
  ],
  [
    "each without for_each",
    server({ region: "${each.key}" }),
    { summary: 'Reference to "each" in context without for_each' },
  ],
  [
    "an unknown argument",
    server({ nmae: "x" }),
    { code: "config-unknown-argument", remedy: 'Did you mean "name"?', address: "memory_server.web" },
  ],
  ["a read-only attribute", server({ ip: "1.1.1.1" }), { code: "config-read-only" }],
  [
    "a missing argument",
    { resource: { memory_server: { web: {} } } },
    { code: "config-missing-argument", detail: expect.stringContaining('"name"') },
  ],
  [
    "a missing argument in a block",
    server({ disk: [{}] }),
    { code: "config-missing-argument", detail: expect.stringContaining('"gigabytes"') },
  ],
  ["a null for a required argument", server({ name: null }), { code: "config-missing-argument" }],
  [
    "a wrong type",
    server({ tags: "a" }),
    { code: "wrong-type", detail: 'Inappropriate value for attribute "tags": set of string required.' },
  ],
  [
    "a wrong type deep inside",
    server({ tags: ["a", ["b"]] }),
    { detail: 'Inappropriate value for attribute "tags": element 1: string required.' },
  ],
  [
    "an unknown resource type",
    { resource: { memory_sever: { web: {} } } },
    { code: "config-unknown-type", remedy: 'Did you mean "memory_server"?' },
  ],
  [
    "an unknown provider",
    { resource: { aws_instance: { web: {} } } },
    { code: "provider-unknown", address: "aws_instance.web" },
  ],
  ["an unknown section", { resources: {} }, { code: "config-unknown-section", remedy: 'Did you mean "resource"?' }],
  ["a module that is not there", { module: { a: { source: "./a" } } }, { code: "module-unreadable" }],
  [
    "a missing variable",
    { variable: { token: { type: "string" } } },
    { code: "variable-missing", detail: expect.stringContaining('"token"'), address: "var.token" },
  ],
  [
    "a cycle",
    { locals: { a: "${local.b}", b: "${local.a}" } },
    { code: "dependency-cycle", detail: "These depend on each other: local.a, local.b." },
  ],
  ["a bad expression", server({ region: "${1 +}" }), { code: "syntax", summary: "Invalid expression" }],
  ["count and for_each", server({ count: 1, for_each: {} }), { code: "config-count-and-for-each" }],
  [
    "for_each of a list",
    server({ for_each: ["a"] }),
    { code: "invalid-for-each", detail: expect.stringContaining("toset") },
  ],
  ["a negative count", server({ count: -1 }), { code: "invalid-count" }],
  [
    "a secret for_each",
    { variable: { s: { default: ["a"], type: "set(string)", sensitive: true } }, ...server({ for_each: "${var.s}" }) },
    { code: "invalid-for-each", detail: expect.stringContaining("Sensitive") },
  ],
  [
    "a count that is unknown",
    { resource: { memory_server: { a: { name: "a" }, b: { name: "b", count: "${length(memory_server.a.ip)}" } } } },
    { code: "invalid-count", address: "memory_server.b" },
  ],
  [
    "a secret output",
    { variable: { s: { default: "x", sensitive: true } }, output: { o: { value: "${var.s}" } } },
    { code: "output-sensitive" },
  ],
  ["an invalid type", { variable: { a: { type: "strin" } } }, { code: "invalid-type" }],
  [
    "a default of the wrong type",
    { variable: { a: { type: "number", default: "x" } } },
    { code: "wrong-type", address: "var.a" },
  ],
  [
    "a broken rule",
    {
      variable: {
        a: { default: 1, validation: [{ condition: "${var.a > 5}", error_message: "Too small: ${var.a}." }] },
      },
    },
    { code: "variable-invalid", detail: "Too small: 1." },
  ],
  ["a provider alias that isn't", server({ provider: "memory.other" }), { code: "provider-not-present" }],
];

async function diagnose(document: object) {
  const loaded = await loadConfiguration([{ file: "main.tf.json", content: JSON.stringify(document, null, 2) }]);
  if (hasErrors(loaded.diagnostics)) return loaded.diagnostics;
  const bench = new Bench();
  return (await bench.outcome(document)).diagnostics;
}

test.each(table)("%s", async (_, document, expected) => {
  const diagnostics = await diagnose(document);
  expect(diagnostics).toContainEqual(expect.objectContaining({ severity: "error", ...expected }));
});

test("everything that is wrong is told at once, each with its line", async () => {
  const content = `{
  "resource": {
    "memory_server": {
      "web": {
        "nmae": "web",
        "region": "\${var.nothing}"
      }
    }
  }
}`;
  const loaded = await loadConfiguration([{ file: "main.tf.json", content }]);
  const { diagnostics } = await new Bench().outcome({}, { configuration: loaded.value! });
  expect(diagnostics.map((one) => [one.code, one.range?.start.line, one.range?.excerpt?.trim()])).toEqual([
    ["config-unknown-argument", 5, '"nmae": "web",'],
    ["config-missing-argument", 4, '"web": {'],
    ["undeclared-reference", 6, '"region": "${var.nothing}"'],
  ]);
});

test("broken JSON and doubled blocks name the place", async () => {
  expect(
    (await loadConfiguration([{ file: "a.tf.json", content: '{\n  "locals": {,}\n}' }])).diagnostics,
  ).toMatchObject([{ code: "config-not-json", range: { start: { line: 2 } } }]);
  const twice = ["a.tf.json", "b.tf.json"].map((file) => ({ file, content: JSON.stringify(server({})) }));
  expect((await loadConfiguration(twice)).diagnostics).toMatchObject([
    { code: "config-duplicate", range: { file: "b.tf.json" }, address: "memory_server.web" },
  ]);
});

describe("variables", () => {
  const document = {
    variable: {
      plain: { type: "number" },
      shaped: { type: 'object({ name = string, size = optional(string, "s"), tags = optional(list(string)) })' },
      files: { type: "map(string)", sensitive: true },
    },
    output: { all: { value: "${jsonencode([var.plain, var.shaped, nonsensitive(var.files)])}" } },
  };

  test("come as JSON or as expressions, and are converted", async () => {
    const bench = new Bench();
    const variables = {
      plain: { value: "5" },
      shaped: { expression: '{ name = "x" }' },
      files: { expression: '{"a" = "b"}' },
    };
    await bench.up(document, { variables });
    expect(JSON.parse(String(bench.state?.outputs["all"]?.value))).toEqual([
      5,
      { name: "x", size: "s", tags: null },
      { a: "b" },
    ]);
  });

  test("a stranger is let through, a misspelling is told", async () => {
    const variables = { plan: { value: 1 }, other_workspaces_token: { value: "x" } };
    const { diagnostics } = await new Bench().outcome(document, { variables });
    expect(diagnostics.filter((one) => one.severity === "warning")).toMatchObject([
      { code: "variable-undeclared", remedy: 'Did you mean "plain"?' },
    ]);
  });
});

describe("data sources and late settings", () => {
  const withData = (depends: object) => ({
    resource: { memory_server: { web: { name: "web" } } },
    data: { memory_lookup: { web: { name: "${memory_server.web.name}", ...depends } } },
    output: { ip: { value: "${data.memory_lookup.web.ip}" } },
  });

  test("are read at plan time, or when what they need exists", async () => {
    const bench = new Bench();
    const plan = await bench.plan(withData({}));
    expect(plan.changes.map((one) => [one.address, one.action, one.reason])).toContainEqual([
      "data.memory_lookup.web",
      "read",
      "read_because_dependency_pending",
    ]);
    await bench.apply(plan);
    expect(bench.state?.outputs["ip"]?.value).toBe("10.0.1.1");
    const next = await bench.plan(withData({}));
    expect(next.data).toMatchObject({ "data.memory_lookup.web": { attributes: { ip: "10.0.1.1", name: "web" } } });
    expect(planSummary(next)).toEqual({ add: 0, change: 0, destroy: 0 });
  });

  test("a provider whose settings come from another's object waits for it", async () => {
    const bench = new Bench();
    const document = {
      provider: { memory: [{}, { alias: "late", token: "${memory_server.web.password}" }] },
      resource: { memory_server: { web: { name: "web" }, second: { name: "second", provider: "memory.late" } } },
    };
    await bench.up(document);
    expect(bench.world.token).toBe("hunter-1");
    expect(bench.state?.resources.map((one) => one.provider)).toContain(
      'provider["registry.terraform.io/doge/memory"].late',
    );
    expect(planSummary(await bench.plan(document))).toEqual({ add: 0, change: 0, destroy: 0 });
    await bench.up(document, { mode: "destroy" });
    expect(bench.world.objects.size).toBe(0);
  });

  test("targets bring what they depend on, and nothing else", async () => {
    const document = {
      resource: {
        memory_server: { a: { name: "a" }, b: { name: "b" } },
        memory_record: { a: { name: "a.", value: "${memory_server.a.ip}" } },
      },
    };
    const plan = await new Bench().plan(document, { targets: ["memory_record.a"] });
    expect(plan.changes.map((one) => one.address)).toEqual(["memory_record.a", "memory_server.a"]);
  });

  test("refresh-only records what changed, and proposes nothing", async () => {
    const bench = new Bench();
    const document = { resource: { memory_server: { web: { name: "web", tags: ["a"] } } } };
    await bench.up(document);
    bench.world.objects.set("1", { ...bench.world.objects.get("1"), tags: ["b"] });
    const plan = await bench.plan(document, { mode: "refresh-only" });
    expect([plan.changes, plan.drift.length]).toEqual([[], 1]);
    await bench.apply(plan);
    expect(bench.state?.resources[0]?.instances[0]?.attributes["tags"]).toEqual(["b"]);
  });
});
