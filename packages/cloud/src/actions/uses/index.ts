import type { Scope } from "../language/expressions.ts";
import type { JobSession } from "../runner/session.ts";
import { StepFailure } from "../runner/session.ts";
import type { StepList } from "../runner/steps.ts";
import { downloadArtifact, uploadArtifact } from "./artifacts.ts";
import { cache, restoreCache, saveCache } from "./cache.ts";
import { checkout } from "./checkout.ts";
import { runLocalAction } from "./local.ts";
import { setupNode } from "./setup-node.ts";

/** A step that uses an action. */
export interface ActionCall {
  readonly session: JobSession;
  /** `actions/checkout@v4`, `./.github/actions/build`. */
  readonly reference: string;
  readonly name: string;
  /** `with`, evaluated. */
  readonly inputs: Readonly<Record<string, string>>;
  /** `env` of the step. */
  readonly env: Readonly<Record<string, string>>;
  /** Command files of the step. */
  readonly variables: Readonly<Record<string, string>>;
  readonly scope: Scope;
  /** Filled by the action. */
  readonly outputs: Record<string, string>;
  /** What the action saved for its `post`; filled when the step has ended. */
  readonly state: Readonly<Record<string, string>>;
  readonly cancel: AbortSignal;
  readonly runSteps: (steps: StepList) => Promise<boolean>;
}

type StandIn = (call: ActionCall) => Promise<void>;

/** Well-known actions that the local cloud has itself, instead of downloading them. */
const standIns: Readonly<Record<string, StandIn>> = {
  "actions/checkout": checkout,
  "actions/setup-node": setupNode,
  "actions/cache": cache,
  "actions/cache/restore": restoreCache,
  "actions/cache/save": saveCache,
  "actions/upload-artifact": uploadArtifact,
  "actions/download-artifact": downloadArtifact,
};

/** Carries out `uses:`. Throws StepFailure where the action fails, or is none that the local cloud has. */
export async function runAction(call: ActionCall): Promise<void> {
  const { reference } = call;
  if (reference.startsWith("./")) return runLocalAction(call);
  if (reference.startsWith("docker://")) {
    throw new StepFailure(`The local cloud does not run container actions: ${reference}`);
  }
  const [action = ""] = reference.split("@", 1);
  const standIn = standIns[action.toLowerCase()];
  if (!standIn) {
    throw new StepFailure(
      `The local cloud does not have the action ${reference}: it downloads none. ` +
        `It has ${Object.keys(standIns).join(", ")}, and actions of the repository itself (./path).`,
    );
  }
  call.session.log.group(
    call.name,
    Object.entries(call.inputs).length > 0
      ? ["with:", ...Object.entries(call.inputs).map(([name, value]) => `  ${name}: ${value}`)]
      : [],
  );
  return standIn(call);
}
