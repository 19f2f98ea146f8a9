import { interpolate } from "./interpolate.ts";

/**
 * Reads `NAME=value` lines. Docker's own `--env-file` is `raw`: values as they stand. Compose knows quotes,
 * escapes, comments, `export`, several lines in quotes, and `${NAME}` outside of single quotes.
 */
export function parseDotenv(
  text: string,
  options: { readonly raw?: boolean; readonly variables?: Readonly<Record<string, string | undefined>> } = {},
): Record<string, string> {
  const values: Record<string, string> = {};
  if (options.raw) {
    for (const line of text.split(/\r?\n/)) {
      const [name = "", value] = line.trimStart().split(/=(.*)/s);
      if (name !== "" && !name.startsWith("#") && value !== undefined) values[name] = value;
    }
    return values;
  }
  const pattern = /^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*[=:][ \t]*(?:'([^']*)'|"((?:\\.|[^"\\])*)"|([^\r\n]*))/gm;
  for (const [, name = "", single, double, plain] of text.matchAll(pattern)) {
    const known = { ...options.variables, ...values };
    if (single !== undefined) values[name] = single;
    else if (double !== undefined) values[name] = interpolate(unescape(double), known);
    else values[name] = interpolate((plain ?? "").replace(/(^|\s)#.*$/, "").trim(), known);
  }
  return values;
}

const unescape = (text: string): string =>
  text.replace(/\\(.)/gs, (_, letter: string) => ({ n: "\n", r: "\r", t: "\t" })[letter] ?? letter);
