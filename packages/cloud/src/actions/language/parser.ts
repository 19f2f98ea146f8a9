import { registerHooks } from "node:module";

type Parser = Pick<typeof import("@actions/workflow-parser"), "parseWorkflow" | "convertWorkflowTemplate"> &
  Pick<typeof import("@actions/workflow-parser/actions/action-parser"), "parseAction"> &
  Pick<typeof import("@actions/workflow-parser/actions/action-template"), "convertActionTemplate">;

let loading: Promise<Parser> | undefined;

/** GitHub's own parser of workflow and action files. Loaded at first use: its schemas are large. */
export const workflowParser = (): Promise<Parser> => (loading ??= load());

/**
 * The parser imports its schemas as JSON without the attribute that Node asks for, so the loader adds it, for these
 * two files and only while they load. In a bundle the import is resolved already, and the hook meets nothing.
 */
async function load(): Promise<Parser> {
  const hooks = registerHooks({
    load: (url, context, next) =>
      next(url, isSchema(url) ? { ...context, importAttributes: { type: "json" } } : context),
  });
  try {
    const { parseWorkflow, convertWorkflowTemplate } = await import("@actions/workflow-parser");
    const { parseAction } = await import("@actions/workflow-parser/actions/action-parser");
    const { convertActionTemplate } = await import("@actions/workflow-parser/actions/action-template");
    return { parseWorkflow, convertWorkflowTemplate, parseAction, convertActionTemplate };
  } finally {
    hooks.deregister();
  }
}

const isSchema = (url: string): boolean => url.includes("/@actions/workflow-parser/") && url.endsWith(".json");

export const silent = { error() {}, info() {}, verbose() {} };
