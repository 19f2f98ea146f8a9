/** The command line: reads words, runs one command, prints its result. The composition root. */
import { resolve } from "node:path";
import { diagnosticsOf, hasErrors, nearest, Redactor } from "@doge/core";
import { nodeMachine } from "@doge/core/node";
import { parseArguments } from "./arguments.ts";
import type { Command, CommandResult, Invocation } from "./command.ts";
import { findCommand, commands } from "./commands/index.ts";
import { toolHome } from "./home.ts";
import { projectJsonSchema } from "@doge/workflow";
import { loadProject } from "./project.ts";
import { jsonReporter, terminalReporter } from "./terminal/reporter.ts";
import { styleFor } from "./terminal/style.ts";
import { renderDiagnostics } from "./views/diagnostics.ts";
import { configHelp } from "./views/config-help.ts";
import { commandHelp, overview } from "./views/help.ts";

export async function main(words: readonly string[]): Promise<number> {
  const home = toolHome();
  if (words.length === 0 || ["help", "--help", "-h"].includes(words[0] as string)) {
    if (words[1] === "config") return say(configHelp(projectJsonSchema()), 0);
    const found = findCommand(words.slice(1));
    return say(found ? commandHelp(found.command) : overview(commands, home.version), 0);
  }

  const found = findCommand(words);
  if (!found) return unknownCommand(words);
  const { command, rest } = found;
  const parsed = parseArguments(command, rest);
  if (parsed.flags["help"]) return say(commandHelp(command), 0);
  return run(command, parsed);
}

function say(text: string, exitCode: number): number {
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
  return exitCode;
}

function unknownCommand(words: readonly string[]): number {
  const style = styleFor(process.stderr, process.env);
  const names = commands.map((c) => c.name);
  const word = words[0] as string;
  const group = names.filter((name) => name.startsWith(`${word} `));
  const near = nearest(word, new Set(names.map((name) => name.split(" ")[0] as string)));
  const remedy =
    group.length > 0
      ? `One of: ${group.map((name) => `doge ${name}`).join(", ")}.`
      : near
        ? `Did you mean doge ${near}?`
        : "Run doge help for the list.";
  const diagnostic = {
    severity: "error",
    code: "unknown-command",
    summary: "Unknown command",
    detail: `doge ${words.join(" ")}`,
    remedy,
  } as const;
  process.stderr.write(`${renderDiagnostics([diagnostic], style)}\n`);
  return 2;
}

async function run(command: Command, parsed: ReturnType<typeof parseArguments>): Promise<number> {
  const { flags } = parsed;
  const json = flags["json"] === true;
  const style = styleFor(process.stderr, process.env);
  const redactor = new Redactor();
  const redact = (text: string): string => redactor.redact(text);
  const machine = nodeMachine(process.env);
  const reporter = flags["quiet"]
    ? { emit: () => {}, clear: () => {} }
    : json
      ? jsonReporter(process.stderr, redact)
      : terminalReporter(process.stderr, style, redact, () => machine.clock.now().getTime());

  let result: CommandResult<unknown> & { readonly text: string };
  const { signal, dispose } = interruptible(reporter.clear);
  try {
    if (parsed.diagnostics.length > 0) result = { exitCode: 2, diagnostics: parsed.diagnostics, text: "" };
    else {
      const folder = resolve(typeof flags["cwd"] === "string" ? flags["cwd"] : process.cwd());
      const hide = (value: string | undefined): void => redactor.add(value);
      const invocation: Invocation = {
        machine,
        emit: reporter.emit,
        signal,
        folder,
        interactive: process.stdin.isTTY === true && process.stderr.isTTY === true && !machine.env["CI"],
        json,
        home: toolHome(),
        arguments: parsed.arguments,
        flags,
        project: () => loadProject(machine, folder, reporter.emit, signal, hide),
        hide,
      };
      result = await command.execute(invocation);
    }
  } catch (thrown) {
    if (process.env["DOGE_DEBUG"] && thrown instanceof Error) process.stderr.write(`${redact(thrown.stack ?? "")}\n`);
    const interrupted = signal.aborted && (thrown as Error).name !== "DogeError";
    result = interrupted
      ? { exitCode: 130, diagnostics: [INTERRUPTED], text: "" }
      : { exitCode: 1, diagnostics: diagnosticsOf(thrown), text: "" };
  } finally {
    reporter.clear();
    dispose();
  }

  const diagnostics = result.diagnostics ?? [];
  if (json) {
    process.stdout.write(redact(`${JSON.stringify({ data: result.data ?? null, diagnostics }, null, 2)}\n`));
  } else {
    if (result.text) process.stdout.write(redact(result.text.endsWith("\n") ? result.text : `${result.text}\n`));
    if (diagnostics.length > 0) process.stderr.write(redact(`${renderDiagnostics(diagnostics, style)}\n`));
  }
  return result.exitCode === 0 && hasErrors(diagnostics) ? 1 : result.exitCode;
}

const INTERRUPTED = {
  severity: "error",
  code: "interrupted",
  summary: "Interrupted",
  detail: "What was under way is saved.",
  remedy: "Run the same command again: it goes on where it stopped.",
} as const;

/** First Ctrl-C: finish what is under way and save. Second: stop at once; the journal knows what was under way. */
function interruptible(clear: () => void): { readonly signal: AbortSignal; readonly dispose: () => void } {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(130);
    clear();
    process.stderr.write("Interrupted: finishing what is under way. Once more to stop at once.\n");
    controller.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return {
    signal: controller.signal,
    dispose: () => {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
    },
  };
}
