import type { EventsConfig } from "@actions/workflow-parser/model/workflow-template";
import type { RepositoryEvent } from "../ports.ts";
import { changedPaths, pathsOfCommit } from "./git.ts";
import { textOf, valueOf, type Fields, type Value } from "./language/expressions.ts";
import { matchesPatterns } from "./language/patterns.ts";
import type { Workflow } from "./language/workflow.ts";

type Filters = NonNullable<EventsConfig["push"]> & NonNullable<EventsConfig["pull_request"]>;
type Payload = Readonly<Record<string, unknown>>;

/** What of a pull request's payload Actions looks at. */
export interface PullRequestPayload {
  readonly number: number;
  readonly title: string;
  readonly head: { readonly sha: string; readonly ref: string };
  readonly base: { readonly sha: string; readonly ref: string };
}

export const pullRequestOf = (payload: Payload): PullRequestPayload | undefined =>
  payload["pull_request"] as PullRequestPayload | undefined;

const defaultTypes = ["opened", "synchronize", "reopened"];
const skipMarks = ["[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]"];
const nothing = /^0+$/;

/** Whether a commit message asks for no runs. Manual runs don't ask. */
export const asksToSkip = (message: string): boolean =>
  skipMarks.some((mark) => message.includes(mark)) || /^skip-checks:\s*true$/m.test(message);

/** A push that only takes a branch away leaves no commit whose workflows could run. */
export const leavesNoCommit = (event: RepositoryEvent): boolean => event.event === "delete" || nothing.test(event.sha);

/** Whether a workflow asks to run for an event. `gitFolder` tells which files changed. */
export async function triggers(workflow: Workflow, event: RepositoryEvent, gitFolder: string): Promise<boolean> {
  const asked = workflow.events[event.event] as Filters | undefined;
  if (!asked) return false;
  switch (event.event) {
    case "push":
      return refPasses(asked, event.ref) && pathsPass(asked, () => pushedPaths(event, gitFolder));
    case "pull_request": {
      const pull = pullRequestOf(event.payload);
      if (!pull || !(asked.types ?? defaultTypes).includes(String(event.payload["action"]))) return false;
      if (!branchPasses(asked, pull.base.ref)) return false;
      return pathsPass(asked, () => changedPaths(gitFolder, pull.base.sha, pull.head.sha, "..."));
    }
    default:
      return true;
  }
}

function refPasses(filters: Filters, ref: string): boolean {
  const branch = ref.startsWith("refs/heads/") ? ref.slice("refs/heads/".length) : undefined;
  const tag = ref.startsWith("refs/tags/") ? ref.slice("refs/tags/".length) : undefined;
  const aboutBranches = filters.branches ?? filters["branches-ignore"];
  const aboutTags = filters.tags ?? filters["tags-ignore"];
  // Filters for the one kind alone keep the other kind out.
  if (branch !== undefined) return aboutTags && !aboutBranches ? false : branchPasses(filters, branch);
  if (tag === undefined || (aboutBranches && !aboutTags)) return false;
  if (filters.tags) return matchesPatterns(filters.tags, tag);
  return !matchesPatterns(filters["tags-ignore"] ?? [], tag);
}

function branchPasses(filters: Filters, branch: string): boolean {
  if (filters.branches) return matchesPatterns(filters.branches, branch);
  return !matchesPatterns(filters["branches-ignore"] ?? [], branch);
}

async function pathsPass(filters: Filters, changed: () => Promise<readonly string[]>): Promise<boolean> {
  const { paths, "paths-ignore": ignored } = filters;
  if (paths) return (await changed()).some((path) => matchesPatterns(paths, path));
  if (ignored) return (await changed()).some((path) => !matchesPatterns(ignored, path));
  return true;
}

function pushedPaths({ payload, sha }: RepositoryEvent, gitFolder: string): Promise<readonly string[]> {
  const before = payload["before"];
  return typeof before === "string" && !nothing.test(before)
    ? changedPaths(gitFolder, before, sha, "..")
    : pathsOfCommit(gitFolder, sha);
}

interface InputDeclaration {
  readonly type: string;
  readonly required?: boolean;
  readonly default?: Value;
  readonly options?: readonly string[];
}

/** The inputs of a manual run, defaults and types applied; or what is wrong with them. */
export function dispatchInputs(
  workflow: Workflow,
  given: unknown,
): { readonly inputs: Fields; readonly errors: readonly string[] } {
  const declared = (workflow.events.workflow_dispatch?.inputs ?? {}) as Readonly<Record<string, InputDeclaration>>;
  const values = { ...(given as Record<string, unknown> | undefined) };
  const errors = Object.keys(values)
    .filter((name) => !(name in declared))
    .map((name) => `Unexpected inputs provided: ["${name}"]`);
  const inputs: Record<string, Value> = {};
  for (const [name, input] of Object.entries(declared)) {
    const value = valueOf(values[name] ?? input.default ?? null);
    if (value === null && input.required) errors.push(`Required input '${name}' not provided`);
    if (input.type === "choice" && value !== null && !input.options?.includes(textOf(value))) {
      errors.push(`Provided value '${textOf(value)}' for input '${name}' not in the list of allowed values`);
    }
    inputs[name] = input.type === "boolean" ? textOf(value) === "true" : (value ?? "");
  }
  return { inputs, errors };
}
