import { ifFound } from "../../shared/errors.ts";
import type { GitHubTransport, Repo } from "./octokit.ts";

export interface User {
  readonly login: string;
  readonly id: number;
  readonly type: string;
  /** Of the token, where GitHub tells them: `repo, workflow`. Fine-grained tokens have none. */
  readonly scopes?: readonly string[];
}

export interface Repository {
  readonly id: number;
  readonly node_id: string;
  readonly name: string;
  readonly full_name: string;
  readonly owner: { readonly login: string };
  readonly private: boolean;
  readonly default_branch: string;
  readonly html_url: string;
  readonly clone_url: string;
  readonly ssh_url: string;
  readonly permissions?: Readonly<Record<string, boolean | undefined>> | undefined;
  readonly [field: string]: unknown;
}

export interface RepositoryRequest {
  readonly name: string;
  readonly description?: string;
  readonly private?: boolean;
  /** Makes it in an organization; the token's own account unless told. */
  readonly organization?: string;
}

export interface Users {
  /** Whose token it is, and what it may do. */
  current(): Promise<User>;
  get(login: string): Promise<User | undefined>;
}

export const users = ({ rest }: GitHubTransport): Users => ({
  current: async () => {
    const { data, headers } = await rest("GET /user");
    const scopes = headers["x-oauth-scopes"];
    return { ...data, ...(typeof scopes === "string" ? { scopes: scopes.split(/,\s*/).filter(Boolean) } : {}) } as User;
  },
  get: (username) => ifFound(rest("GET /users/{username}", { username }).then(({ data }) => data as User)),
});

export interface Repositories {
  get(at: Repo): Promise<Repository | undefined>;
  create(repository: RepositoryRequest): Promise<Repository>;
  update(at: Repo, changes: { readonly default_branch?: string; readonly description?: string }): Promise<Repository>;
  delete(at: Repo): Promise<void>;
}

export function repositories({ rest }: GitHubTransport): Repositories {
  return {
    get: (at) =>
      ifFound(rest("GET /repos/{owner}/{repo}", { ...at }).then(({ data }) => data as unknown as Repository)),
    create: async ({ organization, ...repository }) => {
      const { data } = organization
        ? await rest("POST /orgs/{org}/repos", { org: organization, ...repository })
        : await rest("POST /user/repos", { ...repository });
      return data as unknown as Repository;
    },
    update: async (at, changes) =>
      (await rest("PATCH /repos/{owner}/{repo}", { ...at, ...changes })).data as unknown as Repository,
    delete: async (at) => void (await ifFound(rest("DELETE /repos/{owner}/{repo}", { ...at }))),
  };
}

export interface GitRef {
  /** `refs/heads/main` */
  readonly ref: string;
  readonly sha: string;
}

export interface Refs {
  /** `branch` without `refs/heads/`. */
  get(at: Repo, branch: string): Promise<(GitRef & { readonly etag: string | undefined }) | undefined>;
  create(at: Repo, branch: string, sha: string): Promise<GitRef>;
  /** A branch that is gone already is no error. */
  delete(at: Repo, branch: string): Promise<void>;
}

export function refs({ rest }: GitHubTransport): Refs {
  return {
    get: (at, branch) =>
      ifFound(
        rest("GET /repos/{owner}/{repo}/git/ref/{+ref}", { ...at, ref: `heads/${escape(branch)}` }).then(
          ({ data, headers }) => {
            const found = data as { ref: string; object: { sha: string } };
            return { ref: found.ref, sha: found.object.sha, etag: headers.etag };
          },
        ),
      ),
    create: async (at, branch, sha) => {
      const { data } = await rest("POST /repos/{owner}/{repo}/git/refs", { ...at, ref: `refs/heads/${branch}`, sha });
      return { ref: data.ref, sha: data.object.sha };
    },
    delete: async (at, branch) =>
      void (await ifFound(
        rest("DELETE /repos/{owner}/{repo}/git/refs/{+ref}", { ...at, ref: `heads/${escape(branch)}` }),
      )),
  };
}

/** Slashes of a branch's name are part of the path; everything else is escaped. */
const escape = (branch: string): string => branch.split("/").map(encodeURIComponent).join("/");
