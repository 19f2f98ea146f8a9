import { spawn } from "node:child_process";
import type { GracePeriods } from "../records.ts";

export interface StepProcess {
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  /** All of it: nothing of the cloud's own environment is added. */
  readonly env: Readonly<Record<string, string>>;
  readonly onOutput: (chunk: string, stream: "stdout" | "stderr") => void;
  /** Ends the whole process group: SIGINT, later SIGTERM, later SIGKILL. */
  readonly cancel: AbortSignal;
  /** Ends it at once. */
  readonly kill: AbortSignal;
  readonly grace: GracePeriods;
}

export interface StepExit {
  readonly exitCode: number;
  /** Still alive after the step: what it left in the background, until the job ends. */
  readonly leftovers: number | undefined;
}

/** After a process ended, its output may still be held open by what it left in the background. */
const drainMilliseconds = 1_000;

/** Runs a program in a process group of its own, to its end. A missing program throws. */
export function runProcess(step: StepProcess): Promise<StepExit> {
  const [program, ...args] = step.argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: step.cwd,
      env: step.env,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const group = child.pid;
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].setEncoding("utf8").on("data", (chunk: string) => step.onOutput(chunk, stream));
    }
    const timers: NodeJS.Timeout[] = [];
    const cancel = (): void => {
      signalGroup(group, "SIGINT");
      timers.push(
        setTimeout(() => signalGroup(group, "SIGTERM"), step.grace.interrupt),
        setTimeout(() => signalGroup(group, "SIGKILL"), step.grace.interrupt + step.grace.terminate),
      );
    };
    const kill = (): void => signalGroup(group, "SIGKILL");
    onAbort(step.cancel, cancel);
    onAbort(step.kill, kill);

    let exited: number | undefined;
    const finish = (): void => {
      for (const timer of timers) clearTimeout(timer);
      step.cancel.removeEventListener("abort", cancel);
      step.kill.removeEventListener("abort", kill);
      // A cancelled step leaves nothing behind; another may: a server that later steps talk to.
      if (step.cancel.aborted || step.kill.aborted) signalGroup(group, "SIGKILL");
      resolve({ exitCode: exited ?? 1, leftovers: groupIsAlive(group) ? group : undefined });
    };
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      exited = code ?? (signal === "SIGINT" ? 130 : 143);
      timers.push(setTimeout(finish, drainMilliseconds));
    });
    child.on("close", finish);
  });
}

function onAbort(signal: AbortSignal, listener: () => void): void {
  if (signal.aborted) listener();
  else signal.addEventListener("abort", listener, { once: true });
}

export function signalGroup(group: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (group !== undefined) process.kill(-group, signal);
  } catch {
    // nobody is left in it
  }
}

function groupIsAlive(group: number | undefined): boolean {
  try {
    return group !== undefined && process.kill(-group, 0);
  } catch {
    return false;
  }
}
