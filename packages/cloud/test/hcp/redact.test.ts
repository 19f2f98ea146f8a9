import { expect, test } from "vitest";
import { redactDocument, redactText, secretStrings, streamRedactor } from "../../src/hcp/redact.ts";

test("a secret is found wherever a log is cut", () => {
  const secrets = secretStrings(["correct-horse"]);
  const whole = "a correct-horse and corr and correct-horse";
  for (let first = 0; first <= whole.length; first++) {
    for (let second = first; second <= whole.length; second++) {
      const redactor = streamRedactor(secrets);
      const pieces = [whole.slice(0, first), whole.slice(first, second), whole.slice(second)];
      const shown = pieces.map((piece) => redactor.push(piece)).join("") + redactor.end();
      expect(shown).toBe("a (sensitive value) and corr and (sensitive value)");
    }
  }
});

test("nothing is held back that can't be the start of a secret", () => {
  const redactor = streamRedactor(secretStrings(["correct-horse"]));
  expect(redactor.push("line one\n")).toBe("line one\n");
  expect(redactor.push("line cor")).toBe("line ");
  expect(redactor.push("al\n")).toBe("coral\n");
});

test("the lines of a key, the strings inside an expression, and their escaped forms", () => {
  const secrets = secretStrings(["-----BEGIN KEY-----\nabcdefghij\n", '{"A" = "inside-the-map"}', 'quote"inside']);
  expect(redactText("  abcdefghij  ", secrets)).toBe("  (sensitive value)  ");
  expect(redactText("x inside-the-map y", secrets)).toBe("x (sensitive value) y");
  expect(redactText(JSON.stringify({ a: 'quote"inside' }), secrets)).toBe('{"a":"(sensitive value)"}');
});

test("values too short to be secrets don't empty the log", () => {
  expect(secretStrings(["1", "abc", ""])).toEqual([]);
});

test("documents keep their shape", () => {
  const document = { name: "x", list: ["s3cret!", 1, null], s3cret: true };
  expect(redactDocument(document, secretStrings(["s3cret!"]))).toEqual({
    name: "x",
    list: ["(sensitive value)", 1, null],
    s3cret: true,
  });
});
