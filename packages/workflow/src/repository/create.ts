import { fail, type Files, step } from "@doge/core";
import type { Project } from "../project.ts";
import { vendors } from "../vendors.ts";
import type { EnvironmentName } from "../workspaces/names.ts";
import { type Git, gitIn, requireCleanTree, sameRepository } from "./git.ts";

export interface RepositoryResult {
  readonly url: string;
  readonly created: boolean;
  readonly pushed: boolean;
}

/** The first push runs no workflow: there is no environment to deploy to yet. `doge up` deploys at its end. */
export const FIRST_COMMIT = "First commit\n\nMade by doge new. [skip ci]";

/** Where a project keeps its git hooks, under version control. */
export const HOOKS = ".githooks";

/**
 * Makes the GitHub repository, or takes the one that is there if it is empty or already ours, and pushes
 * `main`. Safe to run again at any point.
 */
export async function createRepository(project: Project): Promise<RepositoryResult> {
  const { config, settings, machine, folder, emit } = project;
  const { owner, repository, private: isPrivate } = config.github;
  const now = (): Date => machine.clock.now();
  const github = vendors(project).github();
  const token = settings.token("GITHUB_TOKEN");
  const server = settings.endpoint("GITHUB_SERVER_URL");
  const remote = `${server}/${owner}/${repository}.git`;
  const git = gitIn(machine, folder, token ? { server, token } : undefined);

  await prepareLocal(git, machine.files, folder, remote);
  const me = await github.users.current();
  const existing = await github.repositories.get({ owner, repo: repository });
  const created = existing === undefined;
  if (created) {
    await step(
      emit,
      now,
      { step: "repository.create", title: `Creating ${owner}/${repository}`, parent: "repository" },
      () =>
        github.repositories.create({
          name: repository,
          private: isPrivate,
          description: config.name,
          ...(me.login.toLowerCase() === owner.toLowerCase() ? {} : { organization: owner }),
        }),
    );
  }

  const url = `${server}/${owner}/${repository}`;
  const there = (await git.run("ls-remote", remote, "refs/heads/main")) !== "";
  if (!there) {
    await git.run("push", "--quiet", remote, "main");
    await git.run("config", "branch.main.remote", "origin");
    await git.run("config", "branch.main.merge", "refs/heads/main");
    return { url, created, pushed: true };
  }
  // Pull requests move main on GitHub: it may be ahead of this folder, but it must be the same history.
  await fetchBranches(git, remote);
  if ((await git.ask("merge-base", "main", "origin/main")).exitCode !== 0) {
    fail({
      code: "repository-taken",
      summary: "The repository holds another history",
      detail: `${owner}/${repository} has commits on main that this folder does not know.`,
      address: remote,
      remedy: `Choose another github.repository in doge.config.ts, or delete ${url} if nobody needs it.`,
    });
  }
  return { url, created, pushed: false };
}

/** What each environment is to run: the head of its branch on GitHub, fetched just now. */
export async function environmentRefs(project: Project): Promise<Readonly<Record<EnvironmentName, string>>> {
  const { settings, machine, folder, config } = project;
  const token = settings.token("GITHUB_TOKEN");
  const server = settings.endpoint("GITHUB_SERVER_URL");
  const git = gitIn(machine, folder, token ? { server, token } : undefined);
  await fetchBranches(git, `${server}/${config.github.owner}/${config.github.repository}.git`);
  return { stage: "origin/stage", prod: "origin/main" };
}

/** By its HTTPS address, with the token: `origin` may be an SSH one, for which this machine may have no key. */
const fetchBranches = (git: Git, remote: string): Promise<string> =>
  git.run("fetch", "--quiet", remote, "+refs/heads/*:refs/remotes/origin/*");

/** The project's own hooks; whoever has hooks elsewhere keeps them. */
async function turnOnHooks(git: Git, files: Files, folder: string): Promise<void> {
  if (!(await files.exists(`${folder}/${HOOKS}`))) return;
  if ((await git.ask("config", "core.hooksPath")).exitCode !== 0) await git.run("config", "core.hooksPath", HOOKS);
}

/** A git repository with a first commit on main, hooks and the remote; keeps what is there. */
async function prepareLocal(git: Git, files: Files, folder: string, remote: string): Promise<void> {
  const inside = await git.ask("rev-parse", "--show-toplevel");
  if (inside.exitCode !== 0 || inside.stdout.trim() !== folder)
    await git.run("init", "--initial-branch=main", "--quiet");
  if ((await git.ask("rev-parse", "--verify", "--quiet", "HEAD")).exitCode === 0) await requireCleanTree(git);
  else {
    const who = await git.ask("config", "user.email");
    const identity =
      who.stdout.trim() === "" ? ["-c", "user.name=Doge", "-c", "user.email=doge@users.noreply.github.com"] : [];
    await git.run("add", "--all");
    await git.run(...identity, "commit", "--quiet", "--message", FIRST_COMMIT);
  }
  await turnOnHooks(git, files, folder);
  const current = await git.ask("remote", "get-url", "origin");
  if (current.exitCode !== 0) await git.run("remote", "add", "origin", remote);
  else if (!sameRepository(current.stdout, remote)) {
    fail({
      code: "remote-differs",
      summary: "The git remote points elsewhere",
      detail: `origin is ${current.stdout.trim()}, doge.config.ts says ${remote}.`,
      remedy: `git remote set-url origin ${remote}, or correct github.owner and github.repository in doge.config.ts.`,
    });
  }
}
