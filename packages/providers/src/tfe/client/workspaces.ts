import { hasStatus, ifFound } from "../../shared/errors.ts";
import { type JsonApi, type Resource, segment } from "./jsonapi.ts";

export interface OrganizationAttributes {
  readonly name: string;
  readonly "external-id": string;
  readonly email: string | null;
  readonly "collaborator-auth-policy"?: string;
  readonly "cost-estimation-enabled"?: boolean;
  readonly "owners-team-saml-role-id"?: string | null;
  readonly "two-factor-conformant"?: boolean;
  readonly "send-passing-statuses-for-untriggered-speculative-plans"?: boolean;
  readonly "aggregated-commit-status-enabled"?: boolean;
  readonly "speculative-plan-management-enabled"?: boolean;
  readonly "assessments-enforced"?: boolean;
  readonly "enforce-hyok"?: boolean;
  readonly "max-ttl-enabled"?: boolean;
  readonly permissions?: Readonly<Record<string, boolean>>;
}

export interface WorkspaceAttributes {
  readonly name: string;
  readonly description: string | null;
  readonly "execution-mode": "remote" | "local" | "agent";
  readonly operations?: boolean;
  readonly "auto-apply": boolean;
  readonly "auto-apply-run-trigger"?: boolean;
  readonly "auto-destroy-at"?: string | null;
  readonly "auto-destroy-activity-duration"?: string | null;
  readonly "allow-destroy-plan"?: boolean;
  readonly "assessments-enabled"?: boolean;
  readonly "file-triggers-enabled"?: boolean;
  readonly "global-remote-state"?: boolean;
  readonly "hyok-enabled"?: boolean;
  readonly "inherits-project-auto-destroy"?: boolean;
  readonly locked: boolean;
  /** As given to the lock; empty where there is none. */
  readonly "locked-reason"?: string | null;
  readonly "queue-all-runs"?: boolean;
  readonly "resource-count"?: number;
  readonly "source-name"?: string | null;
  readonly "source-url"?: string | null;
  readonly "speculative-enabled"?: boolean;
  readonly "structured-run-output-enabled"?: boolean;
  readonly "tag-names"?: readonly string[];
  readonly "terraform-version"?: string;
  readonly "trigger-patterns"?: readonly string[] | null;
  readonly "trigger-prefixes"?: readonly string[] | null;
  readonly "vcs-repo"?: Readonly<Record<string, unknown>> | null;
  readonly "working-directory"?: string | null;
}

export type Organization = Resource<OrganizationAttributes>;
export type Workspace = Resource<WorkspaceAttributes>;

export type WorkspaceRequest = Partial<WorkspaceAttributes> & {
  readonly "setting-overwrites"?: { readonly "execution-mode"?: boolean; readonly "agent-pool"?: boolean };
  readonly "agent-pool-id"?: string;
};

export interface Relations {
  readonly project?: string | undefined;
  /** Key and value tags. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

export interface Organizations {
  get(name: string): Promise<Organization | undefined>;
  /** Those that the token sees. */
  list(): Promise<Organization[]>;
}

export const organizations = (api: JsonApi): Organizations => ({
  get: (name) => ifFound(api.one<OrganizationAttributes>("GET", `/organizations/${segment(name)}`)),
  list: () => api.all<OrganizationAttributes>("/organizations"),
});

export interface Workspaces {
  list(organization: string): Promise<Workspace[]>;
  byName(organization: string, name: string): Promise<Workspace | undefined>;
  get(id: string): Promise<Workspace | undefined>;
  create(organization: string, attributes: WorkspaceRequest, relations?: Relations): Promise<Workspace>;
  update(id: string, attributes: WorkspaceRequest, relations?: Relations): Promise<Workspace>;
  /** A workspace that still manages resources is refused with 409, unless forced. */
  delete(id: string, options?: { readonly force?: boolean }): Promise<void>;
  /** False where it is locked: by somebody else, or by this very call, whose first answer was lost. */
  lock(id: string, reason: string): Promise<boolean>;
  /** Unlocking what is not locked is no error. */
  unlock(id: string, options?: { readonly force?: boolean }): Promise<void>;
  addTags(id: string, names: readonly string[]): Promise<void>;
  removeTags(id: string, names: readonly string[]): Promise<void>;
  /** Key and value tags, those of the project among them. */
  tags(id: string): Promise<Record<string, string>>;
  /** Workspaces that may read this one's state. */
  remoteStateConsumers(id: string): Promise<string[]>;
  setRemoteStateConsumers(id: string, workspaces: readonly string[]): Promise<void>;
  setSshKey(id: string, key: string | null): Promise<void>;
}

