import { randomUUID } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { commandReader } from "./commands.ts";
import { LineSplitter } from "./log.ts";
import { runProcess } from "./process.ts";
import { StepFailure, type JobSession } from "./session.ts";

const shells: Readonly<Record<string, { readonly template: string; readonly extension: string }>> = {
  bash: { template: "bash --noprofile --norc -eo pipefail {0}", extension: ".sh" },
  sh: { template: "sh -e {0}", extension: ".sh" },
  python: { template: "python {0}", extension: ".py" },
  node: { template: "node {0}", extension: ".js" },
};

export interface Script {
  readonly text: string;
  /** Undefined where the workflow names none. */
  readonly shell: string | undefined;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** What of the environment the log shows. */
  readonly shown: Readonly<Record<string, string>>;
  readonly cancel: AbortSignal;
}

/** Runs the `run:` of a step. Throws StepFailure where it ends badly. */
export async function runScript(session: JobSession, script: Script): Promise<void> {
  const { template, extension } = shellOf(script.shell);
  const file = join(session.folders.temp, `${randomUUID()}${extension}`);
  await mkdir(session.folders.temp, { recursive: true });
  await writeFile(file, script.text.endsWith("\n") ? script.text : `${script.text}\n`, { mode: 0o700 });

  const [program = "bash", ...args] = template.split(/\s+/).map((part) => part.replaceAll("{0}", file));
  const found = findProgram(program, script.env["PATH"] ?? "");
  const path = found ?? (program === "python" ? findProgram("python3", script.env["PATH"] ?? "") : undefined);
  const firstLine = script.text.trim().split("\n", 1)[0] ?? "";
  session.log.group(`Run ${firstLine}`, [
    ...script.text.trimEnd().split("\n"),
    `shell: ${path ?? program} ${template.split(/\s+/).slice(1).join(" ")}`,
    ...shownEnv(script.shown),
  ]);
  if (!path) throw new StepFailure(`${program}: command not found: this machine has no such shell`);
  if (!isFolder(script.cwd)) throw new StepFailure(`The working directory does not exist: ${script.cwd}`);
  await runLogged(session, { ...script, argv: [path, ...args] });
}

/** Runs a program whose output is the step's: logged, masked, its workflow commands obeyed. */
export async function runLogged(
  session: JobSession,
  program: Pick<Script, "cwd" | "env" | "cancel"> & { readonly argv: readonly [string, ...string[]] },
): Promise<void> {
  const read = commandReader({
    log: (line) => session.log.write(line),
    mask: (secret) => session.masker.add(secret),
    annotate: (annotation) => session.annotate(annotation),
    debug: session.debug,
  });
  const splitters = { stdout: new LineSplitter(read), stderr: new LineSplitter(read) };
  const { exitCode, leftovers } = await runProcess({
    argv: program.argv,
    cwd: program.cwd,
    env: program.env,
    cancel: program.cancel,
    kill: session.kill,
    grace: session.office.graceMilliseconds,
    onOutput: (chunk, stream) => splitters[stream].push(chunk),
  });
  splitters.stdout.end();
  splitters.stderr.end();
  if (leftovers !== undefined) session.leftovers.add(leftovers);
  if (exitCode !== 0) throw new StepFailure(`Process completed with exit code ${exitCode}.`);
}

function shellOf(name: string | undefined): { readonly template: string; readonly extension: string } {
  if (name === undefined) return { template: "bash -e {0}", extension: ".sh" };
  const known = shells[name];
  if (known) return known;
  if (name.includes("{0}")) return { template: name, extension: "" };
  throw new StepFailure(
    `The shell '${name}' is not one of the local cloud's: it has ${Object.keys(shells).join(", ")}, and any program as '<program> {0}'.`,
  );
}

export const shownEnv = (env: Readonly<Record<string, string>>): string[] => {
  const pairs = Object.entries(env);
  return pairs.length > 0 ? ["env:", ...pairs.map(([name, value]) => `  ${name}: ${value}`)] : [];
};

/** The path of a program, by the job's own PATH. */
export function findProgram(program: string, path: string): string | undefined {
  if (program.includes("/")) return program;
  return path
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((candidate) => {
      try {
        accessSync(candidate, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
