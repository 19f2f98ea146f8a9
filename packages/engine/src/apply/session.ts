import type { Diagnostic, ResourceAction } from "@doge/core";
import { diagnosticsOf } from "@doge/core";
import type { Clients } from "../graph/clients.ts";
import type { Evaluation } from "../graph/evaluation.ts";
import type { Repetition } from "../graph/expand.ts";
import type { Dependencies } from "../graph/dependencies.ts";
import type { Prepared } from "../graph/prepare.ts";
import type { Intent, Journal } from "../journal/journal.ts";
import type { CheckResults } from "../plan/conditions.ts";
import type { Plan } from "../plan/model.ts";
import type { WorkingState } from "../state/working.ts";
import type { Saver } from "./saver.ts";

/** One apply at work. */
export interface ApplySession {
  readonly plan: Plan;
  readonly prepared: Prepared;
  readonly dependencies: Dependencies;
  readonly evaluation: Evaluation;
  readonly clients: Clients;
  readonly working: WorkingState;
  readonly saver: Saver;
  readonly journal: Journal;
  readonly intents: ReadonlyMap<string, Intent>;
  readonly diagnostics: Diagnostic[];
  readonly checks: CheckResults;
  readonly done: { add: number; change: number; destroy: number };
  /** Instances that this plan is about. */
  readonly meant: ReadonlySet<string>;
  /** Of these, those that it leaves alone. */
  readonly idle: ReadonlySet<string>;
  /** The instances of each resource in each instance of its module, found once. */
  readonly repetitions: Map<string, readonly Repetition[]>;
}

/** Reports start and end of work on an object; a failure becomes diagnostics and false. */
export async function reporting(
  session: ApplySession,
  address: string,
  action: ResourceAction,
  body: () => Promise<string | undefined>,
): Promise<boolean> {
  const { emit, clock } = session.clients.context;
  const started = clock.now().getTime();
  emit({ type: "resource.started", address, action });
  try {
    const id = await body();
    emit({
      type: "resource.finished",
      address,
      action,
      milliseconds: clock.now().getTime() - started,
      ...(id === undefined ? {} : { id }),
    });
    return true;
  } catch (thrown) {
    const diagnostics = diagnosticsOf(thrown).map((d) => (d.address === undefined ? { ...d, address } : d));
    session.diagnostics.push(...diagnostics);
    emit({ type: "resource.failed", address, action, diagnostics });
    return false;
  }
}