export function workspaces(api: JsonApi): Workspaces {
  const of = (organization: string) => `/organizations/${segment(organization)}/workspaces`;
  const at = (id: string) => `/workspaces/${segment(id)}`;
  const tagsOf = (names: readonly string[]) => ({
    data: names.map((name) => ({ type: "tags", attributes: { name } })),
  });

  return {
    list: (organization) => api.all<WorkspaceAttributes>(of(organization)),
    byName: (organization, name) =>
      ifFound(api.one<WorkspaceAttributes>("GET", `${of(organization)}/${segment(name)}`)),
    get: (id) => ifFound(api.one<WorkspaceAttributes>("GET", at(id))),
    create: (organization, attributes, relations) =>
      api.one<WorkspaceAttributes>("POST", of(organization), {
        type: "workspaces",
        attributes,
        ...relationships(relations),
      }),
    update: (id, attributes, relations) =>
      api.one<WorkspaceAttributes>("PATCH", at(id), {
        type: "workspaces",
        id,
        attributes,
        ...relationships(relations),
      }),
    delete: async (id, options = {}) =>
      void (await ifFound(
        options.force
          ? api.send("DELETE", at(id))
          : api.send("POST", `${at(id)}/actions/safe-delete`, { repeatable: true }),
      )),
    lock: async (id, reason) => {
      try {
        await api.send("POST", `${at(id)}/actions/lock`, { body: { reason }, repeatable: true });
        return true;
      } catch (thrown) {
        if (hasStatus(thrown, 409)) return false;
        throw thrown;
      }
    },
    unlock: async (id, options = {}) => {
      try {
        await api.send("POST", `${at(id)}/actions/${options.force ? "force-unlock" : "unlock"}`, { repeatable: true });
      } catch (thrown) {
        // 409: it was not locked, or by another; the latter is told by the workspace itself.
        const held = hasStatus(thrown, 409) && (await api.one<WorkspaceAttributes>("GET", at(id))).attributes.locked;
        if (held || !hasStatus(thrown, 409)) throw thrown;
      }
    },
    addTags: async (id, names) => {
      if (names.length > 0)
        await api.send("POST", `${at(id)}/relationships/tags`, { body: tagsOf(names), repeatable: true });
    },
    removeTags: async (id, names) => {
      if (names.length === 0) return;
      // They are added by name, and taken away by id.
      const present = await api.all<{ name: string }>(`${at(id)}/relationships/tags`);
      const data = present
        .filter((tag) => names.includes(tag.attributes.name))
        .map((tag) => ({ type: "tags", id: tag.id }));
      if (data.length > 0) await api.send("DELETE", `${at(id)}/relationships/tags`, { body: { data } });
    },
    tags: async (id) => {
      const bindings = await ifFound(
        api.all<{ key: string; value?: string | null }>(`${at(id)}/effective-tag-bindings`),
      );
      return Object.fromEntries((bindings ?? []).map(({ attributes }) => [attributes.key, attributes.value ?? ""]));
    },
    remoteStateConsumers: async (id) =>
      ((await ifFound(api.all<unknown>(`${at(id)}/relationships/remote-state-consumers`))) ?? []).map((w) => w.id),
    setRemoteStateConsumers: async (id, ids) => {
      const data = ids.map((consumer) => ({ type: "workspaces", id: consumer }));
      await api.send("PATCH", `${at(id)}/relationships/remote-state-consumers`, { body: { data } });
    },
    setSshKey: async (id, key) => {
      const data = { type: "workspaces", attributes: { id: key } };
      await api.send("PATCH", `${at(id)}/relationships/ssh-key`, { body: { data } });
    },
  };
}

function relationships(relations: Relations | undefined): object {
  const { project, tags } = relations ?? {};
  const bindings = Object.entries(tags ?? {});
  if (!project && bindings.length === 0) return {};
  return {
    relationships: {
      ...(project ? { project: { data: { type: "projects", id: project } } } : {}),
      ...(bindings.length > 0
        ? {
            "tag-bindings": {
              data: bindings.map(([key, value]) => ({ type: "tag-bindings", attributes: { key, value } })),
            },
          }
        : {}),
    },
  };
}
