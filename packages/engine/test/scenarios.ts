/** Configurations before and after, planned and applied by both engines: see terraform.test.ts. */
export interface Scenario {
  readonly before?: Files;
  readonly after: Files;
  readonly flags?: readonly string[];
}

type Files = string | Readonly<Record<string, string>>;

const three = `
resource "terraform_data" "a" { input = "one" }
resource "terraform_data" "b" {
  count = 2
  input = terraform_data.a.output
}
resource "terraform_data" "c" {
  for_each         = toset(["x", "y"])
  input            = each.key
  triggers_replace = [terraform_data.a.id]
}
output "o" { value = terraform_data.c["x"].output }
`;

const child = {
  "m/main.tf": `
variable "n" {
  type = string
  validation {
    condition     = length(var.n) < 5
    error_message = "too long"
  }
}
variable "opt" {
  type    = object({ a = optional(string, "d"), b = optional(number) })
  default = {}
}
resource "terraform_data" "in" { input = "\${var.n}-\${var.opt.a}" }
module "inner" {
  source = "./inner"
  id     = terraform_data.in.id
}
output "id" { value = terraform_data.in.id }
output "secret" {
  value     = "s-\${var.n}"
  sensitive = true
}
`,
  "m/inner/main.tf": 'variable "id" {}\nresource "terraform_data" "deep" { input = var.id }\n',
};

const called = (more: string, rest = "") => ({
  ...child,
  "main.tf": `module "x" {\n  source = "./m"\n  ${more}\n}\n${rest}\n`,
});

const conditions = (condition: string) => `
resource "terraform_data" "a" {
  input = 5
  lifecycle {
    precondition {
      condition     = var.limit > 1
      error_message = "limit"
    }
    postcondition {
      condition     = ${condition}
      error_message = "too small: \${self.input}"
    }
  }
}
variable "limit" { default = 3 }
output "o" {
  value = terraform_data.a.output
  precondition {
    condition     = terraform_data.a.input == 5
    error_message = "not five"
  }
}
check "size" {
  assert {
    condition     = terraform_data.a.input > 10
    error_message = "smaller than ten"
  }
}
`;

const replaced = (trigger: number, lifecycle: string) => `
resource "terraform_data" "a" { triggers_replace = ${trigger} }
resource "terraform_data" "b" {
  input = terraform_data.a.id
  lifecycle { ${lifecycle} }
}
`;

