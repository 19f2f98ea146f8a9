import type { GitHubTransport, Repo } from "./octokit.ts";

export interface Issue {
  readonly number: number;
  readonly title: string;
  readonly body?: string | null | undefined;
  readonly state: string;
  readonly html_url: string;
}

/** Issues proper. GitHub takes 65,536 characters of body, and answers 410 where a repository has none. */
export interface Issues {
  /** Without pull requests, which GitHub lists among them. */
  list(at: Repo, filter?: { readonly state?: "open" | "closed" | "all"; readonly labels?: string }): Promise<Issue[]>;
  /** Labels that are not there yet are made. */
  create(
    at: Repo,
    issue: { readonly title: string; readonly body: string; readonly labels?: string[] },
  ): Promise<Issue>;
  update(
    at: Repo,
    number: number,
    change: { readonly title?: string; readonly body?: string; readonly state?: "open" | "closed" },
  ): Promise<Issue>;
}

export function issues({ rest, all }: GitHubTransport): Issues {
  return {
    list: async (at, filter = {}) => {
      const found = await all((page) =>
        rest("GET /repos/{owner}/{repo}/issues", { ...at, ...filter, per_page: 100, page }),
      );
      return found.filter((issue) => !issue.pull_request);
    },
    create: async (at, issue) => (await rest("POST /repos/{owner}/{repo}/issues", { ...at, ...issue })).data,
    update: async (at, issue_number, change) =>
      (await rest("PATCH /repos/{owner}/{repo}/issues/{issue_number}", { ...at, issue_number, ...change })).data,
  };
}
