import { expect, test } from "vitest";
import type { DogeError } from "@doge/core";
import { renderTemplate } from "../src/create/render.ts";

const text = [
  "a: {{one}}",
  "# {{#if two}}",
  "b: ${{ github.ref }}",
  "# {{/if}}",
  "<!-- {{#if one}} -->",
  "c",
  "<!-- {{/if}} -->",
  "",
].join("\n");

test("words are filled in, GitHub's expressions stay, lines of an empty word go", () => {
  expect(renderTemplate(text, { one: "1", two: "" }, "x")).toBe("a: 1\nc\n");
  expect(renderTemplate(text, { one: "", two: "2" }, "x")).toBe("a: \nb: ${{ github.ref }}\n");
});

test("a condition may be turned round, and stand in another", () => {
  const nested = ["// {{#if one}}", "a", "  {{#unless two}}", "b", "  {{/unless}}", "// {{/if}}", "c"].join("\n");
  expect(renderTemplate(nested, { one: "1", two: "" }, "x")).toBe("a\nb\nc");
  expect(renderTemplate(nested, { one: "1", two: "2" }, "x")).toBe("a\nc");
  expect(renderTemplate(nested, { one: "", two: "" }, "x")).toBe("c");
});

test("an unknown word is a mistake of the template", () => {
  expect(() => renderTemplate("{{three}}", {}, "README.md")).toThrow(
    expect.objectContaining({
      diagnostics: [expect.objectContaining({ code: "template-word", address: "README.md" })],
    }) as DogeError,
  );
});
