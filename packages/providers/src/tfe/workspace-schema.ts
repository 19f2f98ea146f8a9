import type { Attributes } from "@doge/engine";
import {
  blocksOf,
  complete,
  defined,
  flag,
  required,
  sameWhenEmpty,
  sorted,
  strings,
  text,
} from "../shared/attributes.ts";
import {
  computedBool,
  computedNumber,
  computedString,
  onOff,
  optionalString,
  requiredString,
  settledString,
  stringList,
  stringSet,
} from "../shared/schema.ts";
import { related } from "./client/jsonapi.ts";
import type { Relations, Workspace, WorkspaceRequest } from "./client/workspaces.ts";

const settledBool = { type: "bool", optional: true, computed: true } as const;
const paths = { type: stringList, optional: true, same: sameWhenEmpty } as const;

export const workspaceSchema = {
  description: "A workspace: one configuration with its own state.",
  attributes: {
    id: computedString,
    name: requiredString,
    organization: { type: "string", optional: true, computed: true, forceNew: true },
    description: settledString,
    execution_mode: { ...settledString, description: "remote, local or agent." },
    operations: settledBool,
    agent_pool_id: settledString,
    working_directory: { type: "string", optional: true, default: "" },
    terraform_version: { ...settledString, description: "An exact version or a constraint." },
    auto_apply: settledBool,
    auto_apply_run_trigger: onOff(false),
    auto_destroy_at: settledString,
    auto_destroy_activity_duration: settledString,
    inherits_project_auto_destroy: computedBool,
    allow_destroy_plan: onOff(true),
    assessments_enabled: settledBool,
    file_triggers_enabled: onOff(true),
    global_remote_state: settledBool,
    remote_state_consumer_ids: { type: stringSet, optional: true, computed: true },
    queue_all_runs: onOff(true),
    speculative_enabled: onOff(true),
    structured_run_output_enabled: onOff(true),
    project_id: settledString,
    source_name: { ...optionalString, forceNew: true, same: sameWhenEmpty },
    source_url: { ...optionalString, forceNew: true, same: sameWhenEmpty },
    ssh_key_id: { type: "string", optional: true, default: "" },
    tag_names: { type: stringSet, optional: true, computed: true },
    ignore_additional_tag_names: { type: "bool", optional: true },
    tags: { type: ["map", "string"], optional: true, computed: true },
    ignore_additional_tags: { type: "bool", optional: true },
    effective_tags: { type: ["map", "string"], computed: true, recomputedBy: ["tags"] },
    trigger_prefixes: paths,
    trigger_patterns: paths,
    force_delete: { ...onOff(false), description: "Destroy it even while it manages resources." },
    resource_count: computedNumber,
    html_url: { ...computedString, recomputedBy: ["name"] },
    hyok_enabled: computedBool,
  },
  blocks: {
    vcs_repo: {
      nesting: "list",
      maxItems: 1,
      block: {
        attributes: {
          identifier: requiredString,
          branch: optionalString,
          ingress_submodules: onOff(false),
          oauth_token_id: optionalString,
          github_app_installation_id: optionalString,
          tags_regex: optionalString,
        },
      },
    },
  },
} as const;

/** What is asked apart from the workspace itself. */
export interface WorkspaceRelations {
  readonly tags: Readonly<Record<string, string>>;
  readonly consumers: readonly string[];
}

