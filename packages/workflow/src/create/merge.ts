import { join } from "node:path";
import { fail, type Machine } from "@doge/core";

/** What an update does to one file of a project. */
export interface FileUpdate {
  readonly path: string;
  /** `conflict`: both sides changed the same lines, the file has markers. `kept`: the project's own way wins. */
  readonly action: "added" | "updated" | "removed" | "conflict" | "kept";
  /** Why a file was kept, for people. */
  readonly reason?: string;
  /** The new content; none where the file goes or stays as it is. */
  readonly content?: string;
}

type Tree = Readonly<Record<string, string>>;

/**
 * Three-way merge of a template's change into a project, file by file, by git's own merge. What the project
 * changed stays; a file that the project removed stays away. Files that did not change are not in the result.
 * `scratch` is a folder for the merge's inputs; it is removed.
 */
export async function mergeTemplate(
  machine: Machine,
  request: {
    readonly base: Tree;
    readonly theirs: Tree;
    readonly ours: (path: string) => Promise<string | undefined>;
    readonly scratch: string;
  },
): Promise<readonly FileUpdate[]> {
  const { base, theirs, ours, scratch } = request;
  const updates: FileUpdate[] = [];
  try {
    for (const path of [...new Set([...Object.keys(base), ...Object.keys(theirs)])].sort()) {
      const [before, now] = [base[path], theirs[path]];
      if (before === now) continue;
      const update = await mergeOne(machine, scratch, path, before, now, await ours(path));
      if (update) updates.push(update);
    }
  } finally {
    await machine.files.remove(scratch);
  }
  return updates;
}

async function mergeOne(
  machine: Machine,
  scratch: string,
  path: string,
  before: string | undefined,
  now: string | undefined,
  mine: string | undefined,
): Promise<FileUpdate | undefined> {
  if (mine === now) return undefined;
  if (now === undefined) {
    if (mine === before) return { path, action: "removed" };
    return { path, action: "kept", reason: "the template no longer has it, and the project changed it" };
  }
  if (before === undefined) {
    if (mine === undefined) return { path, action: "added", content: now };
  } else {
    if (mine === undefined) return { path, action: "kept", reason: "the project removed it" };
    if (mine === before) return { path, action: "updated", content: now };
  }
  const { text, conflicts } = await gitMergeFile(machine, scratch, { mine: mine ?? "", before: before ?? "", now });
  return { path, action: conflicts ? "conflict" : "updated", content: text };
}

async function gitMergeFile(
  machine: Machine,
  scratch: string,
  sides: { readonly mine: string; readonly before: string; readonly now: string },
): Promise<{ readonly text: string; readonly conflicts: boolean }> {
  for (const [name, content] of Object.entries(sides)) await machine.files.write(join(scratch, name), content);
  const labels = ["-L", "this project", "-L", "template before", "-L", "template now"];
  const { exitCode, stdout, stderr } = await machine.processes.run({
    argv: ["git", "merge-file", "-p", "--diff3", ...labels, "mine", "before", "now"],
    cwd: scratch,
  });
  // The exit code counts conflicts, up to 127; anything above is a failure of git's.
  if (exitCode > 127 || (exitCode === 127 && stdout === "")) {
    return fail({
      code: "git-failed",
      summary: "git could not merge a file of the template",
      detail: stderr.trim(),
      remedy: "Install git 2.28 or newer.",
    });
  }
  return { text: stdout, conflicts: exitCode > 0 };
}
