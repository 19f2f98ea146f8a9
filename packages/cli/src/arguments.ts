import { type Diagnostic, error, nearest } from "@doge/core";
import { type Arguments, type Command, type Flags, type FlagSpec, globalFlags } from "./command.ts";

export interface Parsed {
  readonly arguments: Arguments;
  readonly flags: Flags;
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads what follows the command's name. Everything wrong is reported at once, with the nearest right name. */
export function parseArguments(command: Command, words: readonly string[]): Parsed {
  const specs: Readonly<Record<string, FlagSpec>> = { ...globalFlags, ...command.flags };
  const flags: Record<string, string | boolean | string[]> = {};
  const positional: string[] = [];
  const diagnostics: Diagnostic[] = [];
  const usage = (summary: string, detail: string, remedy?: string): void => {
    diagnostics.push(error({ code: "usage", summary, detail, remedy: remedy ?? `Run doge ${command.name} --help.` }));
  };
  const takesRest = command.arguments.at(-1)?.rest === "command";

  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    if (word === "--") {
      positional.push(...words.slice(i + 1));
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      positional.push(word);
      // From its first word on, everything belongs to the command that runs elsewhere: `doge ssh stage ls -l`.
      if (takesRest && positional.length >= command.arguments.length) {
        positional.push(...words.slice(i + 1).filter((w, at) => !(at === 0 && w === "--")));
        break;
      }
      continue;
    }
    const [given, inline] = splitFlag(word);
    const name = word.startsWith("--") ? given : (Object.keys(specs).find((n) => specs[n]?.short === given) ?? given);
    const spec = specs[name];
    if (!spec) {
      const near = nearest(name, Object.keys(specs));
      usage("Unknown flag", word, near ? `Did you mean --${near}?` : undefined);
      continue;
    }
    if (spec.type === "boolean") {
      if (inline !== undefined && inline !== "true" && inline !== "false")
        usage("This flag takes no value but true or false", word);
      flags[name] = inline !== "false";
      continue;
    }
    const value = inline ?? words[++i];
    if (value === undefined) usage("This flag takes a value", `${word} ${valueOf(spec)}`);
    else if (spec.choices && !spec.choices.includes(value))
      usage(`Unknown ${name}`, `"${value}"`, remedyOf(value, spec.choices));
    else if (spec.integer && !INTEGER.test(value)) usage("This flag takes a whole number", `--${name} ${value}`);
    else if (spec.duration && millisecondsOf(value) === undefined)
      usage("This flag takes a duration", `--${name} ${value}`, "For example 90s, 30m or 2h.");
    else if (spec.multiple) flags[name] = [...((flags[name] as string[] | undefined) ?? []), value];
    else flags[name] = value;
  }

  const values: Record<string, string | string[]> = {};
  if (flags["help"]) return { arguments: values, flags, diagnostics: [] };
  let at = 0;
  for (const spec of command.arguments) {
    if (spec.rest) {
      values[spec.name] = positional.slice(at);
      at = positional.length;
      continue;
    }
    const value = positional[at++];
    if (value === undefined) {
      if (!spec.optional)
        usage("Something is missing", `${spec.name.toUpperCase()}: ${spec.help}`, choicesOf(spec.choices));
    } else if (spec.choices && !spec.open && !spec.choices.includes(value)) {
      usage(`Unknown ${spec.name}`, `"${value}"`, remedyOf(value, spec.choices));
    } else if (spec.integer && !INTEGER.test(value)) {
      usage(`The ${spec.name} is a whole number`, `"${value}"`);
    } else values[spec.name] = value;
  }
  if (at < positional.length) usage("Too many words", positional.slice(at).join(" "));
  return { arguments: values, flags, diagnostics };
}

const INTEGER = /^\d+$/;

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** Of `90s`, `30m`, `2h`; undefined for anything else. */
export function millisecondsOf(duration: string): number | undefined {
  const [, count, unit] = /^([1-9]\d*)([smh])$/.exec(duration) ?? [];
  return unit === undefined ? undefined : Number(count) * (units[unit] ?? 0);
}

const choicesOf = (choices: readonly string[] | undefined): string | undefined =>
  choices ? `One of: ${choices.join(", ")}.` : undefined;

function remedyOf(value: string, choices: readonly string[]): string | undefined {
  const near = nearest(value, choices);
  return near ? `Did you mean "${near}"? One of: ${choices.join(", ")}.` : choicesOf(choices);
}

/** What stands for a flag's value in help and in complaints. */
export const valueOf = ({ value, choices }: FlagSpec): string => value ?? choices?.join("|") ?? "VALUE";

function splitFlag(word: string): [string, string | undefined] {
  const bare = word.replace(/^--?/, "");
  const equals = bare.indexOf("=");
  return equals < 0 ? [bare, undefined] : [bare.slice(0, equals), bare.slice(equals + 1)];
}
