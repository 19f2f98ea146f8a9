import { DogeError, error } from "@doge/core";

/** Asks one question on the terminal until `problem` finds nothing; an empty answer takes the default. */
export async function ask(
  question: string,
  fallback: string | undefined,
  problem: (answer: string) => string | undefined,
): Promise<string> {
  const { isCancel, text } = await import("@clack/prompts");
  const answer = await text({
    message: question,
    ...(fallback ? { placeholder: fallback, defaultValue: fallback } : {}),
    validate: (value) => {
      const answer = value || fallback;
      return answer ? problem(answer) : "Please give an answer.";
    },
  });
  if (isCancel(answer)) throw cancelled();
  return answer;
}

/** Lets one of several be chosen; the first shown as chosen is `fallback`. */
export async function choose<T extends string>(question: string, values: readonly T[], fallback: T): Promise<T> {
  const { isCancel, select } = await import("@clack/prompts");
  const options = values.map((value) => ({ value: value as string, label: value }));
  const answer = await select({ message: question, options, initialValue: fallback });
  if (isCancel(answer)) throw cancelled();
  return values.find((value) => value === answer) ?? fallback;
}

/** Asks for yes or no; anything but yes is no, unless told. */
export async function confirm(question: string, fallback = false): Promise<boolean> {
  const prompts = await import("@clack/prompts");
  const answer = await prompts.confirm({ message: question, initialValue: fallback });
  if (prompts.isCancel(answer)) throw cancelled();
  return answer;
}

const cancelled = (): DogeError =>
  new DogeError([error({ code: "cancelled", summary: "Cancelled", detail: "Nothing was changed." })]);
