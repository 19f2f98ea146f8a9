/** The port that a Dockerfile says it listens on, and what its last image is made from. */
export function dockerfileFacts(text: string): { readonly port?: number; readonly framework: string } {
  const lines = text.replaceAll(/\\\r?\n/g, " ").split("\n");
  const words = (instruction: string): string[] =>
    lines.flatMap((line) => {
      const [, rest] = new RegExp(`^\\s*${instruction}\\s+(.+)$`, "i").exec(line) ?? [];
      return rest ? [rest.trim()] : [];
    });
  const port = Number.parseInt(words("EXPOSE").at(-1) ?? "", 10);
  const base = (words("FROM").at(-1) ?? "").replace(/^--\S+\s+/, "").split(/\s/)[0] ?? "";
  return { framework: base === "" ? "Dockerfile" : `Dockerfile from ${base}`, ...(port > 0 ? { port } : {}) };
}
