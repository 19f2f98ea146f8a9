import { DogeError, fail } from "@doge/core";
import { describe, expect, test } from "vitest";
import { evaluate, type Scope } from "../src/lang/evaluate.ts";
import { encodeJson } from "../src/lang/functions/json.ts";
import { parseExpression, parseTemplateText } from "../src/lang/parser.ts";
import * as v from "../src/lang/values.ts";

const values: Record<string, v.Value> = {
  "var.name": v.string("web"),
  "var.secret": v.mark(v.string("hunter22")),
  "var.later": v.unknownOf("string"),
  "var.whatever": v.unknownOf(),
  "var.ports": v.list("number", [v.number(80), v.number(443)]),
  "droplet.web": v.object([
    ["id", v.unknownOf("string")],
    ["tags", v.list("string", [v.string("a"), v.mark(v.string("b"))])],
  ]),
};

const scope: Scope = {
  value: (reference) => {
    const key = [reference.root, ...reference.names].join(".");
    return values[key] ?? fail({ code: "undeclared", summary: `no ${key}` });
  },
};

const evaluated = (source: string): v.Value => evaluate(parseExpression(source), scope);
const shown = (source: string): string => encodeJson(evaluated(source));

/** Expressions that fail, with the code of the diagnostic. */
const failures: readonly (readonly [source: string, code: string])[] = [
  ["1 +", "syntax"],
  ["[1, 2", "syntax"],
  ['"abc', "syntax"],
  ["{ a = 1 b = 2 }", "syntax"],
  ["nope(1)", "unknown-function"],
  ["provider::x::y(1)", "provider-function"],
  ["upper()", "argument-count"],
  ["upper([])", "invalid-argument"],
  ["upper(null)", "invalid-argument"],
  ["[1][5]", "invalid-index"],
  ['toset(["a"])[0]', "invalid-index"],
  ["{ a = 1 }.b", "unsupported-attribute"],
  ["tomap({ a = 1 }).b", "missing-map-element"],
  ["null.a", "null-attribute"],
  ["1 / 0", "division-by-zero"],
  ['1 + "x"', "invalid-operand"],
  ["null + 1", "invalid-operand"],
  ["null ? 1 : 2", "null-condition"],
  ["true ? [1] : 5", "inconsistent-condition"],
  ["{ for x in [1, 1] : x => x }", "duplicate-key"],
  ["[for x in 5 : x]", "invalid-for"],
  ['"a${null}"', "null-in-template"],
  ['jsondecode("{")', "invalid-argument"],
  ['tonumber("x")', "invalid-argument"],
  ['regex("a", "b")', "call-failed"],
  ['file("a")', "no-files-here"],
];

describe("failures", () => {
  const troubleOf = (source: string): DogeError["diagnostics"] => {
    try {
      evaluated(source);
      return [];
    } catch (thrown) {
      return thrown instanceof DogeError ? thrown.diagnostics : [];
    }
  };

  test.each(failures)("%s", (source, code) => {
    expect(troubleOf(source)).toMatchObject([{ code }]);
  });

  test("a misspelt function names the nearest one", () => {
    const diagnostics = troubleOf("jsonencod(1)");
    expect(diagnostics).toMatchObject([
      { detail: 'There is no function named "jsonencod".', remedy: 'Did you mean "jsonencode"?' },
    ]);
  });
});

describe("unknown values", () => {
  test.each([
    ["var.later == null", "bool"],
    ['"x-${var.later}"', "string"],
    ["upper(var.later)", "string"],
    ["jsonencode([var.later])", "string"],
    ["var.later == var.name", "bool"],
    ['var.whatever ? "a" : "b"', "string"],
    ["droplet.web.id", "string"],
    ["var.whatever.some[0].thing", "dynamic"],
    ["[for x in var.whatever : x]", "dynamic"],
  ])("%s is unknown", (source, type) => {
    expect(evaluated(source)).toMatchObject({ kind: "unknown", type });
  });

  test.each([
    ["length([var.later, var.later])", "2"],
    ["[var.later, 1][1]", "1"],
    ["merge({ a = var.later }, { b = 2 }).b", "2"],
    ["keys({ a = var.later })", '["a"]'],
    ['contains([var.later, "x"], "x")', "true"],
  ])("%s is known all the same", (source, json) => {
    expect(v.isWhollyKnown(evaluated(source))).toBe(true);
    expect(shown(source)).toBe(json);
  });
});

describe("sensitive marks", () => {
  test.each([
    '"x${var.secret}"',
    "upper(var.secret)",
    'var.secret == "a"',
    'var.secret == "hunter22" ? 1 : 2',
    "jsonencode({ a = var.secret })",
    "sensitive(1) + 1",
    "{ a = var.secret }.a",
    "toset([var.secret])",
    "[for x in [1, 2] : x if var.secret != null]",
    "try(var.nothing, var.secret)",
    'join(",", droplet.web.tags)',
  ])("%s stays secret", (source) => {
    expect(evaluated(source).sensitive).toBe(true);
  });

  test.each(["length([var.secret])", "droplet.web.tags[0]", "nonsensitive(var.secret)", "keys({ a = var.secret })"])(
    "%s is none",
    (source) => {
      expect(v.hasSensitive(evaluated(source))).toBe(false);
    },
  );
});

describe("templates of JSON configurations", () => {
  const text = (source: string): unknown => v.toPlain(evaluate(parseTemplateText(source), scope));
  test.each([
    ["plain \\n text", "plain \\n text"],
    ["$${literal} %%{too}", "${literal} %{too}"],
    ["a $${b} ${var.name}", "a ${b} web"],
    ["${var.ports}", [80, 443]],
    ["%{ for p in var.ports ~}\n${p};\n%{ endfor ~}\n", "80;\n443;\n"],
    ['%{ if var.name == "web" }yes%{ else }no%{ endif }', "yes"],
    ["%{ if false }yes%{ endif }", ""],
    ["%{ for i, p in var.ports }${i}=${p} %{ endfor }", "0=80 1=443 "],
    ['${"${var.name}-${1 + 1}"}', "web-2"],
  ])("%j", (source, value) => {
    expect(text(source)).toEqual(value);
  });
});
