import { randomUUID } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** What a step wrote into its command files. */
export interface CommandFileContents {
  readonly outputs: Record<string, string>;
  readonly env: Record<string, string>;
  /** In the order of writing: the last goes first into PATH. */
  readonly paths: readonly string[];
  readonly state: Record<string, string>;
  readonly summary: string;
}

export interface CommandFiles {
  /** `GITHUB_OUTPUT` and the others, to be set for the step. */
  readonly variables: Readonly<Record<string, string>>;
  /** Reads and removes them. Throws where a file breaks the format. */
  collect(): Promise<CommandFileContents>;
}

const names = ["GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STEP_SUMMARY", "GITHUB_STATE"] as const;

/** Fresh, empty command files for one step, in `folder`. */
export async function openCommandFiles(folder: string): Promise<CommandFiles> {
  const place = join(folder, "_runner_file_commands");
  await mkdir(place, { recursive: true });
  const suffix = randomUUID();
  const variables = Object.fromEntries(
    names.map((name) => [name, join(place, `${name.slice("GITHUB_".length).toLowerCase()}_${suffix}`)]),
  ) as Record<(typeof names)[number], string>;
  await Promise.all(names.map((name) => writeFile(variables[name], "")));
  return {
    variables,
    async collect() {
      const contents = await Promise.all(names.map((name) => readFile(variables[name], "utf8").catch(() => "")));
      await Promise.all(names.map((name) => rm(variables[name], { force: true })));
      const [output = "", env = "", path = "", summary = "", state = ""] = contents;
      return {
        outputs: parsePairs(output, "GITHUB_OUTPUT"),
        env: parsePairs(env, "GITHUB_ENV"),
        paths: path.split(/\r?\n/).filter((line) => line.trim() !== ""),
        state: parsePairs(state, "GITHUB_STATE"),
        summary,
      };
    },
  };
}

/** `name=value` lines, and `name<<MARK` … `MARK` for values of several lines. */
export function parsePairs(text: string, file: string): Record<string, string> {
  const pairs: Record<string, string> = {};
  const lines = text.split(/\r?\n/);
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    if (line === "") continue;
    const equals = line.indexOf("=");
    const heredoc = line.indexOf("<<");
    if (heredoc >= 0 && (equals < 0 || heredoc < equals)) {
      const name = line.slice(0, heredoc);
      const mark = line.slice(heredoc + 2);
      const end = lines.indexOf(mark, at + 1);
      if (name === "" || mark === "") throw new Error(`Invalid format '${line}' in ${file}`);
      if (end < 0) throw new Error(`Invalid value in ${file}. Matching delimiter not found '${mark}'`);
      pairs[name] = lines.slice(at + 1, end).join("\n");
      at = end;
    } else if (equals > 0) pairs[line.slice(0, equals)] = line.slice(equals + 1);
    else throw new Error(`Invalid format '${line}' in ${file}`);
  }
  return pairs;
}
