import { valueOf } from "../arguments.ts";
import { type ArgumentSpec, type Command, type FlagSpec, globalFlags } from "../command.ts";

const groups: readonly (readonly [string, readonly string[]])[] = [
  ["Start", ["new", "adopt", "template", "doctor", "cloud", "completion"]],
  ["The whole", ["up", "status", "destroy"]],
  ["Workspaces", ["init", "fmt", "validate", "plan", "apply", "import", "update", "clean"]],
  ["States", ["output", "show", "state", "taint", "untaint", "force-unlock", "providers"]],
  [
    "The app",
    ["deploy", "rollback", "logs", "ssh", "exec", "run", "console", "db", "maintenance", "lease", "env", "secrets"],
  ],
  ["GitHub", ["repo", "ci"]],
];

/** `doge help` */
export function overview(commands: readonly Command[], version: string): string {
  const width = Math.max(...commands.map((c) => c.name.length)) + 2;
  const rows = (names: readonly string[]): string[] =>
    commands
      .filter((c) => names.includes(c.name.split(" ")[0] as string))
      .map((c) => `  ${c.name.padEnd(width)}${c.summary}`);
  return [
    `doge ${version} — from nothing to staging and production on machines of your own`,
    "",
    "Usage: doge COMMAND [ARGUMENTS] [FLAGS]",
    ...groups.flatMap(([title, names]) => ["", `${title}:`, ...rows(names)]),
    "",
    "doge COMMAND --help explains one. Start with: doge new my-app",
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 changes (plan --detailed-exitcode), 130 interrupted.",
    "",
  ].join("\n");
}

/** `doge cloud --help` */
export function groupHelp(group: string, commands: readonly Command[]): string {
  const width = Math.max(...commands.map((c) => c.name.length)) + 2;
  return [
    `Usage: doge ${group} COMMAND [ARGUMENTS] [FLAGS]`,
    "",
    ...commands.map((c) => `  ${c.name.padEnd(width)}${c.summary}`),
    "",
    `doge ${group} COMMAND --help explains one.`,
    "",
  ].join("\n");
}

const usageOf = (argument: ArgumentSpec): string => {
  const name =
    argument.choices && argument.choices.length <= 5 ? argument.choices.join("|") : argument.name.toUpperCase();
  const shown = argument.rest ? `${name}…` : name;
  return argument.optional || argument.rest ? `[${shown}]` : shown;
};

/** `doge COMMAND --help` */
export function commandHelp(command: Command): string {
  const flags = Object.entries({ ...command.flags, ...globalFlags }).filter(
    ([name]) => name !== "json" || command.data,
  );
  const rows = flags.map(([name, spec]) => [flagUsage(name, spec), spec.help] as const);
  const width = Math.max(...rows.map(([usage]) => usage.length), ...command.arguments.map((a) => a.name.length)) + 2;
  return [
    `Usage: doge ${[command.name, ...command.arguments.map(usageOf), "[FLAGS]"].join(" ")}`,
    "",
    command.summary,
    ...(command.description ? ["", command.description] : []),
    ...(command.arguments.length > 0
      ? ["", "Arguments:", ...command.arguments.map((a) => `  ${a.name.toUpperCase().padEnd(width)}${a.help}`)]
      : []),
    "",
    "Flags:",
    ...rows.map(([usage, help]) => `  ${usage.padEnd(width)}${help}`),
    ...(command.examples ? ["", "Examples:", ...command.examples.map((example) => `  ${example}`)] : []),
    "",
  ].join("\n");
}

const flagUsage = (name: string, spec: FlagSpec): string =>
  `${spec.short ? `-${spec.short}, ` : ""}--${name}${spec.type === "string" ? ` ${valueOf(spec)}` : ""}`;
