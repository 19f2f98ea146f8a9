import { ApiError, unprocessable } from "./errors.ts";
import { zeroSha } from "./git/repository.ts";
import type { Hub, Place } from "./hub.ts";
import { refusals, type RefChange } from "./protection.ts";
import { refsMoved } from "./push.ts";

/**
 * Moves, makes or deletes a ref as an API client asks, under the branch's protection, and lets follow what follows.
 * 422 where protection or history forbid it, 409 where the ref moved meanwhile.
 */
export async function moveRef(
  hub: Hub,
  { repository, viewer }: Place,
  change: RefChange,
  force: boolean,
  merging?: number,
): Promise<void> {
  const git = hub.git(repository);
  const { ref, before, after } = change;
  const moves = before !== zeroSha && after !== zeroSha;
  const fastForward = !moves || (await git.isAncestor(before, after));
  if (!fastForward && !force) throw unprocessable("Update is not a fast forward");
  if (after === zeroSha && ref === `refs/heads/${repository.defaultBranch}`)
    throw unprocessable("Cannot delete the default branch");
  if (merging === undefined) {
    for (const { when, message } of refusals(hub, viewer, repository, change)) {
      const merges = async (): Promise<boolean> =>
        (await git.text(["rev-list", "--merges", "-1", `${before}..${after}`])) !== "";
      if (when === "always" || (when === "forced" && !fastForward) || (when === "merges" && (await merges()))) {
        throw unprocessable(message);
      }
    }
  }
  if (after === zeroSha) await git.deleteRef(ref);
  else if (!(await git.updateRef(ref, after, before)))
    throw new ApiError(409, "Reference was modified meanwhile. Try again.");
  await refsMoved(hub, viewer, repository.id, [change], merging);
}
