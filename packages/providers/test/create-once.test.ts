import { DogeError, error } from "@doge/core";
import { expect, test } from "vitest";
import { ApiError, createOnce } from "../src/shared/errors.ts";

const answered = (status: number | undefined): ApiError =>
  new ApiError(error({ code: "x", summary: String(status) }), status);

/** A vendor whose answers to creates are as given; `there` is what it holds before. */
function vendor(answers: readonly (number | undefined | "made" | "lost")[], there = false) {
  const seen = { creates: 0, there };
  return {
    seen,
    create: async () => {
      const answer = answers[seen.creates++];
      if (answer === "made" || answer === "lost") seen.there = true;
      if (answer === "made") return "object";
      throw answered(answer === "lost" ? undefined : answer);
    },
    find: async () => (seen.there ? "object" : undefined),
    exists: () => new DogeError([error({ code: "exists", summary: "exists" })]),
  };
}

test("a create whose answer was lost is found, not sent again", async () => {
  const one = vendor(["lost"]);
  expect(await createOnce({ ...one, taken: [422] })).toBe("object");
  expect(one.seen.creates).toBe(1);
});

test("one that had no effect is sent again where no two alike are allowed", async () => {
  const one = vendor([502, "made"]);
  expect(await createOnce({ ...one, taken: [422] })).toBe("object");
  expect(one.seen.creates).toBe(2);
});

test("one that had no effect is not sent again where two alike are allowed", async () => {
  const one = vendor([502, "made"]);
  await expect(createOnce({ create: one.create, find: one.find })).rejects.toMatchObject({ status: 502 });
  expect(one.seen.creates).toBe(1);
});

test("what was not seen after the first is ours when the second is refused", async () => {
  const one = vendor([502, 422]);
  let looks = 0;
  const find = async () => (++looks > 1 ? "object" : undefined);
  expect(await createOnce({ ...one, find, taken: [422] })).toBe("object");
});

test("what was there before is not adopted", async () => {
  const one = vendor([422], true);
  await expect(createOnce({ ...one, taken: [422] })).rejects.toThrow("exists");
});
