import type { CommitOrder } from "@doge/deploy";
import type { Project } from "../project.ts";
import { type Git, gitIn } from "./git.ts";

/** How `commit` stands to the commit that is live, by the project's history; what is missing of it is fetched. */
export async function orderAfter(project: Project, commit: string, live: string): Promise<CommitOrder> {
  if (commit === live) return "same";
  const { machine, folder, settings } = project;
  const token = settings.token("GITHUB_TOKEN");
  const server = settings.endpoint("GITHUB_SERVER_URL");
  const git = gitIn(machine, folder, token ? { server, token } : undefined);
  // A clone without its past can't order anything; one that is behind does not know what is live.
  const shallow = (await git.ask("rev-parse", "--is-shallow-repository")).stdout.trim() === "true";
  if (shallow) await git.ask("fetch", "--quiet", "--unshallow", "origin");
  else if (!(await has(git, live))) await git.ask("fetch", "--quiet", "origin");
  if (!(await has(git, live)) || !(await has(git, commit))) return "unknown";
  const isAncestor = async (older: string, newer: string): Promise<boolean> =>
    (await git.ask("merge-base", "--is-ancestor", older, newer)).exitCode === 0;
  if (await isAncestor(live, commit)) return "newer";
  return (await isAncestor(commit, live)) ? "older" : "diverged";
}

const has = async (git: Git, commit: string): Promise<boolean> =>
  (await git.ask("cat-file", "-e", `${commit}^{commit}`)).exitCode === 0;
