import { commits } from "./history.ts";
import type { Git, Signature } from "./repository.ts";

export interface MergeRequest {
  readonly base: string;
  readonly head: string;
  readonly message: string;
  readonly author: Signature;
  readonly committer: Signature;
}

/** The merged tree of two commits, or undefined where they conflict or share no history. */
async function mergedTree(git: Git, ours: string, theirs: string): Promise<string | undefined> {
  const result = await git.attempt(["merge-tree", "--write-tree", ours, theirs]);
  return result.exitCode === 0 ? result.stdout.toString().split("\n", 1)[0] : undefined;
}

/** A merge commit with two parents, not yet on any branch; undefined for a conflict. */
export async function mergeCommit(git: Git, request: MergeRequest): Promise<string | undefined> {
  const tree = await mergedTree(git, request.base, request.head);
  return tree && git.commitTree({ ...request, tree, parents: [request.base, request.head] });
}

/** One commit with all of head's changes on top of base. */
export async function squashCommit(git: Git, request: MergeRequest): Promise<string | undefined> {
  const tree = await mergedTree(git, request.base, request.head);
  return tree && git.commitTree({ ...request, tree, parents: [request.base] });
}

/** Head's commits one by one on top of base, each with its author; the last one's id. */
export async function rebase(git: Git, request: Omit<MergeRequest, "message" | "author">): Promise<string | undefined> {
  const picks = await commits(git, ["--reverse", "--topo-order", "--no-merges", `${request.base}..${request.head}`]);
  let tip = request.base;
  for (const pick of picks) {
    const [parent] = pick.parents;
    const { author, message } = pick;
    const write = (tree: string, parents: readonly string[]): Promise<string> =>
      git.commitTree({ tree, parents, message, author, committer: request.committer });
    // A commit with the tip's tree and the pick's parent makes that parent the merge base: a cherry-pick.
    const onto = await write(`${tip}^{tree}`, parent === undefined ? [] : [parent]);
    const tree = await mergedTree(git, onto, pick.sha);
    if (tree === undefined) return undefined;
    tip = await write(tree, [tip]);
  }
  return tip;
}
