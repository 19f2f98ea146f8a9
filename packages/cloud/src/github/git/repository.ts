import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GitError, runGit, type GitOptions, type GitResult } from "./run.ts";

export interface Ref {
  readonly ref: string;
  readonly sha: string;
  readonly type: string;
}

export interface Signature {
  readonly name: string;
  readonly email: string;
  /** ISO 8601. */
  readonly date: string;
}

export interface TreeEntry {
  readonly mode: string;
  readonly type: "blob" | "tree" | "commit";
  readonly sha: string;
  readonly size?: number;
  readonly path: string;
}

export const zeroSha = "0".repeat(40);
/** git's name for a tree with nothing in it, known to every repository. */
export const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

export type Git = ReturnType<typeof openGit>;

/** One bare repository on disk. `path` need not exist before `create`. */
export function openGit(path: string) {
  const attempt = (args: readonly string[], options: GitOptions = {}): Promise<GitResult> =>
    runGit(args, { ...options, cwd: path });

  async function run(args: readonly string[], options: GitOptions = {}): Promise<Buffer> {
    const result = await attempt(args, options);
    if (result.exitCode !== 0) throw new GitError(args, result);
    return result.stdout;
  }
  const text = async (args: readonly string[], options: GitOptions = {}): Promise<string> =>
    (await run(args, options)).toString().trimEnd();

  /** The object id of a revision of this type, or undefined where there is none. */
  async function resolve(
    revision: string,
    type: "commit" | "tree" | "blob" | "tag" | "object" = "commit",
  ): Promise<string | undefined> {
    if (revision === "" || revision.startsWith("-") || /[\s\0~^:?*[\\]|\.\./.test(revision)) return undefined;
    const result = await attempt(["rev-parse", "--verify", "--quiet", `${revision}^{${type}}`]);
    return result.exitCode === 0 ? result.stdout.toString().trim() : undefined;
  }

  return {
    path,
    attempt,
    run,
    text,
    resolve,

    /** Makes the bare repository; `hooks` is the folder of the hooks it obeys. */
    async create(hooks: string, branch: string): Promise<void> {
      await mkdir(join(path, "objects", "info"), { recursive: true });
      await mkdir(join(path, "refs", "heads"), { recursive: true });
      await writeFile(join(path, "HEAD"), `ref: refs/heads/${branch}\n`);
      await writeFile(join(path, "config"), configuration(hooks));
    },
    remove: (): Promise<void> => rm(path, { recursive: true, force: true }),

    /** Any ref by its full name. */
    async ref(ref: string): Promise<Ref | undefined> {
      return (await this.refs(ref)).find((found) => found.ref === ref);
    },
    branch: (name: string): Promise<string | undefined> => resolve(`refs/heads/${name}`),
    /** Refs under a prefix that ends at a slash, or the one of this name. */
    async refs(prefix: string): Promise<Ref[]> {
      const list = await text(["for-each-ref", "--format=%(refname) %(objectname) %(objecttype)", prefix]);
      return list
        .split("\n")
        .filter(Boolean)
        .map((line) => {
          const [ref = "", sha = "", type = ""] = line.split(" ");
          return { ref, sha, type };
        });
    },
    /** False where the ref moved meanwhile. `old` undefined: whatever it was; zeroes: it must not exist. */
    async updateRef(ref: string, sha: string, old?: string): Promise<boolean> {
      const result = await attempt(["update-ref", ref, sha, ...(old === undefined ? [] : [old])]);
      return result.exitCode === 0;
    },
    async deleteRef(ref: string): Promise<void> {
      await run(["update-ref", "-d", ref]);
    },
    setHead: (branch: string): Promise<string> => text(["symbolic-ref", "HEAD", `refs/heads/${branch}`]),
    validRef: async (ref: string): Promise<boolean> => (await attempt(["check-ref-format", ref])).exitCode === 0,

    isAncestor: async (ancestor: string, descendant: string): Promise<boolean> =>
      (await attempt(["merge-base", "--is-ancestor", ancestor, descendant])).exitCode === 0,
    async mergeBase(a: string, b: string): Promise<string | undefined> {
      const result = await attempt(["merge-base", a, b]);
      return result.exitCode === 0 ? result.stdout.toString().trim() : undefined;
    },

    /** The object at a path of a commit, or undefined. An empty path is the root tree. */
    async entry(commit: string, filePath: string): Promise<TreeEntry | undefined> {
      if (filePath === "") {
        return { mode: "040000", type: "tree", sha: await text(["rev-parse", `${commit}^{tree}`]), path: "" };
      }
      return parseTree(await run(["ls-tree", "-z", "-l", "--full-tree", commit, "--", filePath]))[0];
    },
    async tree(sha: string, recursive = false): Promise<TreeEntry[]> {
      return parseTree(await run(["ls-tree", "-z", "-l", ...(recursive ? ["-r", "-t"] : []), sha]));
    },
    blob: (sha: string): Promise<Buffer> => run(["cat-file", "blob", sha]),
    writeBlob: (content: Uint8Array): Promise<string> => text(["hash-object", "-w", "--stdin"], { input: content }),
    /** The commit's id. */
    commitTree(commit: {
      readonly tree: string;
      readonly parents: readonly string[];
      readonly message: string;
      readonly author: Signature;
      readonly committer: Signature;
    }): Promise<string> {
      return text(["commit-tree", commit.tree, ...commit.parents.flatMap((parent) => ["-p", parent])], {
        input: commit.message.endsWith("\n") ? commit.message : `${commit.message}\n`,
        env: {
          GIT_AUTHOR_NAME: commit.author.name,
          GIT_AUTHOR_EMAIL: commit.author.email,
          GIT_AUTHOR_DATE: commit.author.date,
          GIT_COMMITTER_NAME: commit.committer.name,
          GIT_COMMITTER_EMAIL: commit.committer.email,
          GIT_COMMITTER_DATE: commit.committer.date,
        },
      });
    },
  };
}

function parseTree(output: Buffer): TreeEntry[] {
  return output
    .toString()
    .split("\0")
    .filter(Boolean)
    .map((line) => {
      const tab = line.indexOf("\t");
      const [mode = "", type = "", sha = "", size = "-"] = line.slice(0, tab).split(/\s+/);
      return {
        mode,
        type: type as TreeEntry["type"],
        sha,
        ...(size !== "-" && { size: Number(size) }),
        path: line.slice(tab + 1),
      };
    });
}

const configuration = (hooks: string): string => `[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = true
\thooksPath = ${JSON.stringify(hooks)}
[http]
\treceivepack = true
[receive]
\thideRefs = refs/pull
\tautogc = false
\tadvertiseAtomic = true
\tadvertisePushOptions = true
[uploadpack]
\tallowAnySHA1InWant = true
\tallowFilter = true
[gc]
\tauto = 0
`;
