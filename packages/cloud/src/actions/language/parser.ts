import { registerHooks } from "node:module";
import type { convertWorkflowTemplate, parseWorkflow } from "@actions/workflow-parser";
import type { parseAction } from "@actions/workflow-parser/actions/action-parser";
import type { convertActionTemplate } from "@actions/workflow-parser/actions/action-template";

interface Parser {
  readonly parseWorkflow: typeof parseWorkflow;
  readonly convertWorkflowTemplate: typeof convertWorkflowTemplate;
  readonly parseAction: typeof parseAction;
  readonly convertActionTemplate: typeof convertActionTemplate;
}

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
    const workflows = await import("@actions/workflow-parser");
    const actions = await import("@actions/workflow-parser/actions/action-parser");
    const templates = await import("@actions/workflow-parser/actions/action-template");
    return {
      parseWorkflow: workflows.parseWorkflow,
      convertWorkflowTemplate: workflows.convertWorkflowTemplate,
      parseAction: actions.parseAction,
      convertActionTemplate: templates.convertActionTemplate,
    };
  } finally {
    hooks.deregister();
  }
}

const isSchema = (url: string): boolean => url.includes("/@actions/workflow-parser/") && url.endsWith(".json");

export const silent = { error() {}, info() {}, verbose() {} };
