/** The command line: reads words, runs one command, prints its result. The composition root. */
import { resolve } from "node:path";
import { diagnosticsOf, error, fail, hasErrors, type Machine, nearest, Redactor } from "@doge/core";
import { nodeMachine } from "@doge/core/node";
import { parseArguments } from "./arguments.ts";
import type { Command, CommandResult, Flags, Invocation } from "./command.ts";
import { findCommand, commands } from "./commands/index.ts";
import { toolHome } from "./home.ts";
import { projectJsonSchema } from "@doge/workflow";
import { deadlineOf, INTERRUPTED, interruptible } from "./interrupt.ts";
import { loadProject } from "./project.ts";
import { jsonReporter, terminalReporter } from "./terminal/reporter.ts";
import { styleFor } from "./terminal/style.ts";
import { renderDiagnostics } from "./views/diagnostics.ts";
import { configHelp } from "./views/config-help.ts";
import { commandHelp, groupHelp, overview } from "./views/help.ts";

export async function main(words: readonly string[]): Promise<number> {
  const home = toolHome();
  if (words.length === 0 || words[0] === "help" || HELP.has(words[0] as string)) {
    if (words[1] === "config") return say(configHelp(projectJsonSchema()), 0);
    return words.length < 2 ? say(overview(commands, home.version), 0) : help(words.slice(1));
  }

  const found = findCommand(words);
  if (!found) return words.some((word) => HELP.has(word)) ? help(words.filter((w) => !HELP.has(w))) : unknown(words);
  const { command, rest } = found;
  const parsed = parseArguments(command, rest);
  if (parsed.flags["help"]) return say(commandHelp(command), 0);
  return run(command, parsed);
}

function say(text: string, exitCode: number): number {
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
  return exitCode;
}

const HELP = new Set(["--help", "-h"]);

/** Help of a command, or of a group of them. */
function help(words: readonly string[]): number {
  const found = findCommand(words);
  if (found) return say(commandHelp(found.command), 0);
  const group = words.length === 1 ? commandsOf(words[0] as string) : [];
  return group.length > 0 ? say(groupHelp(words[0] as string, group), 0) : unknown(words);
}

/** `cloud` → `cloud up`, `cloud down`, … */
const commandsOf = (group: string): readonly Command[] => commands.filter((c) => c.name.startsWith(`${group} `));

function unknown(words: readonly string[]): number {
  const names = words.filter((word) => !word.startsWith("-"));
  const [first = "", second] = names;
  const group = commandsOf(first).map((c) => c.name);
  const near =
    group.length > 0
      ? second && nearest(`${first} ${second}`, group)
      : nearest(first, new Set(commands.map((c) => c.name.split(" ")[0] as string)));
  const diagnostic = error({
    code: "unknown-command",
    summary: "Unknown command",
    detail: `doge ${words.join(" ")}`,
    remedy: near
      ? `Did you mean doge ${near}?`
      : group.length > 0
        ? `One of: ${group.map((name) => `doge ${name}`).join(", ")}.`
        : "Run doge help for the list.",
  });
  return finish({ exitCode: 2, diagnostics: [diagnostic], text: "" }, words.includes("--json"), (text) => text);
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

  let result: Finished;
  const { signal, milliseconds, dispose, overdue } = interruptible(reporter.clear, deadlineOf(command, flags));
  const until = milliseconds === undefined ? undefined : new Date(machine.clock.now().getTime() + milliseconds);
  try {
    if (parsed.diagnostics.length > 0) result = { exitCode: 2, diagnostics: parsed.diagnostics, text: "" };
    else {
      const folder = await workFolder(machine, flags["cwd"]);
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
        project: () => loadProject(machine, folder, { emit: reporter.emit, signal, until, hide }),
        hide,
      };
      result = await command.execute(invocation);
    }
  } catch (thrown) {
    if (process.env["DOGE_DEBUG"] && thrown instanceof Error) process.stderr.write(`${redact(thrown.stack ?? "")}\n`);
    const interrupted = signal.aborted && (thrown as Error).name !== "DogeError";
    result = interrupted
      ? { exitCode: 130, diagnostics: [INTERRUPTED], text: "" }
      : { exitCode: exitCodeOf(thrown), diagnostics: diagnosticsOf(thrown), text: "" };
  } finally {
    reporter.clear();
    dispose();
  }

  const late = overdue();
  return finish(late ? { ...result, exitCode: 1, diagnostics: [late] } : result, json, redact);
}

type Finished = CommandResult<unknown> & { readonly text: string };

/** Prints what came of a command, for people or as JSON, and returns its exit code. */
function finish(result: Finished, json: boolean, redact: (text: string) => string): number {
  const style = styleFor(process.stderr, process.env);
  const diagnostics = result.diagnostics ?? [];
  const shown = result.verbatim ? (text: string): string => text : redact;
  if (json) {
    process.stdout.write(shown(`${JSON.stringify({ data: result.data ?? null, diagnostics }, null, 2)}\n`));
  } else {
    if (result.text) process.stdout.write(shown(result.text.endsWith("\n") ? result.text : `${result.text}\n`));
    if (diagnostics.length > 0) process.stderr.write(redact(`${renderDiagnostics(diagnostics, style)}\n`));
  }
  return result.exitCode === 0 && hasErrors(diagnostics) ? 1 : result.exitCode;
}

/** Where the command works: `--cwd`, or where the person stands. */
async function workFolder(machine: Machine, cwd: Flags[string]): Promise<string> {
  const folder = resolve(typeof cwd === "string" ? cwd : process.cwd());
  if (await machine.files.exists(folder)) return folder;
  return fail({
    code: "folder-missing",
    summary: "The folder is not there",
    detail: folder,
    remedy: "Give a folder that is there: --cwd FOLDER.",
  });
}

const usageCodes = new Set(["usage", "folder-missing"]);

function exitCodeOf(thrown: unknown): number {
  const codes = diagnosticsOf(thrown).map(({ code }) => code);
  if (codes.includes("interrupted")) return 130;
  return codes.every((code) => usageCodes.has(code)) ? 2 : 1;
}
