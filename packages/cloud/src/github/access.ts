import { createHash } from "node:crypto";
import type { CloudContext, GitHubIdentity } from "../ports.ts";
import { ApiError, badCredentials, notFound } from "./errors.ts";
import type { Account, RepositoryDocument, Role } from "./model.ts";
import { fullName, type Records } from "./records.ts";

/** Permissions of a job's token, by GitHub's names; people have them by their role. */
export type Area =
  | "actions"
  | "administration"
  | "checks"
  | "contents"
  | "deployments"
  | "environments"
  | "issues"
  | "metadata"
  | "packages"
  | "pull-requests"
  | "secrets"
  | "statuses"
  | "variables"
  | "workflows";

export type Level = "read" | "write";

export interface ConfiguredToken {
  readonly token: string;
  readonly login: string;
  readonly scopes: readonly string[];
}

export type Access = ReturnType<typeof createAccess>;

export const actionsBot: Account = {
  id: 41_898_282,
  login: "github-actions[bot]",
  type: "Bot",
  createdAt: "2018-07-30T09:30:16Z",
};

/** Areas that only administrators of a repository may change. */
const administrative: ReadonlySet<Area> = new Set(["administration", "environments"]);
/** Areas closed to mere readers even for reading. */
const confidential: ReadonlySet<Area> = new Set(["secrets", "variables"]);

/** Who is who, and who may do what. */
export function createAccess(
  context: CloudContext,
  records: Records,
  configuration: { readonly owner: string; readonly tokens: readonly ConfiguredToken[] },
) {
  const { owner, tokens } = configuration;
  const isUser = tokens.some(({ login }) => sameLogin(login, owner));
  seedAccount(owner, isUser ? "User" : "Organization");
  for (const { login } of tokens) seedAccount(login, "User");

  function seedAccount(login: string, type: Account["type"]): void {
    const key = login.toLowerCase();
    if (records.accounts.get(key)) return;
    const createdAt = context.now().toISOString();
    records.accounts.put(key, { id: context.ids.next("github.accounts"), login, type, createdAt });
  }

  /** Whose token this is; undefined for a wrong one. */
  function identify(token: string): GitHubIdentity | undefined {
    const configured = tokens.find((candidate) => candidate.token === token);
    if (configured) return { login: configured.login, scopes: configured.scopes };
    const job = records.jobTokens.get(digest(token));
    const repository = job && records.repositories.get(job.repository);
    if (!job || !repository) return undefined;
    return { login: actionsBot.login, scopes: job.scopes, repository: fullName(repository) };
  }

  /** What a person is in a repository; undefined where they can't even see it. */
  function roleOf(login: string, repository: RepositoryDocument): Role | undefined {
    if (sameLogin(login, repository.owner)) return "admin";
    const collaborator = Object.entries(repository.collaborators).find(([name]) => sameLogin(name, login));
    if (collaborator) return collaborator[1];
    if (account(repository.owner)?.type === "Organization") {
      const position = tokens.findIndex((token) => sameLogin(token.login, login));
      // The first token is the organization's owner, the others are members with write access.
      if (position >= 0) return tokens[0] && sameLogin(tokens[0].login, login) ? "admin" : "write";
    }
    return repository.private ? undefined : "read";
  }

  /**
   * Throws as GitHub answers: 404 for what must stay hidden (also for a token without the scope), 403 for what is
   * visible but not allowed, 401 where an anonymous client would have to log in.
   */
  function demand(viewer: GitHubIdentity | undefined, repository: RepositoryDocument, area: Area, level: Level): void {
    if (!viewer) {
      if (repository.private) throw notFound();
      if (level === "write" || confidential.has(area)) throw new ApiError(401, "Requires authentication");
      return;
    }
    if (viewer.repository !== undefined) return demandOfJob(viewer, repository, area, level);
    const role = roleOf(viewer.login, repository);
    if (!role) throw notFound();
    const scoped = viewer.scopes.includes("repo") || (!repository.private && viewer.scopes.includes("public_repo"));
    if (!scoped && (repository.private || level === "write" || confidential.has(area))) throw notFound();
    if (level === "write" && administrative.has(area) && role !== "admin") {
      throw new ApiError(403, "Must have admin rights to Repository.");
    }
    if (
      role === "read" &&
      (confidential.has(area) || (level === "write" && area !== "issues" && area !== "pull-requests"))
    ) {
      throw new ApiError(403, "Resource not accessible by personal access token");
    }
  }

  function demandOfJob(viewer: GitHubIdentity, repository: RepositoryDocument, area: Area, level: Level): void {
    const own = viewer.repository === fullName(repository);
    if (!own && repository.private) throw notFound();
    const granted =
      own && (viewer.scopes.includes(`${area}:write`) || (level === "read" && viewer.scopes.includes(`${area}:read`)));
    const open = level === "read" && !confidential.has(area) && (area === "metadata" || !repository.private);
    if (!granted && !open) throw new ApiError(403, "Resource not accessible by integration");
  }

  const account = (login: string): Account | undefined =>
    sameLogin(login, actionsBot.login) ? actionsBot : records.accounts.get(login.toLowerCase());

  /** Whose name it may be: one that nobody has is an organization of the token's user as soon as it is asked for. */
  function ownerNamed(login: string): Account | undefined {
    if (!account(login) && /^[a-z\d](-?[a-z\d]){0,38}$/i.test(login)) seedAccount(login, "Organization");
    return account(login);
  }

  return {
    owner,
    account,
    ownerNamed,
    identify,
    roleOf,
    demand,
    /** Whether the demand would be met. */
    may(viewer: GitHubIdentity | undefined, repository: RepositoryDocument, area: Area, level: Level): boolean {
      try {
        demand(viewer, repository, area, level);
        return true;
      } catch (thrown) {
        if (thrown instanceof ApiError) return false;
        throw thrown;
      }
    },
    /** From an `Authorization` header, basic too; undefined without one. Throws 401 for a wrong one. */
    authenticate(header: string | undefined): GitHubIdentity | undefined {
      if (!header) return undefined;
      for (const token of tokensOf(header)) {
        const viewer = identify(token);
        if (viewer) return viewer;
      }
      throw badCredentials();
    },
    mint(repository: RepositoryDocument, permissions: Readonly<Record<string, "read" | "write" | "none">>): string {
      const token = `ghs_${context.ids.token(36)}`;
      const scopes = Object.entries(permissions)
        .filter(([, level]) => level !== "none")
        .map(([area, level]) => `${area.replaceAll("_", "-")}:${level}`);
      records.jobTokens.put(digest(token), { repository: repository.id, scopes: ["metadata:read", ...scopes] });
      return token;
    },
    revoke: (token: string): boolean => records.jobTokens.delete(digest(token)),
  };
}

export const sameLogin = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

const digest = (token: string): string => createHash("sha256").update(token).digest("hex");

function tokensOf(header: string): string[] {
  const [scheme = "", value = ""] = header.split(/\s+/, 2);
  if (/^(bearer|token)$/i.test(scheme)) return [value];
  if (!/^basic$/i.test(scheme)) return [];
  const [user = "", password = ""] = Buffer.from(value, "base64").toString().split(/:(.*)/s, 2);
  // git may be given the token as the user name, with an empty or a conventional password.
  return password === "" || password === "x-oauth-basic" ? [user] : [password];
}
