import { fail } from "@doge/core";

/** The words of a simple shell line: quotes are understood, anything that needs a shell is not. */
export function splitWords(line: string): readonly string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (const character of line) {
    if (quote) {
      if (character === quote) quote = "";
      else word += character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= "";
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (/[|&;<>()$`\\*[\]#~{}]/.test(character)) {
      return undefined;
    } else word = (word ?? "") + character;
  }
  if (quote) return undefined;
  if (word !== undefined) words.push(word);
  return words;
}

/** How the image starts the app: the project's `start` script, run without npm or a shell, so that signals arrive. */
export function startCommand(packageJson: string): readonly string[] {
  const { scripts = {} } = JSON.parse(packageJson) as { readonly scripts?: Readonly<Record<string, string>> };
  const words = scripts["start"] === undefined ? undefined : splitWords(scripts["start"]);
  if (words?.[0] === "node" && words.length > 1) return words;
  return fail({
    code: "image-start",
    summary: "Doge can't tell how to start the app",
    detail: scripts["start"] === undefined ? "package.json has no script `start`" : `start is: ${scripts["start"]}`,
    address: "package.json: scripts.start",
    remedy: 'Write it as one plain node command, such as "node src/server.ts".',
  });
}
