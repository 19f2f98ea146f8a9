import { describe, expect, test } from "vitest";
import { collectVariables } from "../src/index.ts";

const file = (name: string, content: string) => ({ file: name, content });

describe("variables from outside", () => {
  test("the later stands over the earlier, in Terraform's order", async () => {
    const sources = {
      env: { TF_VAR_a: "env", TF_VAR_b: "env", TF_VAR_only: "[1]", OTHER: "x" },
      files: [
        file("z.auto.tfvars", 'd = "z"\n'),
        file("terraform.tfvars.json", '{"c": "json", "b": "json"}'),
        file("terraform.tfvars", 'a = "plain"\nb = "plain"\nmore = { list = [1, "two"] }\n'),
        file("a.auto.tfvars.json", '{"d": "a", "e": "${not a template}"}'),
        file("ignored.tfvars", 'a = "ignored"\n'),
      ],
      args: [{ assignment: "f=1=2" }, { file: file("x.tfvars", 'f = "file"\na = "x"\n') }, { assignment: "a=last" }],
    };
    expect(await collectVariables(sources)).toEqual({
      diagnostics: [],
      value: {
        a: { text: "last" },
        b: { value: "json" },
        c: { value: "json" },
        d: { value: "z" },
        e: { value: "${not a template}" },
        f: { value: "file" },
        more: { value: { list: [1, "two"] } },
        only: { text: "[1]" },
      },
    });
  });

  test.each([
    ["a reference", { files: [file("terraform.tfvars", "a = var.b\n")], args: [] }, "invalid-reference", 1],
    ["a block", { files: [file("terraform.tfvars", "x = 1\na {\n}\n")], args: [] }, "variables-block", 2],
    ["no equals sign", { files: [], args: [{ assignment: "a" }] }, "variables-assignment", undefined],
  ])("%s is refused", async (_, sources, code, line) => {
    const { diagnostics } = await collectVariables({ env: {}, ...sources });
    expect(diagnostics.map((one) => [one.code, one.range?.start.line])).toEqual([[code, line]]);
  });
});
