import { fail } from "@doge/core";

/**
 * Fills `{{word}}` in a template file. GitHub's expressions (`${{ … }}`) and anything with spaces inside stay
 * as they are; an unknown word is a mistake in the template, not in the project. Lines between `{{#if word}}` and
 * `{{/if}}`, each alone on its line (behind a comment's sign, where the file wants one), stay only where the word
 * is not empty; those between `{{#unless word}}` and `{{/unless}}` only where it is.
 */
export function renderTemplate(text: string, values: Readonly<Record<string, string>>, file: string): string {
  const valueOf = (word: string): string => {
    const value = values[word];
    if (value === undefined) {
      return fail({
        code: "template-word",
        summary: "The template asks for an unknown value",
        detail: `{{${word}}}`,
        address: file,
      });
    }
    return value;
  };
  const lines: string[] = [];
  const open: boolean[] = [];
  for (const line of text.split("\n")) {
    const [, kind, word, end] =
      /^[\s#/<!-]*\{\{(?:#(if|unless) ([a-z_]+)|(\/(?:if|unless)))\}\}[\s>-]*$/.exec(line) ?? [];
    if (word !== undefined) open.push((valueOf(word) !== "") === (kind === "if"));
    else if (end !== undefined) open.pop();
    else if (open.every(Boolean)) lines.push(line);
  }
  return lines.join("\n").replace(/(?<!\$)\{\{([a-z_]+)\}\}/g, (_, word: string) => valueOf(word));
}

/** Adds the tool as a pinned development dependency, as the last step before `npm install`. */
export function withTool(packageJson: string, dependency: string): string {
  const manifest = JSON.parse(packageJson) as { devDependencies?: Record<string, string> };
  const dependencies = { ...manifest.devDependencies, doge: dependency };
  manifest.devDependencies = Object.fromEntries(Object.entries(dependencies).sort(([a], [b]) => (a < b ? -1 : 1)));
  return `${JSON.stringify(manifest, null, 2)}\n`;
}
