import type { Token } from "./expressions.ts";
import { silent, workflowParser } from "./parser.ts";
import { child, messages, stepsOf, type Parsed, type WorkflowStep } from "./workflow.ts";

/** An action's `action.yml`. */
export interface Action {
  readonly name: string;
  readonly inputs: readonly { readonly id: string; readonly required: boolean; readonly default: Token | undefined }[];
  readonly outputs: readonly { readonly id: string; readonly value: Token | undefined }[];
  readonly runs:
    | { readonly using: "composite"; readonly steps: readonly WorkflowStep[] }
    | {
        readonly using: "node";
        readonly main: string;
        readonly pre: string | undefined;
        readonly post: string | undefined;
        readonly postCondition: string;
      }
    | { readonly using: "docker" };
}

/** Reads an action's metadata; or says what is wrong with it. */
export async function parseActionFile(path: string, content: string): Promise<Parsed<Action>> {
  const { parseAction, convertActionTemplate } = await workflowParser();
  const { context, value: root } = parseAction({ name: path, content }, silent);
  if (!root || context.errors.count > 0) return { errors: messages(context) };
  const action = convertActionTemplate(context, root);
  if (context.errors.count > 0) return { errors: messages(context) };
  return {
    errors: [],
    value: {
      name: action.name,
      inputs: (action.inputs ?? []).map(({ id, required, default: value }) => ({
        id,
        required: required ?? false,
        default: value,
      })),
      outputs: (action.outputs ?? []).map(({ id, value }) => ({ id, value })),
      runs: runsOf(action.runs, child(root, "runs")),
    },
  };
}

function runsOf(
  runs: ReturnType<Awaited<ReturnType<typeof workflowParser>>["convertActionTemplate"]>["runs"],
  token: Token | undefined,
): Action["runs"] {
  switch (runs.using) {
    case "composite": {
      const conditions = runs.steps.map((step) => ("if" in step ? step.if?.expression : undefined));
      return { using: "composite", steps: stepsOf(child(token, "steps"), conditions) };
    }
    case "docker":
      return { using: "docker" };
    default:
      return {
        using: "node",
        main: runs.main,
        pre: runs.pre,
        post: runs.post,
        postCondition: runs.postIf ?? "always()",
      };
  }
}
