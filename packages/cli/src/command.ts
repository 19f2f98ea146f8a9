import type { Diagnostic, Emit, Machine } from "@doge/core";
import type { Project } from "@doge/workflow";

export interface FlagSpec {
  readonly type: "boolean" | "string";
  readonly help: string;
  /** Shown in help: `--out FILE`. */
  readonly value?: string;
  readonly short?: string;
  readonly multiple?: boolean;
  /** Only whole numbers, zero among them. */
  readonly integer?: boolean;
  /** Only a whole number with its unit: `90s`, `30m`, `2h`. */
  readonly duration?: boolean;
  readonly choices?: readonly string[];
}

export interface ArgumentSpec {
  readonly name: string;
  readonly help: string;
  readonly optional?: boolean;
  /** All that follow: words among which flags of ours may stand, or a command that runs elsewhere, with its own flags. */
  readonly rest?: "words" | "command";
  readonly choices?: readonly string[];
  /** Only whole numbers, zero among them. */
  readonly integer?: boolean;
  /** `choices` are what there mostly is; other words pass. */
  readonly open?: boolean;
}

export type Flags = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
export type Arguments = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What a command gets: the machine, a way to report, and the project where it stands in one. */
export interface Invocation {
  readonly machine: Machine;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** Absolute: where the person stands, or `--cwd`. */
  readonly folder: string;
  readonly interactive: boolean;
  readonly json: boolean;
  /** Where the tool itself stands: templates, its own package. */
  readonly home: ToolHome;
  readonly arguments: Arguments;
  readonly flags: Flags;
  /** Loads `doge.config.ts` from the folder or one above. Throws diagnostics. */
  project(): Promise<Project>;
  /** Adds a secret to what every output is scrubbed of. */
  hide(value: string | undefined): void;
}

export interface ToolHome {
  readonly version: string;
  /** Folder of the template for `doge new`. */
  readonly templates: string;
  /** Root of the tool's own npm package, packed into new projects. */
  readonly packageFolder: string;
}

export interface CommandResult<T> {
  /** 0 done; 1 failed; 2 wrong usage; 3 (`plan --detailed-exitcode`) done, with changes. */
  readonly exitCode: number;
  readonly data?: T;
  readonly diagnostics?: readonly Diagnostic[];
  /** What was asked for by name is shown as it is, secrets among it. */
  readonly verbatim?: boolean;
}

export interface Command {
  /** `plan`, `cloud up`. */
  readonly name: string;
  readonly summary: string;
  /** More than a line: what it does, when to use it. */
  readonly description?: string;
  readonly arguments: readonly ArgumentSpec[];
  readonly flags: Readonly<Record<string, FlagSpec>>;
  /** Whether `--json` gives its data. */
  readonly data: boolean;
  readonly examples?: readonly string[];
  execute(invocation: Invocation): Promise<CommandResult<unknown> & { readonly text: string }>;
}

/** A command returns data; its view renders them. `--json` prints the same data. */
export function defineCommand<T>(definition: {
  readonly name: string;
  readonly summary: string;
  readonly description?: string;
  readonly arguments?: readonly ArgumentSpec[];
  readonly flags?: Readonly<Record<string, FlagSpec>>;
  readonly examples?: readonly string[];
  readonly view?: (data: T) => string;
  run(invocation: Invocation): Promise<CommandResult<T>>;
}): Command {
  const { view, run, ...rest } = definition;
  return {
    arguments: [],
    flags: {},
    ...rest,
    data: view !== undefined,
    async execute(invocation) {
      const result = await run(invocation);
      return { ...result, text: result.data !== undefined && view ? view(result.data) : "" };
    },
  };
}

/** Flags that every command takes. */
export const globalFlags: Readonly<Record<string, FlagSpec>> = {
  help: { type: "boolean", short: "h", help: "Show help" },
  json: { type: "boolean", help: "Print the result as JSON, progress as JSON lines on stderr" },
  cwd: { type: "string", value: "FOLDER", help: "Work as if started in this folder" },
  quiet: { type: "boolean", short: "q", help: "No progress, only the result" },
};
