/** What ends a command before its end: Ctrl-C, and its deadline. */
import { type Diagnostic, error } from "@doge/core";
import { millisecondsOf } from "./arguments.ts";
import type { Command, Flags, FlagSpec } from "./command.ts";

export const INTERRUPTED = {
  severity: "error",
  code: "interrupted",
  summary: "Interrupted",
  detail: "What was under way is saved.",
  remedy: "Run the same command again: it goes on where it stopped.",
} as const;

export const deadlineFlag: FlagSpec = {
  type: "string",
  value: "DURATION",
  duration: true,
  help: "Stop as Ctrl-C does after so long: 90s, 30m, 2h; 2h unless told",
};

/** The deadline of a command that takes the flag; the others may take as long as they like. */
export function deadlineOf(command: Command, flags: Flags): string | undefined {
  if (!("deadline" in command.flags)) return undefined;
  return typeof flags["deadline"] === "string" ? flags["deadline"] : "2h";
}

/**
 * First Ctrl-C, or the deadline: finish what is under way and save. Second: stop at once; the journal knows what was
 * under way. `overdue` is the diagnostic of a command that its deadline ended.
 */
export function interruptible(
  clear: () => void,
  deadline: string | undefined,
): {
  readonly signal: AbortSignal;
  /** How long the command may take. */
  readonly milliseconds: number | undefined;
  readonly dispose: () => void;
  readonly overdue: () => Diagnostic | undefined;
} {
  const controller = new AbortController();
  let late = false;
  const onSignal = (): void => {
    clear();
    if (controller.signal.aborted) {
      process.stderr.write("Stopped. What was under way is in the journal: run the same command again.\n");
      process.exit(130);
    }
    process.stderr.write("Interrupted: finishing what is under way. Once more to stop at once.\n");
    controller.abort();
  };
  const onDeadline = (): void => {
    if (controller.signal.aborted) return;
    late = true;
    clear();
    process.stderr.write(`${deadline} are over: finishing what is under way.\n`);
    controller.abort();
  };
  const milliseconds = millisecondsOf(deadline ?? "");
  const timer = milliseconds === undefined ? undefined : setTimeout(onDeadline, milliseconds).unref();
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return {
    signal: controller.signal,
    milliseconds,
    dispose: () => {
      clearTimeout(timer);
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
    },
    overdue: () =>
      late
        ? error({
            code: "deadline",
            summary: "The command took longer than it may",
            detail: `It was stopped after ${deadline}; what was under way is saved.`,
            remedy: "Run it again, it goes on where it stopped; --deadline gives it more time.",
          })
        : undefined,
  };
}
