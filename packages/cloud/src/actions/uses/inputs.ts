import { StepFailure } from "../runner/session.ts";

type Inputs = Readonly<Record<string, string>>;

export const flagOf = (inputs: Inputs, name: string, otherwise: boolean): boolean => {
  const text = inputs[name]?.trim();
  if (text === undefined || text === "") return otherwise;
  if (/^true$/i.test(text)) return true;
  if (/^false$/i.test(text)) return false;
  throw new StepFailure(`Input does not meet YAML 1.2 "Core Schema" specification: ${name}`);
};

export const textOfInput = (inputs: Inputs, name: string): string | undefined => inputs[name]?.trim() || undefined;

export function requiredInput(inputs: Inputs, name: string): string {
  return textOfInput(inputs, name) ?? failed(`Input required and not supplied: ${name}`);
}

export const linesOf = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);

/** Inputs that the stand-in would silently get wrong. */
export function refuse(inputs: Inputs, action: string, names: readonly string[]): void {
  for (const name of names) {
    const text = textOfInput(inputs, name);
    if (text !== undefined && !/^false$/i.test(text)) {
      throw new StepFailure(`The local cloud's ${action} does not have the input '${name}'.`);
    }
  }
}

export function failed(message: string): never {
  throw new StepFailure(message);
}
