import { describe, expect, test } from "vitest";
import { loadConfiguration } from "../src/index.ts";
import { Bench } from "./memory.ts";

const load = (content: string, file = "main.tf") => loadConfiguration([{ file, content }]);

/** `code line:column` (a syntax error: the line), with the line's own text. */
const said = async (content: string) =>
  (await load(content)).diagnostics.map(({ code, range }) => [
    `${code} ${range?.start.line}${code === "syntax" ? "" : `:${range?.start.column}`}`,
    range?.excerpt?.trim(),
  ]);

describe("HCL", () => {
  test("means what the same JSON means", async () => {
    const bench = new Bench();
    await bench.up(`
      variable "sizes" {
        type    = map(object({ size = optional(number, 2) }))
        default = { a = {}, b = { size = 3 } }
      }
      locals {
        names = [for name, one in var.sizes : upper(name) if one.size > 2]
      }
      resource "memory_server" "web" {
        for_each = var.sizes
        name     = "web-\${each.key}"
        size     = each.value.size
        dynamic "disk" {
          for_each = range(each.value.size)
          iterator = number
          content {
            gigabytes = 10 * (number.value + 1)
          }
        }
        disk { gigabytes = 99 }
        lifecycle {
          ignore_changes = [tags]
        }
      }
      output "names" { value = local.names }
      output "ips" { value = { for key, one in memory_server.web : key => one.ip } }
    `);
    const made = [...bench.world.objects.values()].map((one) => [one["name"], one["size"], one["disk"]]);
    expect(made).toMatchObject([
      ["web-a", 2, [{ gigabytes: 10 }, { gigabytes: 20 }, { gigabytes: 99 }]],
      ["web-b", 3, [{ gigabytes: 10 }, { gigabytes: 20 }, { gigabytes: 30 }, { gigabytes: 99 }]],
    ]);
    expect(bench.state?.outputs["names"]).toEqual({ value: ["B"], type: ["tuple", ["string"]] });
    expect(Object.keys(bench.state?.outputs["ips"]?.value as object)).toEqual(["a", "b"]);
  });

  test("stands beside JSON, and override files lie over both", async () => {
    const { value, diagnostics } = await loadConfiguration([
      { file: "a.tf", content: 'locals {\n  one = 1\n}\nvariable "v" {\n  default = "a"\n}\n' },
      { file: "b.tf.json", content: '{"locals":{"two":"${local.one + 1}"}}' },
      { file: "b_override.tf", content: 'locals {\n  one = 10\n}\nvariable "v" {\n  description = "late"\n}\n' },
    ]);
    expect(diagnostics).toEqual([]);
    expect([...(value?.locals.keys() ?? [])].sort()).toEqual(["one", "two"]);
    expect(value?.locals.get("one")?.node).toMatchObject({ kind: "literal", value: { value: 10 } });
    expect(value?.variables.get("v")).toMatchObject({ description: "late", default: { value: "a" } });
    const lost = await loadConfiguration([{ file: "override.tf", content: 'output "x" {\n  value = 1\n}\n' }]);
    expect(lost.diagnostics).toMatchObject([{ code: "config-override" }]);
  });

  test.each([
    ["an expression", "locals {\n  a = [1,, 2]\n}", [["syntax 2", "a = [1,, 2]"]]],
    ["a block that never closes", 'resource "memory_server" "web" {\n  name = "x"\n', [["syntax 2", 'name = "x"']]],
    ["two arguments on a line", "locals {\n  a = 1 b = 2\n}", [["syntax 2", "a = 1 b = 2"]]],
    ["a block closed too early", 'resource "a_b" "c" {\n  lifecycle {\n  } }\n', [["syntax 3", "} }"]]],
    ["an argument twice", "locals {\n  a = 1\n  a = 2\n}", [["config-duplicate 3:3", "a = 2"]]],
    ["an unknown block", "resorce {\n}", [["config-unknown-section 1:1", "resorce {"]]],
    ["a label too few", 'resource "memory_server" {\n}', [["config-wrong-labels 1:1", 'resource "memory_server" {']]],
    [
      "an argument for a block",
      'resource "a_b" "c" {\n  lifecycle = {}\n}',
      [["config-wrong-shape 2:3", "lifecycle = {}"]],
    ],
    [
      "a rule that checks nothing",
      'output "x" {\n  value = 1\n  precondition {\n    condition     = true\n    error_message = "no"\n  }\n}',
      [["condition-constant 4:5", "condition     = true"]],
    ],
  ])("%s is told with its place", async (_, content, expected) => {
    expect(await said(content)).toEqual(expected);
  });

  test("all that is wrong is told at once", async () => {
    const { diagnostics } = await load('variable "a" {\n  typo = 1\n}\noutput "b" {\n}\nmodule "c" {\n}\n');
    expect(diagnostics.map((one) => [one.code, one.range?.start.line])).toEqual([
      ["config-unknown-argument", 2],
      ["config-missing-argument", 4],
      ["config-missing-argument", 6],
    ]);
  });
});
