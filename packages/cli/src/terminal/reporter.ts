import type { DogeEvent, Emit } from "@doge/core";
import { renderDiagnostic } from "../views/diagnostics.ts";
import { duration, type Style } from "./style.ts";

export interface Reporter {
  readonly emit: Emit;
  /** Takes the live line away, so that other output starts on a clean one. */
  clear(): void;
}

interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const marks = { done: "✓", unchanged: "=", skipped: "-", failed: "✗" } as const;
const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/**
 * Progress on stderr. On a terminal the last line lives: what is under way and since when; elsewhere
 * (logs of CI) every step is a line when it starts to take long and when it ends.
 */
export function terminalReporter(
  stream: Stream,
  style: Style,
  redact: (text: string) => string,
  now: () => number,
): Reporter {
  const live = stream.isTTY === true && style.colours;
  const open = new Map<string, { readonly title: string; readonly since: number; note: string }>();
  let shown = false;
  let frame = 0;
  let timer: NodeJS.Timeout | undefined;

  const clear = (): void => {
    if (shown) stream.write("\r\u001b[2K");
    shown = false;
  };
  const line = (text: string): void => {
    clear();
    stream.write(`${redact(text)}\n`);
  };
  const draw = (): void => {
    const current = [...open.values()].at(-1);
    if (!live || !current) return;
    clear();
    const text = `${frames[frame++ % frames.length]} ${current.title}${current.note ? ` — ${current.note}` : ""} (${duration(now() - current.since)})`;
    stream.write(redact(text).slice(0, (stream.columns ?? 80) - 1));
    shown = true;
  };
  const tick = (): void => {
    if (open.size > 0 && !timer && live) timer = setInterval(draw, 100).unref();
    if (open.size === 0 && timer) {
      clearInterval(timer);
      timer = undefined;
    }
  };
  const note = (message: string): void => {
    const current = [...open.values()].at(-1);
    if (current) current.note = message;
    if (live) draw();
  };

  const emit = (event: DogeEvent): void => {
    switch (event.type) {
      case "step.started":
        open.set(event.step, { title: event.title, since: now(), note: "" });
        if (!live && !event.parent) line(style.dim(`… ${event.title}`));
        tick();
        return;
      case "step.progress":
        if (live) note(event.message);
        else line(style.dim(`  ${event.message}`));
        return;
      case "step.finished": {
        open.delete(event.step);
        const mark = marks[event.outcome];
        const colour = event.outcome === "failed" ? style.red : event.outcome === "done" ? style.green : style.dim;
        line(
          `${colour(mark)} ${event.title}${event.detail ? style.dim(` — ${event.detail}`) : ""} ${style.dim(duration(event.milliseconds))}`,
        );
        tick();
        return;
      }
      case "run.created":
        if (event.url) line(style.dim(`  run: ${event.url}`));
        return;
      case "run.planned":
        note(`${event.workspace}: ${event.add} to add, ${event.change} to change, ${event.destroy} to destroy`);
        return;
      case "run.applied":
      case "run.log":
      case "resource.refreshing":
        return;
      case "resource.started":
        note(`${event.address}: ${event.action}`);
        return;
      case "resource.waiting":
        note(`${event.address}: ${event.message}`);
        return;
      case "resource.finished":
        if (event.action !== "no-op" && event.action !== "read") {
          line(
            `  ${style.green("✓")} ${event.address} ${style.dim(`${event.action} ${duration(event.milliseconds)}`)}`,
          );
        }
        return;
      case "resource.failed":
        line(`  ${style.red("✗")} ${event.address} ${style.dim(event.action)}`);
        return;
      case "http.retrying":
        note(`${event.method} ${event.url}: ${event.reason}, again in ${duration(event.inMilliseconds)}`);
        return;
      case "release.step":
        line(style.dim(`  ${event.environment}: ${event.step}${event.message ? ` — ${event.message}` : ""}`));
        return;
      case "release.switched":
        line(
          `  ${style.green("✓")} ${event.environment}: release ${event.release} serves ${style.dim(`(switched in ${duration(event.milliseconds)})`)}`,
        );
        return;
      case "output":
        clear();
        stream.write(redact(event.text));
        return;
      case "diagnostic":
        line(renderDiagnostic(event.diagnostic, style));
        return;
    }
  };
  return { emit, clear };
}

/** Events as JSON lines, for programs. */
export function jsonReporter(stream: Stream, redact: (text: string) => string): Reporter {
  return { emit: (event) => stream.write(`${redact(JSON.stringify(event))}\n`), clear: () => {} };
}
