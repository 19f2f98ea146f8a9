/** Status changes of runs and of their phases, with the times that clients show. */
import { found } from "./jsonapi.ts";
import { isFinished, timestamp, type Hcp, type Phase, type PhaseStatus, type Run, type RunStatus } from "./model.ts";

const stampNames: Partial<Record<PhaseStatus, string>> = {
  queued: "queued-at",
  running: "started-at",
  finished: "finished-at",
  errored: "errored-at",
  canceled: "canceled-at",
};

/** A finished run stays as it is: a late answer of a cancelled runner changes nothing. */
export function changeRun(hcp: Hcp, runId: string, status: RunStatus, more: Partial<Run> = {}): Run {
  const run = found(hcp.runs.get(runId));
  if (isFinished(run)) return run;
  const stamp = `${status.replaceAll("_", "-")}-at`;
  return hcp.runs.put(runId, { ...run, ...more, status, timestamps: { ...run.timestamps, [stamp]: timestamp(hcp) } });
}

export function phaseIn(hcp: Hcp, phase: Phase, status: PhaseStatus, counts: Partial<Phase> = {}): Phase {
  const stamp = stampNames[status];
  return {
    ...phase,
    ...counts,
    status,
    timestamps: stamp ? { ...phase.timestamps, [stamp]: timestamp(hcp) } : phase.timestamps,
  };
}

/** The phase that is under way or waits, told that its run has ended early. */
export function endedPhases(hcp: Hcp, run: Run, status: "errored" | "canceled"): Pick<Run, "plan" | "apply"> {
  const ended = (phase: Phase): Phase =>
    phase.status === "running" || phase.status === "queued" ? phaseIn(hcp, phase, status) : phase;
  const unreachable = (phase: Phase): Phase =>
    phase.status === "pending" ? phaseIn(hcp, phase, "unreachable") : phase;
  return { plan: unreachable(ended(run.plan)), apply: unreachable(ended(run.apply)) };
}
