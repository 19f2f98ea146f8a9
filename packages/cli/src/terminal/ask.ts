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

/** Asks for yes or no; anything but yes is no. */
export async function confirm(question: string): Promise<boolean> {
  const prompts = await import("@clack/prompts");
  const answer = await prompts.confirm({ message: question, initialValue: false });
  if (prompts.isCancel(answer)) throw cancelled();
  return answer;
}

const cancelled = (): DogeError =>
  new DogeError([error({ code: "cancelled", summary: "Cancelled", detail: "Nothing was changed." })]);
