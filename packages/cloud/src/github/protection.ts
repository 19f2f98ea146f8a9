import type { GitHubIdentity } from "../ports.ts";
import type { Hub } from "./hub.ts";
import type { CheckRun, CommitStatus, ProtectionRule, RepositoryDocument } from "./model.ts";

/** The rule that holds for a branch: the one that names it, else the oldest whose pattern matches. */
export function ruleFor(hub: Hub, repository: RepositoryDocument, branch: string): ProtectionRule | undefined {
  const rules = hub.records.rules.list((rule) => rule.repository === repository.id);
  return rules.find(({ pattern }) => pattern === branch) ?? rules.find(({ pattern }) => matches(pattern, branch));
}

/** fnmatch with path names: `*` stops at a slash, `**` + slash crosses folders. */
export function matches(pattern: string, name: string): boolean {
  let expression = "";
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] ?? "";
    if (pattern.startsWith("**/", at)) {
      expression += "(?:.*/)?";
      at += 2;
    } else if (character === "*") expression += "[^/]*";
    else if (character === "?") expression += "[^/]";
    else expression += character.replace(/[\\^$.|+(){}[\]]/, String.raw`\$&`);
  }
  return new RegExp(`^${expression}$`).test(name);
}

export type CheckState = "success" | "failure" | "pending";

/** The newest check run of each name. */
export function latestCheckRuns(hub: Hub, repository: RepositoryDocument, sha: string): CheckRun[] {
  const latest = new Map<string, CheckRun>();
  for (const run of hub.records.checkRuns.list((run) => run.repository === repository.id && run.headSha === sha)) {
    latest.set(run.name, run);
  }
  return [...latest.values()];
}

/** The newest status of each context. */
export function latestStatuses(hub: Hub, repository: RepositoryDocument, sha: string): CommitStatus[] {
  const latest = new Map<string, CommitStatus>();
  for (const status of hub.records.statuses.list(
    (status) => status.repository === repository.id && status.sha === sha,
  )) {
    latest.set(status.context, status);
  }
  return [...latest.values()];
}

/** Check runs and statuses of a commit by name, as branch protection looks at them. */
export function checksOf(hub: Hub, repository: RepositoryDocument, sha: string): Map<string, CheckState> {
  const states = new Map<string, CheckState>();
  for (const { context, state } of latestStatuses(hub, repository, sha)) {
    states.set(context, state === "error" ? "failure" : state);
  }
  for (const { name, status, conclusion } of latestCheckRuns(hub, repository, sha)) {
    if (status !== "completed") states.set(name, "pending");
    else states.set(name, /^(success|neutral|skipped)$/.test(conclusion ?? "") ? "success" : "failure");
  }
  return states;
}

/** What GitHub says of required checks that have not passed on this commit; undefined where all have. */
export function missingChecks(
  hub: Hub,
  repository: RepositoryDocument,
  rule: ProtectionRule,
  sha: string,
): string | undefined {
  if (!rule.requiresStatusChecks) return undefined;
  const states = checksOf(hub, repository, sha);
  const required = rule.requiredStatusCheckContexts;
  const open = required.filter((context) => states.get(context) !== "success");
  const [first] = open;
  if (first === undefined) return undefined;
  if (required.length > 1) {
    const seen = open.every((context) => !states.has(context)) ? "expected" : "not successful";
    return `${open.length} of ${required.length} required status checks are ${seen}.`;
  }
  const verb =
    { pending: "is in progress", failure: "is failing", success: "" }[states.get(first) ?? "success"] || "is expected";
  return `Required status check "${first}" ${verb}.`;
}

/** Whether this person stands above the rule: administrators do, unless the rule includes them. */
export function bypasses(
  hub: Hub,
  viewer: GitHubIdentity,
  repository: RepositoryDocument,
  rule: ProtectionRule,
): boolean {
  if (rule.isAdminEnforced || viewer.repository !== undefined) return false;
  return hub.access.roleOf(viewer.login, repository) === "admin";
}

export interface RefChange {
  /** Full name. */
  readonly ref: string;
  /** Zeroes where there is none. */
  readonly before: string;
  readonly after: string;
}

/** Whether an update is refused: at once, or only if it turns out to be of a kind that needs the objects to see. */
export interface Refusal {
  readonly ref: string;
  /** `bypassed`: let through, but said. */
  readonly when: "always" | "forced" | "merges" | "bypassed";
  readonly message: string;
}

const zero = /^0+$/;

/** What branch protection has against a change of a ref. Empty: nothing. */
export function refusals(
  hub: Hub,
  viewer: GitHubIdentity,
  repository: RepositoryDocument,
  { ref, before, after }: RefChange,
): Refusal[] {
  const branch = /^refs\/heads\/(.+)$/.exec(ref)?.[1];
  const rule = branch === undefined ? undefined : ruleFor(hub, repository, branch);
  if (!rule) return [];
  if (zero.test(after)) {
    return rule.allowsDeletions ? [] : [{ ref, when: "always", message: "Cannot delete this branch" }];
  }
  const above = bypasses(hub, viewer, repository, rule);
  const mayPush = !rule.restrictsPushes || rule.pushActorIds.length === 0 || above;
  if (zero.test(before)) {
    const blocked = rule.blocksCreations && !mayPush;
    return blocked ? [{ ref, when: "always", message: "You're not authorized to create this branch." }] : [];
  }
  const found: Refusal[] = [];
  const unless = (message: string | undefined, when: Refusal["when"] = "always"): void => {
    if (message === undefined) return;
    if (!above) found.push({ ref, when, message });
    else if (when === "always") found.push({ ref, when: "bypassed", message });
  };
  if (!rule.allowsForcePushes) found.push({ ref, when: "forced", message: "Cannot force-push to this branch" });
  if (rule.lockBranch) unless("Cannot change this locked branch");
  if (!mayPush) unless("You're not authorized to push to this branch.");
  if (rule.requiresApprovingReviews) unless("Changes must be made through a pull request.");
  unless(missingChecks(hub, repository, rule, after));
  if (rule.requiresLinearHistory) unless("This branch must not contain merge commits.", "merges");
  return found;
}