export const scenarios: Readonly<Record<string, Scenario>> = {
  update: { before: three, after: three.replace('"one"', '"two"') },
  nothing: { before: three, after: three },
  destroy: { before: three, after: three, flags: ["-destroy"] },
  target: { before: three, after: three.replace('"one"', '"two"'), flags: ["-target=terraform_data.b"] },
  "replace by request": { before: three, after: three, flags: ["-replace=terraform_data.a"] },
  "fewer instances": { before: three, after: three.replace("count = 2", "count = 1").replace('"x", "y"', '"x"') },
  "count goes": { before: three, after: three.replace("count = 2", "") },
  moved: {
    before: three,
    after: `${three.replaceAll('data" "b"', 'data" "bb"').replaceAll('data" "a"', 'data" "aa"').replaceAll("data.a.", "data.aa.")}
moved {
  from = terraform_data.b
  to   = terraform_data.bb
}
moved {
  from = terraform_data.a
  to   = terraform_data.aa
}`,
  },
  "removed, only forgotten": {
    before: three,
    after: "removed {\n  from = terraform_data.b\n  lifecycle {\n    destroy = false\n  }\n}\n",
  },
  "imported, each": {
    after: `
locals { m = { p = "1", q = "2" } }
import {
  for_each = local.m
  to       = terraform_data.a[each.key]
  id       = each.value
}
resource "terraform_data" "a" {
  for_each = local.m
  input    = each.key
}`,
  },
  "create before destroy, and what it depends on": {
    before: replaced(1, "create_before_destroy = true"),
    after: replaced(2, "create_before_destroy = true"),
  },
  "replaced by a trigger": {
    before:
      'resource "terraform_data" "a" { input = 1 }\nresource "terraform_data" "b" {\n  lifecycle {\n    replace_triggered_by = [terraform_data.a.input]\n  }\n}\n',
    after:
      'resource "terraform_data" "a" { input = 2 }\nresource "terraform_data" "b" {\n  lifecycle {\n    replace_triggered_by = [terraform_data.a.input]\n  }\n}\n',
  },
  "ignored changes": {
    before: 'resource "terraform_data" "a" { input = { x = 1, y = 2 } }',
    after: 'resource "terraform_data" "a" {\n  input = { x = 3 }\n  lifecycle { ignore_changes = [input] }\n}',
  },
  "prevented destroy": {
    before: replaced(1, "prevent_destroy = true"),
    after: 'resource "terraform_data" "b" {\n  triggers_replace = 1\n  lifecycle { prevent_destroy = true }\n}',
  },
  "modules with count": {
    before: called("count = 2\n  n = count.index", 'output "o" { value = module.x[*].id }'),
    after: called('count = 1\n  n = "c${count.index}"', 'output "o" { value = module.x[*].id }'),
  },
  "modules in modules": { after: called('n = "a"', 'resource "terraform_data" "z" { input = module.x.secret }') },
  "a module that goes": { before: called('n = "a"'), after: "" },
  "an object moves into a module, with its own": {
    before: 'resource "terraform_data" "in" { input = "a-d" }',
    after: called('n = "a"', "moved {\n  from = terraform_data.in\n  to   = module.x.terraform_data.in\n}"),
  },
  "a module gets keys": {
    before: called('n = "a"'),
    after: called(
      'for_each = toset(["k"])\n  n = "a"',
      'moved {\n  from = module.x\n  to   = module.x["k"]\n}\noutput "o" { value = { for k, m in module.x : k => m.id } }',
    ),
  },
  "a module as target": {
    after: called('n = "a"', 'resource "terraform_data" "z" { input = module.x.id }'),
    flags: ["-target=module.x"],
  },
  "a module's variable breaks its rule": { after: called('n = "abcdef"') },
  "a module's variable that is not there": { after: called('n = "a"\n  nn = 1') },
  "a module's variable that is missing": { after: called("") },
  "a module's output that is not there": { after: called('n = "a"', 'output "o" { value = module.x.idd }') },
  conditions: { after: conditions("length(self.id) > 3") },
  "a condition that fails when applied": { after: conditions("length(self.id) > 300") },
  "a condition that fails when planned": { after: conditions("self.input > 7") },
  "sensitive parts": {
    after: `
variable "s" {
  default   = "abc"
  sensitive = true
}
resource "terraform_data" "a" {
  input            = { k = var.s, o = 1 }
  triggers_replace = var.s
}
output "o" {
  value     = terraform_data.a.input
  sensitive = true
}`,
  },
  "overrides and JSON": {
    after: {
      "main.tf": 'resource "terraform_data" "a" { input = 1 }\nlocals { x = 1 }\noutput "x" { value = local.x }',
      "main_override.tf": 'resource "terraform_data" "a" { input = 2 }\nlocals { x = 5 }',
      "b.tf.json": '{"resource":{"terraform_data":{"j":{"input":"${local.x}-j"}}}}',
    },
  },
  variables: {
    after: 'variable "a" { type = list(number) }\nvariable "b" {}\noutput "o" { value = [var.a, var.b] }',
    flags: ['-var=a=[1,"2"]', "-var=b=[hello]"],
  },
  "unknown keys": {
    after:
      'resource "terraform_data" "a" { input = 1 }\nresource "terraform_data" "b" { for_each = toset([terraform_data.a.id]) }',
  },
  "a circle": {
    after:
      'resource "terraform_data" "a" { input = terraform_data.b.id }\nresource "terraform_data" "b" { input = terraform_data.a.id }',
  },
};
