import { DockerError } from "../engine/model.ts";

/** `boolean`, `string` or `list`, with a short letter as `string:e`. */
export type FlagTable = Readonly<Record<string, `${"boolean" | "string" | "list"}${"" | `:${string}`}`>>;

export interface Flags {
  has(name: string): boolean;
  /** The last value given. */
  one(name: string): string | undefined;
  all(name: string): readonly string[];
  readonly rest: readonly string[];
}

/**
 * Reads flags as Docker's commands do: `--name value`, `--name=value`, `-it`, `-p80:80`, `--`.
 * With `until: "first"` everything from the first plain word on is the rest (`docker run IMAGE …`).
 * Throws for a flag that is not in the table, so that nothing is taken for granted that we don't do.
 */
export function parseFlags(
  command: string,
  args: readonly string[],
  flags: FlagTable,
  options: { readonly until?: "first" } = {},
): Flags {
  const values = new Map<string, string[]>();
  const add = (name: string, value: string): void => void values.set(name, [...(values.get(name) ?? []), value]);
  const byLetter = (letter: string): string | undefined =>
    Object.keys(flags).find((name) => flags[name]?.split(":")[1] === letter);
  const unknown = (flag: string): DockerError =>
    new DockerError(`unknown flag: ${flag}\nthe local droplet's docker doesn't know ${flag} of ${command}`, 125);
  const rest: string[] = [];
  const queue = [...args];
  const valueOf = (flag: string): string => {
    const value = queue.shift();
    if (value === undefined) throw new DockerError(`flag needs an argument: ${flag}`, 125);
    return value;
  };
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    if (word === "--") {
      rest.push(...queue.splice(0));
    } else if (word.startsWith("--")) {
      const [name = "", inline] = word.slice(2).split(/=(.*)/s);
      const kind = flags[name];
      if (!kind) throw unknown(`--${name}`);
      add(name, kind.startsWith("boolean") ? (inline ?? "true") : (inline ?? valueOf(word)));
    } else if (word.startsWith("-") && word.length > 1) {
      let letters = word.slice(1);
      while (letters !== "") {
        const name = byLetter(letters[0] ?? "");
        if (!name) throw unknown(`-${letters[0]}`);
        letters = letters.slice(1);
        if (flags[name]?.startsWith("boolean")) {
          add(name, "true");
          continue;
        }
        add(name, letters === "" ? valueOf(word) : letters.replace(/^=/, ""));
        break;
      }
    } else {
      rest.push(word);
      if (options.until === "first") rest.push(...queue.splice(0));
    }
  }
  return {
    has: (name) => ["true", "1"].includes(values.get(name)?.at(-1) ?? ""),
    one: (name) => values.get(name)?.at(-1),
    all: (name) => values.get(name) ?? [],
    rest,
  };
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, us: 0.001, ns: 1e-6 };

/** Go's duration (`1m30s`) in milliseconds; a bare number counts in `bare`. */
export function milliseconds(text: string | number, bare = 1e-6): number {
  const parts = [...String(text).matchAll(/(\d+(?:\.\d+)?)(ms|us|ns|s|m|h)?/g)];
  if (parts.length === 0) throw new DockerError(`time: invalid duration ${JSON.stringify(text)}`, 125);
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (unit ? (units[unit] ?? 0) : bare), 0);
}

/** `512m`, `1.5gb` in bytes. */
export function bytes(text: string | number): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i.exec(String(text));
  if (!match) throw new DockerError(`invalid size: '${text}'`, 125);
  return Math.round(Number(match[1]) * 1024 ** " kmgt".indexOf((match[2] || " ").toLowerCase()));
}

/** `USR1`, `SIGUSR1` or a number as Node's name. */
export function signalName(text: string, numbers: Readonly<Record<string, number>>): string {
  const name = /^\d+$/.test(text)
    ? Object.keys(numbers).find((key) => numbers[key] === Number(text))
    : `SIG${text.toUpperCase().replace(/^SIG/, "")}`;
  if (name === undefined || !(name in numbers))
    throw new DockerError(`Error response from daemon: invalid signal: ${text}`);
  return name;
}
