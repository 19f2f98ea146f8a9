import { isDeepStrictEqual } from "node:util";
import { describe, expect, test } from "vitest";
import { ask, type Answer, readCorpus, readGolden } from "./corpus.ts";
import { differences } from "./differences.ts";
import { askTerraform, terraformIsHere } from "./terraform.ts";

const corpus = readCorpus();

/** What fails must fail; the words are our own. */
const comparable = (answer: Answer | undefined): unknown => (answer && "error" in answer ? "an error" : answer);

describe.each([...corpus])("expressions: %s", (subject, expressions) => {
  const golden = readGolden(subject);
  test.each(expressions)("%s", (expression) => {
    const [ours, theirs] = [comparable(ask(expression)), comparable(golden[expression])];
    expect(theirs, "recorded by record.ts").toBeDefined();
    expect(isDeepStrictEqual(ours, theirs), `${JSON.stringify(ours)} for ${JSON.stringify(theirs)}`).toBe(
      !differences.has(expression),
    );
  });
});

test("the corpus is large", () => {
  expect([...corpus.values()].flat().length).toBeGreaterThan(1_000);
});

test.skipIf(!terraformIsHere)("the real terraform still answers as recorded", { timeout: 180_000 }, () => {
  const subjects = [...corpus];
  const answers = askTerraform(subjects.flatMap(([, expressions]) => expressions));
  const recorded = subjects.flatMap(([subject, expressions]) => expressions.map((one) => readGolden(subject)[one]));
  expect(answers.map(comparable)).toEqual(recorded.map(comparable));
});
