import type { Diagnostic } from "./diagnostic.ts";

export type ResourceAction = "create" | "read" | "update" | "replace" | "delete" | "no-op" | "forget";

/**
 * Everything that happens while people wait. Presentation-free: the terminal, the plan comment, the
 * journal and the console all read the same union.
 */
export type DogeEvent =
  // one step of a longer command (`up`, `new`, `deploy`); steps nest by `parent`
  | { readonly type: "step.started"; readonly step: string; readonly title: string; readonly parent?: string }
  | { readonly type: "step.progress"; readonly step: string; readonly message: string }
  | {
      readonly type: "step.finished";
      readonly step: string;
      readonly title: string;
      readonly outcome: "done" | "unchanged" | "skipped" | "failed";
      readonly milliseconds: number;
      readonly detail?: string;
    }
  // runs of workspaces
  | { readonly type: "run.created"; readonly workspace: string; readonly run: string; readonly url?: string }
  | {
      readonly type: "run.planned";
      readonly workspace: string;
      readonly add: number;
      readonly change: number;
      readonly destroy: number;
    }
  | {
      readonly type: "run.applied";
      readonly workspace: string;
      readonly add: number;
      readonly change: number;
      readonly destroy: number;
      readonly milliseconds: number;
    }
  | { readonly type: "run.log"; readonly workspace: string; readonly text: string }
  // resources
  | { readonly type: "resource.refreshing"; readonly address: string }
  | { readonly type: "resource.started"; readonly address: string; readonly action: ResourceAction }
  | { readonly type: "resource.waiting"; readonly address: string; readonly message: string }
  | {
      readonly type: "resource.finished";
      readonly address: string;
      readonly action: ResourceAction;
      readonly id?: string;
      readonly milliseconds: number;
    }
  | {
      readonly type: "resource.failed";
      readonly address: string;
      readonly action: ResourceAction;
      readonly diagnostics: readonly Diagnostic[];
    }
  // transport
  | {
      readonly type: "http.retrying";
      readonly method: string;
      readonly url: string;
      readonly attempt: number;
      readonly inMilliseconds: number;
      readonly reason: string;
    }
  // releases
  | {
      readonly type: "release.step";
      readonly environment: string;
      readonly release: string;
      readonly step: string;
      readonly message?: string;
    }
  | {
      readonly type: "release.switched";
      readonly environment: string;
      readonly release: string;
      readonly milliseconds: number;
    }
  | { readonly type: "output"; readonly text: string; readonly stream: "stdout" | "stderr" }
  | { readonly type: "diagnostic"; readonly diagnostic: Diagnostic };

export type Emit = (event: DogeEvent) => void;

/** Runs one step of a longer command and reports its start and its end, whichever it is. */
export async function step<T>(
  emit: Emit,
  now: () => Date,
  info: { readonly step: string; readonly title: string; readonly parent?: string },
  body: () => Promise<T>,
  summarize?: (value: T) => { readonly outcome?: "done" | "unchanged" | "skipped"; readonly detail?: string },
): Promise<T> {
  const started = now().getTime();
  emit({ type: "step.started", ...info });
  const finished = { type: "step.finished", step: info.step, title: info.title } as const;
  try {
    const value = await body();
    emit({ ...finished, outcome: "done", milliseconds: now().getTime() - started, ...summarize?.(value) });
    return value;
  } catch (thrown) {
    emit({ ...finished, outcome: "failed", milliseconds: now().getTime() - started });
    throw thrown;
  }
}
