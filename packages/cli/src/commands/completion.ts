import { type Command, defineCommand, globalFlags } from "../command.ts";

/** Completion scripts, written from the same list that help is. */
export const completionCommand = (all: () => readonly Command[]): Command =>
  defineCommand<{ readonly script: string }>({
    name: "completion",
    summary: "Print a completion script for your shell",
    arguments: [{ name: "shell", help: "bash, zsh or fish", choices: ["bash", "zsh", "fish"] }],
    examples: ["source <(doge completion bash)", "doge completion fish > ~/.config/fish/completions/doge.fish"],
    view: ({ script }) => script,
    run: ({ arguments: given }) => {
      const shell = given["shell"] as "bash" | "zsh" | "fish";
      return Promise.resolve({ exitCode: 0, data: { script: shell === "fish" ? fish(all()) : bash(all(), shell) } });
    },
  });

const words = (command: Command): string =>
  [
    ...command.arguments.flatMap((a) => a.choices ?? []),
    ...Object.keys({ ...command.flags, ...globalFlags }).map((name) => `--${name}`),
  ].join(" ");

function bash(commands: readonly Command[], shell: "bash" | "zsh"): string {
  const groups = new Map<string, string[]>();
  for (const { name } of commands) {
    const [first, second] = name.split(" ") as [string, string | undefined];
    groups.set(first, [...(groups.get(first) ?? []), ...(second ? [second] : [])]);
  }
  const cases = [
    ...commands.map((c) => `    "${c.name}") words="${words(c)}" ;;`),
    ...[...groups]
      .filter(([, subs]) => subs.length > 0)
      .map(([first, subs]) => `    "${first}") words="${subs.join(" ")}" ;;`),
  ];
  return [
    ...(shell === "zsh" ? ["autoload -U +X bashcompinit && bashcompinit"] : []),
    "_doge() {",
    '  local current="${COMP_WORDS[COMP_CWORD]}" words',
    '  local one="${COMP_WORDS[1]}" two="${COMP_WORDS[1]} ${COMP_WORDS[2]}"',
    '  if [ "$COMP_CWORD" -eq 1 ]; then',
    `    words="${[...groups.keys(), "help"].join(" ")}"`,
    "  else",
    '  for key in "$two" "$one"; do case "$key" in',
    ...cases,
    '  esac; [ -n "$words" ] && break; done',
    "  fi",
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    "}",
    "complete -F _doge doge",
    "",
  ].join("\n");
}

function fish(commands: readonly Command[]): string {
  const lines = commands.flatMap((command) => {
    const [first, second] = command.name.split(" ") as [string, string | undefined];
    const seen = second
      ? `__fish_seen_subcommand_from ${first}; and __fish_seen_subcommand_from ${second}`
      : `__fish_seen_subcommand_from ${first}`;
    const offer = second ? `__fish_seen_subcommand_from ${first}` : "__fish_use_subcommand";
    return [
      `complete -c doge -f -n '${offer}' -a '${second ?? first}' -d '${command.summary.replaceAll("'", "\\'")}'`,
      ...command.arguments.flatMap((a) =>
        a.choices ? [`complete -c doge -f -n '${seen}' -a '${a.choices.join(" ")}'`] : [],
      ),
      ...Object.entries({ ...command.flags, ...globalFlags }).map(
        ([name, spec]) => `complete -c doge -n '${seen}' -l ${name} -d '${spec.help.replaceAll("'", "\\'")}'`,
      ),
    ];
  });
  return `${lines.join("\n")}\n`;
}
