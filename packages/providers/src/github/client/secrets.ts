import { ifFound } from "../../shared/errors.ts";
import type { GitHubTransport, Repo } from "./octokit.ts";

export interface Stamp {
  readonly created_at: string;
  readonly updated_at: string;
}

/** A repository, or one of its environments. */
export type Holder = Repo & { readonly environment?: string | undefined };

export interface Secrets {
  publicKey(holder: Holder): Promise<{ readonly key_id: string; readonly key: string }>;
  get(holder: Holder, name: string): Promise<Stamp | undefined>;
  /** `encrypted` is a sealed box in base64. */
  put(holder: Holder, name: string, encrypted: string, keyId: string): Promise<void>;
  delete(holder: Holder, name: string): Promise<void>;
}

export function secrets({ rest }: GitHubTransport): Secrets {
  const parts = ({ owner, repo, environment }: Holder) => ({ owner, repo, environment_name: environment ?? "" });
  return {
    publicKey: async (holder) =>
      holder.environment === undefined
        ? (await rest("GET /repos/{owner}/{repo}/actions/secrets/public-key", parts(holder))).data
        : (await rest("GET /repos/{owner}/{repo}/environments/{environment_name}/secrets/public-key", parts(holder)))
            .data,
    get: (holder, secret_name) =>
      ifFound(
        (holder.environment === undefined
          ? rest("GET /repos/{owner}/{repo}/actions/secrets/{secret_name}", { ...repoOf(holder), secret_name })
          : rest("GET /repos/{owner}/{repo}/environments/{environment_name}/secrets/{secret_name}", {
              ...parts(holder),
              secret_name,
            })
        ).then(({ data }) => data as Stamp),
      ),
    put: async (holder, secret_name, encrypted_value, key_id) => {
      const body = { secret_name, encrypted_value, key_id };
      await (holder.environment === undefined
        ? rest("PUT /repos/{owner}/{repo}/actions/secrets/{secret_name}", { ...repoOf(holder), ...body })
        : rest("PUT /repos/{owner}/{repo}/environments/{environment_name}/secrets/{secret_name}", {
            ...parts(holder),
            ...body,
          }));
    },
    delete: async (holder, secret_name) =>
      void (await ifFound<unknown>(
        holder.environment === undefined
          ? rest("DELETE /repos/{owner}/{repo}/actions/secrets/{secret_name}", { ...repoOf(holder), secret_name })
          : rest("DELETE /repos/{owner}/{repo}/environments/{environment_name}/secrets/{secret_name}", {
              ...parts(holder),
              secret_name,
            }),
      )),
  };
}

const repoOf = ({ owner, repo }: Holder): Repo => ({ owner, repo });

export interface ActionsVariable extends Stamp {
  readonly name: string;
  readonly value: string;
}

export interface ActionsVariables {
  get(at: Repo, name: string): Promise<ActionsVariable | undefined>;
  create(at: Repo, name: string, value: string): Promise<void>;
  update(at: Repo, name: string, value: string): Promise<void>;
  delete(at: Repo, name: string): Promise<void>;
}

export function actionsVariables({ rest }: GitHubTransport): ActionsVariables {
  return {
    get: (at, name) =>
      ifFound(rest("GET /repos/{owner}/{repo}/actions/variables/{name}", { ...at, name }).then(({ data }) => data)),
    create: async (at, name, value) =>
      void (await rest("POST /repos/{owner}/{repo}/actions/variables", { ...at, name, value })),
    update: async (at, name, value) =>
      void (await rest("PATCH /repos/{owner}/{repo}/actions/variables/{name}", { ...at, name, value })),
    delete: async (at, name) =>
      void (await ifFound(rest("DELETE /repos/{owner}/{repo}/actions/variables/{name}", { ...at, name }))),
  };
}

export interface Environment {
  readonly name: string;
  readonly can_admins_bypass?: boolean;
  readonly protection_rules?: readonly {
    readonly type: string;
    readonly wait_timer?: number;
    readonly prevent_self_review?: boolean;
    readonly reviewers?: readonly { readonly type?: string; readonly reviewer?: { readonly id?: number } }[];
  }[];
  readonly deployment_branch_policy?: BranchPolicy | null;
}

export interface BranchPolicy {
  readonly protected_branches: boolean;
  readonly custom_branch_policies: boolean;
}

export interface EnvironmentRequest {
  readonly wait_timer?: number;
  readonly prevent_self_review?: boolean;
  readonly can_admins_bypass?: boolean;
  readonly reviewers?: { readonly type: "User" | "Team"; readonly id: number }[] | null;
  readonly deployment_branch_policy: BranchPolicy | null;
}

export interface Environments {
  list(at: Repo): Promise<Environment[]>;
  get(at: Repo, name: string): Promise<Environment | undefined>;
  /** Creates or replaces. */
  put(at: Repo, name: string, settings: EnvironmentRequest): Promise<Environment>;
  delete(at: Repo, name: string): Promise<void>;
}

export function environments({ rest, all }: GitHubTransport): Environments {
  const one = "/repos/{owner}/{repo}/environments/{environment_name}";
  return {
    list: (at) =>
      all(async (page) => {
        const { data, headers } = await rest("GET /repos/{owner}/{repo}/environments", { ...at, per_page: 100, page });
        return { data: (data.environments ?? []) as unknown as Environment[], headers };
      }),
    get: (at, environment_name) =>
      ifFound(rest(`GET ${one}`, { ...at, environment_name }).then(({ data }) => data as unknown as Environment)),
    put: async (at, environment_name, settings) =>
      (await rest(`PUT ${one}`, { ...at, environment_name, ...settings })).data as unknown as Environment,
    delete: async (at, environment_name) => void (await ifFound(rest(`DELETE ${one}`, { ...at, environment_name }))),
  };
}
