import { emptyTree, type Git, type Signature } from "./repository.ts";

export interface Commit {
  readonly sha: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: Signature;
  readonly committer: Signature;
  /** Without the line break at its end. */
  readonly message: string;
}

export interface FileChange {
  readonly sha: string;
  readonly filename: string;
  readonly previous?: string;
  readonly status: "added" | "removed" | "modified" | "renamed" | "copied" | "changed";
  readonly additions: number;
  readonly deletions: number;
  readonly patch?: string;
}

const format = ["%H", "%T", "%P", "%an", "%ae", "%aI", "%cn", "%ce", "%cI", "%B"];

/** Commits that `git log` names with these arguments. */
export async function commits(git: Git, args: readonly string[]): Promise<Commit[]> {
  const output = await git.run(["log", "-z", `--format=tformat:${format.join("%x00")}`, ...args]);
  const fields = output.toString().split("\0");
  const found: Commit[] = [];
  for (let at = 0; at + format.length <= fields.length; at += format.length) {
    const [sha = "", tree = "", parents = "", an = "", ae = "", aI = "", cn = "", ce = "", cI = "", message = ""] =
      fields.slice(at, at + format.length);
    found.push({
      sha,
      tree,
      parents: parents.split(" ").filter(Boolean),
      author: { name: an, email: ae, date: utc(aI) },
      committer: { name: cn, email: ce, date: utc(cI) },
      message: message.trimEnd(),
    });
  }
  return found;
}

export async function commit(git: Git, sha: string): Promise<Commit> {
  const [found] = await commits(git, ["-1", sha]);
  if (!found) throw new Error(`no commit ${sha}`);
  return found;
}

/** GitHub writes times in UTC, to the second. */
export const utc = (date: string): string => `${new Date(date).toISOString().slice(0, 19)}Z`;

/** Files that differ between two trees or commits. */
export async function changes(git: Git, from: string | undefined, to: string): Promise<FileChange[]> {
  const range = [from ?? emptyTree, to];
  const [summary, patches] = await Promise.all([
    git.run(["diff-tree", "-r", "-z", "-M", "--raw", "--numstat", "--no-commit-id", ...range]),
    git.run(["diff-tree", "-r", "-M", "-p", "--no-color", "--no-commit-id", ...range]),
  ]);
  const hunks = patches
    .toString()
    .split(/^(?=diff --git )/m)
    .filter(Boolean)
    .map((patch) => /^@@[^]*/m.exec(patch)?.[0].trimEnd());
  const { raw, counts } = parseSummary(summary.toString());
  return raw.map((change, index) => {
    const patch = hunks[index];
    return { ...change, ...(counts[index] ?? { additions: 0, deletions: 0 }), ...(patch !== undefined && { patch }) };
  });
}

type RawChange = Omit<FileChange, "additions" | "deletions" | "patch">;

/** `--raw` records come first and start with a colon; `--numstat` records follow in the same order. */
function parseSummary(output: string): {
  raw: RawChange[];
  counts: { additions: number; deletions: number }[];
} {
  const fields = output.split("\0");
  const raw: RawChange[] = [];
  const counts: { additions: number; deletions: number }[] = [];
  let at = 0;
  while (fields[at]?.startsWith(":")) {
    const [, , old = "", sha = "", letter = ""] = (fields[at] ?? "").split(" ");
    const first = fields[at + 1] ?? "";
    const second = /^[RC]/.test(letter) ? (fields[at + 2] ?? "") : undefined;
    const status = statuses[letter[0] ?? ""] ?? "changed";
    raw.push({
      sha: status === "removed" ? old : sha,
      filename: second ?? first,
      ...(second !== undefined && { previous: first }),
      status,
    });
    at += second === undefined ? 2 : 3;
  }
  while (at < fields.length && fields[at]) {
    const [additions = "0", deletions = "0", name = ""] = (fields[at] ?? "").split("\t");
    // Binary files count as "-".
    counts.push({ additions: Number(additions) || 0, deletions: Number(deletions) || 0 });
    at += name === "" ? 3 : 1;
  }
  return { raw, counts };
}

const statuses: Readonly<Record<string, FileChange["status"]>> = {
  A: "added",
  D: "removed",
  M: "modified",
  R: "renamed",
  C: "copied",
};

/** How many commits `head` has that `base` has not, and the other way round. */
export async function divergence(git: Git, base: string, head: string): Promise<{ ahead: number; behind: number }> {
  const [behind = "0", ahead = "0"] = (
    await git.text(["rev-list", "--left-right", "--count", `${base}...${head}`])
  ).split("\t");
  return { ahead: Number(ahead), behind: Number(behind) };
}