export function workspaceState(
  workspace: Workspace,
  seen: WorkspaceRelations,
  known: Attributes,
  address: string,
): Attributes {
  const a = workspace.attributes;
  const managed = strings(known, "tag_names");
  const names = (a["tag-names"] ?? []).filter(
    (name) => managed.includes(name) || !flag(known, "ignore_additional_tag_names"),
  );
  const managedTags = (known["tags"] ?? {}) as Record<string, unknown>;
  const ownTags = Object.entries(seen.tags).filter(
    ([key]) => key in managedTags || !flag(known, "ignore_additional_tags"),
  );
  const vcs = a["vcs-repo"];
  return complete(workspaceSchema, {
    ...Object.fromEntries(Object.entries(a).map(([key, value]) => [key.replaceAll("-", "_"), value])),
    id: workspace.id,
    organization: related(workspace, "organization") ?? known["organization"],
    description: a.description ?? "",
    operations: a.operations ?? a["execution-mode"] !== "local",
    agent_pool_id: related(workspace, "agent-pool") ?? "",
    working_directory: a["working-directory"] ?? "",
    auto_destroy_at: a["auto-destroy-at"] ?? "",
    auto_destroy_activity_duration: a["auto-destroy-activity-duration"] ?? "",
    auto_apply_run_trigger: a["auto-apply-run-trigger"] ?? false,
    assessments_enabled: a["assessments-enabled"] ?? false,
    inherits_project_auto_destroy: a["inherits-project-auto-destroy"] ?? false,
    global_remote_state: a["global-remote-state"] ?? false,
    hyok_enabled: a["hyok-enabled"] ?? false,
    resource_count: a["resource-count"] ?? 0,
    project_id: related(workspace, "project"),
    ssh_key_id: related(workspace, "ssh-key") ?? "",
    source_name: a["source-name"] ?? "",
    source_url: a["source-url"] ?? "",
    trigger_prefixes: a["trigger-prefixes"] ?? [],
    trigger_patterns: a["trigger-patterns"] ?? [],
    tag_names: sorted(names),
    tags: Object.fromEntries(ownTags),
    effective_tags: seen.tags,
    remote_state_consumer_ids: sorted(seen.consumers),
    ignore_additional_tag_names: known["ignore_additional_tag_names"],
    ignore_additional_tags: known["ignore_additional_tags"],
    force_delete: known["force_delete"] ?? false,
    html_url: `${address}${workspace.links?.["self-html"] ?? `/app/${related(workspace, "organization")}/workspaces/${a.name}`}`,
    vcs_repo: vcs
      ? [Object.fromEntries(Object.entries(vcs).map(([key, value]) => [key.replaceAll("-", "_"), value]))]
      : [],
  });
}

/** The attributes of a create or update. What the configuration leaves open is left to HCP. */
export function workspaceRequest(config: Attributes, options: { readonly create: boolean }): WorkspaceRequest {
  const mode = text(config, "execution_mode");
  const pool = text(config, "agent_pool_id");
  const operations = flag(config, "operations");
  const overwrites = mode !== undefined || pool !== undefined || operations !== undefined;
  const vcs = blocksOf(config, "vcs_repo")[0];
  return defined({
    name: required(config, "name"),
    description: config["description"] === null ? undefined : (config["description"] as string | undefined),
    "execution-mode": mode,
    operations: mode === undefined ? operations : undefined,
    "agent-pool-id": pool,
    // Without this mark the organization's default decides, whatever the mode says.
    "setting-overwrites": overwrites ? { "execution-mode": true, "agent-pool": true } : undefined,
    "auto-apply": flag(config, "auto_apply"),
    "auto-apply-run-trigger": flag(config, "auto_apply_run_trigger"),
    "auto-destroy-at": text(config, "auto_destroy_at"),
    "auto-destroy-activity-duration": text(config, "auto_destroy_activity_duration"),
    "allow-destroy-plan": flag(config, "allow_destroy_plan"),
    "assessments-enabled": flag(config, "assessments_enabled"),
    "file-triggers-enabled": flag(config, "file_triggers_enabled"),
    "global-remote-state": flag(config, "global_remote_state"),
    "queue-all-runs": flag(config, "queue_all_runs"),
    "source-name": options.create ? text(config, "source_name") : undefined,
    "source-url": options.create ? text(config, "source_url") : undefined,
    "speculative-enabled": flag(config, "speculative_enabled"),
    "structured-run-output-enabled": flag(config, "structured_run_output_enabled"),
    "terraform-version": text(config, "terraform_version"),
    "working-directory": text(config, "working_directory") ?? "",
    "trigger-prefixes": config["trigger_prefixes"] ? strings(config, "trigger_prefixes") : undefined,
    "trigger-patterns": config["trigger_patterns"] ? strings(config, "trigger_patterns") : undefined,
    // An explicit null takes a repository away.
    "vcs-repo": vcs
      ? Object.fromEntries(Object.entries(vcs).flatMap(([k, v]) => (v === null ? [] : [[k.replaceAll("_", "-"), v]])))
      : options.create
        ? undefined
        : null,
  }) as WorkspaceRequest;
}

export const workspaceLinks = (config: Attributes): Relations => ({
  project: text(config, "project_id"),
  tags: (config["tags"] ?? undefined) as Record<string, string> | undefined,
});
