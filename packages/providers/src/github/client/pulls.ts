import { hasStatus, ifFound } from "../../shared/errors.ts";
import type { GitHubTransport, Repo } from "./octokit.ts";

export interface Pull {
  readonly number: number;
  readonly title: string;
  readonly body: string | null;
  readonly state: string;
  readonly html_url: string;
  readonly draft?: boolean | undefined;
  readonly merged_at?: string | null;
  readonly merge_commit_sha?: string | null;
  readonly head: { readonly ref: string; readonly sha: string };
  readonly base: { readonly ref: string; readonly sha: string };
}

export interface Pulls {
  list(
    at: Repo,
    filter?: { readonly state?: "open" | "closed" | "all"; readonly head?: string; readonly base?: string },
  ): Promise<Pull[]>;
  get(at: Repo, number: number): Promise<Pull | undefined>;
  create(
    at: Repo,
    pull: { readonly title: string; readonly head: string; readonly base: string; readonly body?: string },
  ): Promise<Pull>;
  /** `blocked` where protection or a conflict is in the way, with GitHub's own words. */
  merge(
    at: Repo,
    number: number,
    options?: { readonly sha?: string; readonly method?: "merge" | "squash" | "rebase" },
  ): Promise<{ readonly sha: string } | { readonly blocked: string }>;
  files(at: Repo, number: number): Promise<string[]>;
}

export function pulls({ rest, all }: GitHubTransport): Pulls {
  return {
    list: (at, filter = {}) =>
      all<Pull>((page) => rest("GET /repos/{owner}/{repo}/pulls", { ...at, ...filter, per_page: 100, page })),
    get: (at, pull_number) =>
      ifFound(
        rest("GET /repos/{owner}/{repo}/pulls/{pull_number}", { ...at, pull_number }).then(({ data }) => data as Pull),
      ),
    create: async (at, pull) => (await rest("POST /repos/{owner}/{repo}/pulls", { ...at, ...pull })).data,
    merge: async (at, pull_number, { sha, method = "merge" } = {}) => {
      try {
        const { data } = await rest("PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge", {
          ...at,
          pull_number,
          merge_method: method,
          ...(sha ? { sha } : {}),
        });
        return { sha: data.sha };
      } catch (thrown) {
        if (hasStatus(thrown, 405, 409)) return { blocked: thrown.diagnostics[0]?.detail ?? "GitHub gave no reason" };
        throw thrown;
      }
    },
    files: async (at, pull_number) => {
      const found = await all((page) =>
        rest("GET /repos/{owner}/{repo}/pulls/{pull_number}/files", { ...at, pull_number, per_page: 100, page }),
      );
      return found.map((file) => file.filename);
    },
  };
}

export interface Comment {
  readonly id: number;
  readonly body: string;
  readonly html_url: string;
  readonly user: { readonly login: string } | null;
}

/** Comments of issues and pull requests. GitHub takes 65,536 characters. */
export interface Comments {
  list(at: Repo, issue: number): Promise<Comment[]>;
  create(at: Repo, issue: number, body: string): Promise<Comment>;
  update(at: Repo, id: number, body: string): Promise<Comment>;
  delete(at: Repo, id: number): Promise<void>;
}

export function comments({ rest, all }: GitHubTransport): Comments {
  return {
    list: (at, issue_number) =>
      all<Comment>(
        async (page) =>
          (await rest("GET /repos/{owner}/{repo}/issues/{issue_number}/comments", {
            ...at,
            issue_number,
            per_page: 100,
            page,
          })) as { data: Comment[]; headers: { link?: string } },
      ),
    create: async (at, issue_number, body) =>
      (await rest("POST /repos/{owner}/{repo}/issues/{issue_number}/comments", { ...at, issue_number, body }))
        .data as Comment,
    update: async (at, comment_id, body) =>
      (await rest("PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}", { ...at, comment_id, body }))
        .data as Comment,
    delete: async (at, comment_id) =>
      void (await ifFound(rest("DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}", { ...at, comment_id }))),
  };
}
