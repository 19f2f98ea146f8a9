/** What never belongs into an image, where a project has no `.dockerignore`. */
export const defaultIgnore: readonly string[] = [".*", "node_modules", "test", "*.md", "Dockerfile", "compose*.yaml"];

/**
 * Tells by the lines of a `.dockerignore` whether a path is left out. As in Docker: patterns start at the
 * top, `**` crosses folders, a match takes everything below with it, the last match wins, `!` brings back.
 */
export function ignoreRules(lines: readonly string[]): (path: string) => boolean {
  const rules = lines
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const keep = line.startsWith("!");
      const pattern = line.slice(keep ? 1 : 0).replace(/^\/+|\/+$/g, "");
      return { keep, matches: globExpression(pattern) };
    });
  return (path) => {
    let ignored = false;
    for (const { keep, matches } of rules) if (matches.test(path)) ignored = !keep;
    return ignored;
  };
}

function globExpression(pattern: string): RegExp {
  let source = "";
  for (let i = 0; i < pattern.length; i++) {
    const rest = pattern.slice(i);
    if (rest.startsWith("**/")) {
      source += "(?:.*/)?";
      i += 2;
    } else if (rest.startsWith("**")) {
      source += ".*";
      i += 1;
    } else if (rest.startsWith("*")) source += "[^/]*";
    else if (rest.startsWith("?")) source += "[^/]";
    else source += (pattern[i] ?? "").replace(/[\\^$.|+()[\]{}]/g, "\\$&");
  }
  return new RegExp(`^${source}(?:/.*)?$`);
}
