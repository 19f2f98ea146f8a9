import { fail, type Machine, type ProcessResult, type Secret } from "@doge/core";

/** git in a project's folder. A token reaches git by its environment, never by argv or the remote's URL. */
export interface Git {
  run(...words: string[]): Promise<string>;
  /** Like `run`, but a failure is a result: for questions. */
  ask(...words: string[]): Promise<ProcessResult>;
}

/** What asks a server: safe to ask again, since git changes nothing there before all is well. */
const REMOTE: ReadonlySet<string> = new Set(["fetch", "ls-remote", "push"]);
/** git's exit code where it could not talk to the server; a push that was refused ends with 1. */
const FATAL = 128;
const ATTEMPTS = 4;
const PAUSE_MILLISECONDS = 700;

export function gitIn(
  machine: Machine,
  folder: string,
  auth?: { readonly server: string; readonly token: Secret },
): Git {
  const env = {
    GIT_TERMINAL_PROMPT: "0",
    ...(auth
      ? {
          GIT_CONFIG_COUNT: "1",
          GIT_CONFIG_KEY_0: `http.${auth.server}/.extraheader`,
          GIT_CONFIG_VALUE_0: `Authorization: Basic ${Buffer.from(`x-access-token:${auth.token.reveal()}`).toString("base64")}`,
        }
      : {}),
  };
  const ask = async (...words: string[]): Promise<ProcessResult> => {
    for (let attempt = 1; ; attempt++) {
      const result = await machine.processes.run({ argv: ["git", ...words], cwd: folder, env });
      const again = result.exitCode === FATAL && REMOTE.has(words[0] ?? "") && attempt < ATTEMPTS;
      if (!again) return result;
      await machine.clock.sleep(attempt * PAUSE_MILLISECONDS);
    }
  };
  return {
    ask,
    async run(...words) {
      const result = await ask(...words);
      if (result.exitCode === 127) {
        fail({ code: "git-missing", summary: "git is not installed", remedy: "Install git 2.28 or newer." });
      }
      if (result.exitCode !== 0) {
        fail({
          code: "git-failed",
          summary: "git failed",
          detail: `git ${words.join(" ")}\n${result.stderr.trim()}`,
          address: folder,
          ...(REMOTE.has(words[0] ?? "")
            ? { remedy: "Check the network, and that GITHUB_TOKEN may read and write the repository; then run again." }
            : {}),
        });
      }
      return result.stdout.trim();
    },
  };
}

/** The commit and the tree that a branch or HEAD stands at. */
export async function headOf(git: Git, ref = "HEAD"): Promise<{ readonly commit: string; readonly tree: string }> {
  const commit = await git.ask("rev-parse", "--verify", "--quiet", `${ref}^{commit}`);
  if (commit.exitCode === 1 || commit.exitCode === 128) {
    fail({
      code: "ref-unknown",
      summary: "git knows no such commit",
      detail: ref,
      remedy: "Name a branch, a tag or a commit that is here; git fetch brings those of GitHub.",
    });
  }
  return { commit: commit.stdout.trim(), tree: await git.run("rev-parse", `${ref}^{tree}`) };
}

/** Refuses a work tree with changes that no commit holds: what is deployed must be what git has. */
export async function requireCleanTree(git: Git): Promise<void> {
  const { stdout } = await git.ask("status", "--porcelain");
  const files = stdout.split("\n").flatMap((line) => (line === "" ? [] : [line.slice(3)]));
  if (files.length === 0) return;
  fail({
    code: "dirty-tree",
    summary: "There are changes that are not committed",
    detail: `${files.slice(0, 5).join(", ")}${files.length > 5 ? ", …" : ""}: they would not be part of what is deployed.`,
    remedy: "Commit or stash them, then run this again.",
  });
}

/** `git@github.com:ada/shop.git` and `https://github.com/ada/shop` are one repository. */
export const sameRepository = (a: string, b: string): boolean => {
  const bare = (url: string): string =>
    url
      .trim()
      .replace(/^(ssh|git|https?):\/\/(\w+@)?/, "")
      .replace(/^\w+@([^:/]+):/, "$1/")
      .replace(/\.git\/?$|\/$/, "")
      .toLowerCase();
  return bare(a) === bare(b);
};
