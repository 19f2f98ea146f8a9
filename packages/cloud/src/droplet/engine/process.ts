import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { ProcessMark } from "./model.ts";

export interface Streams {
  /** Undefined: an empty stdin. */
  readonly stdin?: Readable;
  readonly stdout: (chunk: Buffer) => void | Promise<void>;
  readonly stderr: (chunk: Buffer) => void | Promise<void>;
}

/** What a container (or an exec in one) comes down to on this machine. */
export type Program =
  | {
      readonly kind: "process";
      readonly file: string;
      readonly args: readonly string[];
      readonly env: Readonly<Record<string, string>>;
      readonly cwd: string;
      /** Work before the process, as an image's entry script has it; its failure is the process's. */
      readonly before?: (streams: Streams) => Promise<void>;
    }
  | {
      /** Carried out in this process. `signal` aborts on the stop signal; the result is the exit code. */
      readonly kind: "inside";
      readonly run: (streams: Streams, signal: AbortSignal) => Promise<number>;
    };

export interface Running {
  /** Never rejects. A process ended by a signal has 128 and its number, as in Docker. */
  readonly exited: Promise<number>;
  signal(name: string): void;
}

/**
 * Starts a program. Rejects where it can't be started, unless it has work before it: then that is a failed exit.
 * `marked` hears which process it became.
 */
export async function launch(
  program: Program,
  streams: Streams,
  marked?: (mark: ProcessMark) => void,
): Promise<Running> {
  if (program.kind === "inside") return launchInside(program.run, streams);
  if (!program.before) return spawned(program, streams, marked);
  const pending: string[] = [];
  let running: Running | undefined;
  const before = program.before;
  const exited = (async () => {
    try {
      await before(streams);
      running = await spawned(program, streams, marked);
      for (const name of pending) running.signal(name);
      return await running.exited;
    } catch (thrown) {
      await streams.stderr(Buffer.from(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`));
      return 1;
    }
  })();
  return { exited, signal: (name) => (running ? running.signal(name) : void pending.push(name)) };
}

async function spawned(
  program: Extract<Program, { kind: "process" }>,
  streams: Streams,
  marked: ((mark: ProcessMark) => void) | undefined,
): Promise<Running> {
  const child = spawn(program.file, [...program.args], {
    cwd: program.cwd,
    env: { ...program.env },
    stdio: ["pipe", "pipe", "pipe"],
    // A group of its own, so that the whole container can be ended.
    detached: true,
  });
  const exited = new Promise<number>((resolve) => {
    child.once("close", (code, signal) => resolve(code ?? 128 + (constants.signals[signal ?? "SIGKILL"] ?? 9)));
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  const pid = child.pid ?? 0;
  // With its first process a container ends as a whole.
  child.once("exit", () => killGroup(pid, "SIGKILL"));
  connect(child, streams);
  const mark = markOf(pid);
  if (mark) marked?.(mark);
  return {
    exited,
    signal: (name) => {
      if (child.exitCode === null && child.signalCode === null) child.kill(name as NodeJS.Signals);
    },
  };
}

function launchInside(run: (streams: Streams, signal: AbortSignal) => Promise<number>, streams: Streams): Running {
  const controller = new AbortController();
  const exited = run(streams, controller.signal).catch(async (thrown: unknown) => {
    await streams.stderr(Buffer.from(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`));
    return 1;
  });
  return {
    exited,
    signal: (name) => {
      if (!["SIGHUP", "SIGUSR1", "SIGUSR2", "SIGWINCH"].includes(name)) controller.abort(name);
    },
  };
}

function connect(child: ChildProcess, streams: Streams): void {
  const { stdin, stdout, stderr } = child as ChildProcess & { stdin: Writable; stdout: Readable; stderr: Readable };
  // A program may end before it has read everything: that is its right.
  stdin.on("error", () => {});
  if (streams.stdin) streams.stdin.pipe(stdin);
  else stdin.end();
  for (const [readable, write] of [
    [stdout, streams.stdout],
    [stderr, streams.stderr],
  ] as const) {
    readable.on("data", (chunk: Buffer) => {
      const written = write(chunk);
      if (!written) return;
      readable.pause();
      void written.then(() => readable.resume());
    });
  }
}

export function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // ESRCH: nobody is left.
  }
}

/** When a process began, in the words of the system; undefined where there is none. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name stands in parentheses and may hold spaces; field 22 is counted after it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function markOf(pid: number): ProcessMark | undefined {
  const started = startOf(pid);
  return started === undefined ? undefined : { pid, started };
}

export const isAlive = (mark: ProcessMark): boolean => startOf(mark.pid) === mark.started;

/** Ends a process that an earlier life of the cloud left behind: asks, waits, kills. */
export async function endLeftover(mark: ProcessMark, signal: NodeJS.Signals, graceMilliseconds: number): Promise<void> {
  if (!isAlive(mark)) return;
  process.kill(mark.pid, signal);
  for (let waited = 0; waited < graceMilliseconds && isAlive(mark); waited += 20) await sleep(20);
  if (isAlive(mark)) killGroup(mark.pid, "SIGKILL");
}
