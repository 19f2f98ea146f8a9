import type { GitHubIdentity } from "../ports.ts";
import { sameLogin } from "./access.ts";
import { ApiError, notFound, validationFailed } from "./errors.ts";
import { zeroSha } from "./git/repository.ts";
import type { Hub } from "./hub.ts";
import type { RepositoryDocument } from "./model.ts";
import { webFlow } from "./pulls/mergeable.ts";
import { refsMoved } from "./push.ts";
import { dropRepository, findRepository, fullName } from "./records.ts";

export interface NewRepository {
  readonly owner: string;
  readonly name: string;
  readonly private: boolean;
  readonly settings?: Partial<RepositoryDocument>;
  /** Starts with a README and so with a branch. */
  readonly readme?: boolean;
}

/** Makes a repository with its bare repository on disk. 422 for a name that is taken or can't be one. */
export async function createRepository(
  hub: Hub,
  viewer: GitHubIdentity,
  wanted: NewRepository,
): Promise<RepositoryDocument> {
  const scopes = wanted.private ? ["repo"] : ["repo", "public_repo"];
  if (viewer.repository !== undefined || !scopes.some((scope) => viewer.scopes.includes(scope))) throw notFound();
  const owner = hub.access.account(wanted.owner);
  if (!owner) throw notFound();
  if (owner.type !== "Organization" && !sameLogin(owner.login, viewer.login)) {
    throw new ApiError(403, `${viewer.login} cannot create a repository for ${owner.login}.`);
  }
  // GitHub replaces what a name can't have, and refuses what then is nothing.
  const name = wanted.name.replace(/[^\w.-]+/g, "-").replace(/\.git$/, "");
  if (name === "" || name === "." || name === ".." || name.length > 100) {
    throw validationFailed({ resource: "Repository", code: "missing_field", field: "name" });
  }
  if (findRepository(hub.records, owner.login, name)) {
    throw new ApiError(422, "Repository creation failed.", {
      errors: [
        { resource: "Repository", code: "custom", field: "name", message: "name already exists on this account" },
      ],
    });
  }
  const now = hub.now();
  const id = hub.context.ids.next("github.repositories");
  const repository: RepositoryDocument = {
    description: null,
    homepage: null,
    defaultBranch: "main",
    topics: [],
    archived: false,
    allowMergeCommit: true,
    allowSquashMerge: true,
    allowRebaseMerge: true,
    allowAutoMerge: false,
    allowUpdateBranch: false,
    deleteBranchOnMerge: false,
    hasIssues: true,
    hasProjects: true,
    hasWiki: true,
    ...wanted.settings,
    id,
    owner: owner.login,
    name,
    private: wanted.private,
    collaborators: {},
    createdAt: now,
    updatedAt: now,
    pushedAt: now,
  };
  await hub.git(repository).create(hub.hooks, repository.defaultBranch);
  hub.records.repositories.put(id, repository);
  if (wanted.readme) await writeReadme(hub, viewer, repository);
  return repository;
}

async function writeReadme(hub: Hub, viewer: GitHubIdentity, repository: RepositoryDocument): Promise<void> {
  const git = hub.git(repository);
  const description = repository.description === null ? "" : `\n${repository.description}\n`;
  const blob = await git.writeBlob(Buffer.from(`# ${repository.name}\n${description}`));
  const tree = await git.text(["mktree"], { input: `100644 blob ${blob}\tREADME.md\n` });
  const committer = webFlow(hub.now());
  const author = personOf(hub, viewer.login);
  const after = await git.commitTree({ tree, parents: [], message: "Initial commit", author, committer });
  const ref = `refs/heads/${repository.defaultBranch}`;
  await git.updateRef(ref, after, zeroSha);
  await refsMoved(hub, viewer, repository.id, [{ ref, before: zeroSha, after }]);
}

/** How someone signs what GitHub commits for them. */
export function personOf(hub: Hub, login: string) {
  const id = hub.access.account(login)?.id ?? 0;
  return { name: login, email: `${id}+${login}@users.noreply.github.com`, date: hub.now() };
}

/** Ends what runs in it first, then forgets it and everything that belongs to it. */
export async function deleteRepository(hub: Hub, repository: RepositoryDocument): Promise<void> {
  await hub.actions().cancelAll(fullName(repository));
  hub.context.store.transaction(() => dropRepository(hub.records, repository));
  await hub.git(repository).remove();
}
