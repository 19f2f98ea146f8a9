import { fail } from "@doge/core";

/**
 * Fills `{{word}}` in a template file. GitHub's expressions (`${{ … }}`) and anything with spaces inside stay
 * as they are; an unknown word is a mistake in the template, not in the project.
 */
export function renderTemplate(text: string, values: Readonly<Record<string, string>>, file: string): string {
  return text.replace(/(?<!\$)\{\{([a-z_]+)\}\}/g, (_, word: string) => {
    const value = values[word];
    if (value === undefined) {
      fail({
        code: "template-word",
        summary: "The template asks for an unknown value",
        detail: `{{${word}}}`,
        address: file,
      });
    }
    return value;
  });
}

/** Adds the tool as a pinned development dependency, as the last step before `npm install`. */
export function withTool(packageJson: string, dependency: string): string {
  const manifest = JSON.parse(packageJson) as { devDependencies?: Record<string, string> };
  const dependencies = { ...manifest.devDependencies, doge: dependency };
  manifest.devDependencies = Object.fromEntries(Object.entries(dependencies).sort(([a], [b]) => (a < b ? -1 : 1)));
  return `${JSON.stringify(manifest, null, 2)}\n`;
}
