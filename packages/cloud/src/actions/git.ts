import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

async function git(repository: string, ...args: string[]): Promise<string> {
  const { stdout } = await run("git", ["--git-dir", repository, ...args], { maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

/** Workflow files of a commit: path and content, by path. */
export async function workflowFiles(
  repository: string,
  commit: string,
): Promise<readonly { readonly path: string; readonly content: string }[]> {
  const listed = await git(repository, "ls-tree", "-z", "--name-only", commit, ".github/workflows/");
  const paths = listed.split("\0").filter((path) => /\.ya?ml$/.test(path));
  return Promise.all(
    paths.map(async (path) => ({ path, content: await git(repository, "show", `${commit}:${path}`) })),
  );
}

export async function commitMessage(repository: string, commit: string): Promise<string> {
  return git(repository, "log", "-1", "--format=%B", commit);
}

export interface Commit {
  readonly id: string;
  readonly treeId: string;
  readonly message: string;
  readonly timestamp: string;
  readonly author: { readonly name: string; readonly email: string };
  readonly committer: { readonly name: string; readonly email: string };
}

/** A commit, or undefined where the repository has none of that name. */
export async function commitOf(repository: string, name: string): Promise<Commit | undefined> {
  try {
    const shown = await git(repository, "log", "-1", "--format=%H%n%T%n%cI%n%an%n%ae%n%cn%n%ce%n%B", name, "--");
    const [id = "", treeId = "", timestamp = "", ...rest] = shown.split("\n");
    const [authorName = "", authorEmail = "", committerName = "", committerEmail = "", ...message] = rest;
    return {
      id,
      treeId,
      timestamp,
      message: message.join("\n").trim(),
      author: { name: authorName, email: authorEmail },
      committer: { name: committerName, email: committerEmail },
    };
  } catch {
    return undefined;
  }
}

/** The commit that a branch, tag or id names. */
export const resolveCommit = async (repository: string, name: string): Promise<string | undefined> =>
  (await commitOf(repository, name))?.id;

/** Paths that differ: between two commits (`..`), or on one side since they parted (`...`). */
export async function changedPaths(
  repository: string,
  from: string,
  to: string,
  between: ".." | "...",
): Promise<readonly string[]> {
  const paths = await git(repository, "diff", "--name-only", "-z", `${from}${between}${to}`);
  return paths.split("\0").filter(Boolean);
}

/** Paths of a commit against its first parent; all of a first commit. */
export async function pathsOfCommit(repository: string, commit: string): Promise<readonly string[]> {
  const paths = await git(
    repository,
    "diff-tree",
    "--root",
    "-r",
    "-m",
    "--first-parent",
    "--no-commit-id",
    "--name-only",
    "-z",
    commit,
  );
  return paths.split("\0").filter(Boolean);
}
