import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeProjectFiles } from "@doge/core/node";
import { unwrap } from "@doge/core";
import { afterAll, expect, test } from "vitest";
import { loadConfiguration, prepare, validateValues } from "../src/index.ts";
import { memory, World } from "./memory.ts";

const folder = mkdtempSync(join(tmpdir(), "doge-validate-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What is found without values: `line: summary`. */
async function found(content: string): Promise<readonly string[]> {
  const prepared = prepare(unwrap(await loadConfiguration([{ file: "main.tf", content }])), [memory(new World())]);
  const tried = prepared.value ?? prepared.partial;
  if (!tried) throw new Error("nothing could be prepared");
  const wrong = validateValues(tried, { files: nodeProjectFiles(folder) }, prepared.diagnostics);
  return [...prepared.diagnostics, ...wrong].map(
    ({ summary, range, address }) => `${range?.start.line ?? address}: ${summary}`,
  );
}

test("all that fails whatever the values will be is told at once", async () => {
  const content = `
variable "names" { type = list(string) }
variable "size" {
  type = number
  validation {
    condition     = var.size.big > 1
    error_message = uper("too small")
  }
}
locals {
  wrong = 5 + "five"
  again = local.wrong + 1
}
resource "memory_server" "web" {
  name   = uper("x")
  region = var.names
  tags   = var.names[0].first
  lifecycle {
    postcondition {
      condition     = self.ipp != ""
      error_message = "No address."
    }
  }
}
resource "memory_server" "many" {
  count = "three"
  name  = substr(count.index)
}
output "region" { value = memory_server.web.regoin }
output "file" { value = file("nothing.txt") }
check "up" {
  assert {
    condition     = lenght(var.names) > 0
    error_message = "None."
  }
}
`;
  expect(await found(content)).toEqual([
    "29: Unsupported attribute",
    "11: Invalid operand",
    "6: Unsupported attribute",
    "7: Call to unknown function",
    "30: Invalid function argument",
    "33: Call to unknown function",
    "15: Call to unknown function",
    "16: Unsuitable value type",
    "17: Unsupported attribute",
    "20: Unsupported attribute",
    "26: Unsuitable value type",
    "27: Not enough function arguments",
  ]);
});

test("what only values can tell is left to the plan", async () => {
  const content = `
variable "anything" {}
variable "sizes" { type = map(object({ disk = optional(number, 5) })) }
variable "secret" {
  type      = string
  sensitive = true
}
resource "memory_server" "one" {
  for_each = var.sizes
  name     = "\${each.key}-\${each.value.disk}-\${var.anything.deep[0].name}"
  dynamic "disk" {
    for_each = var.anything
    content { gigabytes = disk.value.gigabytes }
  }
}
resource "memory_server" "two" {
  count = var.anything ? 1 : 0
  name  = memory_server.one["a"].ip == "" ? var.secret : element(var.anything, count.index)
}
output "all" {
  value     = [for server in memory_server.one : upper(server.name)]
  sensitive = can(var.anything.x)
}
output "sum" { value = try(memory_server.two[0].ip + 1, var.sizes["a"].disk * 2) }
`;
  expect(await found(content.replace("sensitive = can(var.anything.x)", "sensitive = true"))).toEqual([]);
});

test("a local that depends on itself is a cycle, and what else is wrong is told with it", async () => {
  expect(await found('locals {\n a = local.b\n b = local.a\n c = uper("x")\n}\n')).toEqual([
    "local.a: Cycle",
    "4: Call to unknown function",
  ]);
});
