/** Variables that Doge, the platform or a shell set: nobody has to be asked for them. */
const known = new Set(["PORT", "NODE_ENV", "HOME", "PATH", "PWD", "CI", "TZ", "LANG", "HOST", "HOSTNAME", "DEBUG"]);

/** Names of environment variables that source text reads, by its language's usual ways, sorted. */
export function variablesIn(text: string, language: "node" | "python"): readonly string[] {
  const ways =
    language === "node"
      ? [/process\.env\.([A-Z][A-Z0-9_]+)/g, /process\.env\[["']([A-Z][A-Z0-9_]+)["']\]/g]
      : [
          /environ(?:\.get\(|\[)\s*["']([A-Z][A-Z0-9_]+)["']/g,
          /getenv\(\s*["']([A-Z][A-Z0-9_]+)["']/g,
          /\benv(?:\.\w+)?\(\s*["']([A-Z][A-Z0-9_]+)["']/g,
          /\bconfig\(\s*["']([A-Z][A-Z0-9_]+)["']/g,
        ];
  const found = new Set<string>();
  for (const way of ways) for (const [, name] of text.matchAll(way)) if (name && !known.has(name)) found.add(name);
  return [...found].sort();
}

/** A path that looks like a readiness check, as the source names it. */
export function readyPathIn(text: string): string | undefined {
  const paths = ["readyz", "ready", "healthz", "health", "healthcheck", "up", "ht", "status"];
  const found = paths.find((path) => new RegExp(`["'\`^]/?${path}/?["'\`$]`).test(text));
  if (found === undefined) return undefined;
  return new RegExp(`["'\`^]/?${found}/["'\`$]`).test(text) ? `/${found}/` : `/${found}`;
}
