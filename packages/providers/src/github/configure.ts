import { Secret, fail } from "@doge/core";
import type { Attributes, ProviderContext } from "@doge/engine";
import { text } from "../shared/attributes.ts";
import { optionalString } from "../shared/schema.ts";
import { type GitHubApi, createGitHub } from "./client.ts";
import type { Repo } from "./client/octokit.ts";
import type { Repository } from "./client/repositories.ts";

export interface GitHub {
  readonly api: GitHubApi;
  readonly owner: string;
  /** A repository of the owner. */
  readonly at: (repository: string) => Repo;
  /** The repository, asked for once a run: many resources want its id. A missing one is a diagnostic. */
  readonly repository: (name: string) => Promise<Repository>;
}

const number = { type: "number", optional: true } as const;

export const providerSchema = {
  attributes: {
    token: { type: "string", optional: true, sensitive: true, description: "GITHUB_TOKEN where left out." },
    owner: { ...optionalString, description: "GITHUB_OWNER, or the token's account, where left out." },
    organization: optionalString,
    base_url: { ...optionalString, description: "GITHUB_API_URL where left out." },
    insecure: { type: "bool", optional: true },
    write_delay_ms: number,
    read_delay_ms: number,
    retry_delay_ms: number,
    max_retries: number,
    parallel_requests: { type: "bool", optional: true },
  },
} as const;

export async function configure(config: Attributes, context: ProviderContext): Promise<GitHub> {
  const { env, http, clock, emit, signal } = context;
  const token = text(config, "token") ?? env["GITHUB_TOKEN"];
  if (!token)
    fail({
      code: "github-token-missing",
      summary: "There is no GitHub token",
      detail: "Neither the provider's `token` nor GITHUB_TOKEN is set.",
      remedy: "Make one with the scopes repo, workflow and read:packages, and set GITHUB_TOKEN.",
    });
  const base = text(config, "base_url");
  const api = createGitHub({
    http,
    clock,
    emit,
    ...(signal ? { signal } : {}),
    token: new Secret(token),
    apiUrl: base ? apiOf(base) : (env["GITHUB_API_URL"] ?? (env["GITHUB_BASE_URL"] && apiOf(env["GITHUB_BASE_URL"]))),
    graphqlUrl: base ? undefined : env["GITHUB_GRAPHQL_URL"],
  });
  const owner =
    text(config, "owner") ?? text(config, "organization") ?? env["GITHUB_OWNER"] ?? (await api.users.current()).login;
  return github(api, owner);
}

export function github(api: GitHubApi, owner: string): GitHub {
  const asked = new Map<string, Promise<Repository>>();
  const at = (repo: string): Repo => ({ owner, repo });
  const ask = async (name: string): Promise<Repository> =>
    (await api.repositories.get(at(name))) ??
    fail({
      code: "github-not-found",
      summary: "GitHub has no such repository",
      detail: `"${owner}/${name}" does not exist, or the token does not see it.`,
      remedy: "Make it (`doge repo create`), or correct the owner (GITHUB_OWNER) and the name.",
    });
  return {
    api,
    owner,
    at,
    repository(name) {
      const known = asked.get(name);
      if (known) return known;
      const request = ask(name);
      asked.set(name, request);
      // A repository that is missing now may be there for the next resource.
      request.catch(() => asked.delete(name));
      return request;
    },
  };
}

/** The official provider's `base_url` names a server: its API is below `/api/v3`, but for github.com's own. */
function apiOf(base: string): string {
  const url = base.replace(/\/+$/, "");
  return new URL(url).hostname === "api.github.com" || url.endsWith("/api/v3") ? url : `${url}/api/v3`;
}

/** Times as Go prints them: `2026-01-10 10:00:00 +0000 UTC`. The official provider's states hold them so. */
export const goTime = (iso: string): string => {
  const time = new Date(iso);
  return Number.isNaN(time.getTime()) ? iso : `${time.toISOString().slice(0, 19).replace("T", " ")} +0000 UTC`;
};

/** A part of an id: colons separate parts, so those inside are written `??`. */
export const idPart = (part: string): string => part.replaceAll(":", "??");
