import { join } from "node:path";
import type { Actions, CloudContext, GitHubIdentity } from "../ports.ts";
import type { Access } from "./access.ts";
import { utc } from "./git/history.ts";
import { openGit, type Git } from "./git/repository.ts";
import type { RepositoryDocument } from "./model.ts";
import type { Records } from "./records.ts";

/** What every part of the stand-in works with. */
export interface Hub {
  readonly context: CloudContext;
  readonly records: Records;
  readonly access: Access;
  readonly actions: () => Actions;
  /** `http://127.0.0.1:7404`: the web pages' and git's address, without a slash at its end. */
  server(): string;
  /** REST's address. */
  api(): string;
  /** ISO 8601, UTC, to the second. */
  now(): string;
  git(repository: RepositoryDocument): Git;
  /** Folder of the hooks that every repository obeys. */
  readonly hooks: string;
}

/** Who works where. */
export interface Place {
  readonly repository: RepositoryDocument;
  readonly viewer: GitHubIdentity;
}

export function createHub(parts: Pick<Hub, "context" | "records" | "access" | "actions">): Hub {
  const { context } = parts;
  const folder = join(context.folder, "github");
  const server = (): string => context.url("github").replace(/\/+$/, "");
  return {
    ...parts,
    server,
    api: () => `${server()}/api/v3`,
    now: () => utc(context.now().toISOString()),
    git: ({ id }) => openGit(join(folder, "repositories", `${id}.git`)),
    hooks: join(folder, "hooks"),
  };
}
