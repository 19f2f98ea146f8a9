import { setTimeout as sleep } from "node:timers/promises";
import type { ContainerRecord, Healthcheck, HealthResult } from "./model.ts";

type Health = NonNullable<ContainerRecord["health"]>;

/** Runs a container's health check by Docker's rules until `signal` aborts; reports every result. */
export function watchHealth(options: {
  readonly check: Healthcheck;
  readonly signal: AbortSignal;
  readonly now: () => Date;
  readonly run: (argv: readonly string[], timeoutMilliseconds: number) => Promise<{ exitCode: number; output: string }>;
  readonly report: (health: Health) => void;
}): void {
  const { check, signal, now, run, report } = options;
  const [kind, ...words] = check.test;
  const argv = kind === "CMD-SHELL" ? ["/bin/sh", "-c", words.join(" ")] : words;
  let health: Health = { status: "starting", failingStreak: 0, log: [] };
  report(health);

  const loop = async (): Promise<void> => {
    const began = now().getTime();
    while (!signal.aborted) {
      const starting = health.status === "starting" && now().getTime() - began < check.startPeriodMilliseconds;
      await sleep(starting ? check.startIntervalMilliseconds : check.intervalMilliseconds, undefined, {
        signal,
        ref: false,
      });
      const start = now().toISOString();
      const result = await run(argv, check.timeoutMilliseconds).catch((thrown: unknown) => ({
        exitCode: 1,
        output: thrown instanceof Error ? thrown.message : String(thrown),
      }));
      if (signal.aborted) return;
      health = judged(
        health,
        { start, end: now().toISOString(), ...result },
        {
          graced: now().getTime() - began < check.startPeriodMilliseconds,
          retries: check.retries,
        },
      );
      report(health);
    }
  };
  // The only way for it to fail is the abort of its sleep.
  loop().catch(() => {});
}

/** One result counts: a success heals, failures add up, and in the start period failures don't count. */
export function judged(
  health: Health,
  result: HealthResult,
  rules: { readonly graced: boolean; readonly retries: number },
): Health {
  const log = [...health.log, result].slice(-5);
  if (result.exitCode === 0) return { status: "healthy", failingStreak: 0, log };
  if (health.status === "starting" && rules.graced) return { ...health, log };
  const failingStreak = health.failingStreak + 1;
  return { status: failingStreak >= rules.retries ? "unhealthy" : health.status, failingStreak, log };
}
