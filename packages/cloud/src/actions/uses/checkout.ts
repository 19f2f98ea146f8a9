import { appendFile, mkdir, readdir, rm } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { stepEnvironment } from "../runner/effects.ts";
import { findProgram, runLogged } from "../runner/shell.ts";
import type { ActionCall } from "./index.ts";
import { failed, flagOf, refuse, textOfInput } from "./inputs.ts";

/**
 * actions/checkout: git's own fetch from the GitHub stand-in. The token travels as a header that git reads from its
 * environment or its configuration file, never in a URL or in argv.
 */
export async function checkout(call: ActionCall): Promise<void> {
  const { session, inputs, outputs } = call;
  refuse(inputs, "actions/checkout", ["submodules", "lfs", "ssh-key", "sparse-checkout", "filter"]);
  const repository = textOfInput(inputs, "repository") ?? session.run.repository;
  const folder = resolve(session.folders.workspace, textOfInput(inputs, "path") ?? "");
  if (relative(session.folders.workspace, folder).startsWith("..")) {
    failed(`Repository path '${folder}' is not under '${session.folders.workspace}'`);
  }
  const own = repository === session.run.repository;
  const wanted = wantedOf(textOfInput(inputs, "ref"), own ? session.run : undefined);
  const depth = Number(textOfInput(inputs, "fetch-depth") ?? "1");
  const server = session.office.context.url("github");
  const token = textOfInput(inputs, "token") ?? session.token;
  const credentials = Buffer.from(`x-access-token:${token}`).toString("base64");
  session.masker.add(credentials);
  const header = `AUTHORIZATION: basic ${credentials}`;

  const env = stepEnvironment(session, call.env, {
    ...call.variables,
    GIT_TERMINAL_PROMPT: "0",
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: `http.${server}/.extraheader`,
    GIT_CONFIG_VALUE_0: header,
  });
  const program = findProgram("git", env["PATH"] ?? "") ?? failed("git is not on this machine's PATH");
  const git = async (...args: string[]): Promise<void> => {
    session.log.write(`[command]git ${args.join(" ")}`);
    await runLogged(session, { argv: [program, ...args], cwd: folder, env, cancel: call.cancel });
  };

  await mkdir(folder, { recursive: true });
  if (flagOf(inputs, "clean", true))
    for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true, force: true });
  await git("init", "--quiet", "--initial-branch=main", ".");
  await git("remote", "add", "origin", `${server}/${repository}.git`);
  const tags = depth === 0 || flagOf(inputs, "fetch-tags", false);
  const fetch = (...words: readonly string[]): Promise<void> =>
    git("-c", "protocol.version=2", "fetch", "--no-recurse-submodules", ...words);
  if (depth === 0) await fetch("--tags", "--prune", "origin", "+refs/heads/*:refs/remotes/origin/*");
  // Apart: the branch may be among those, at a later commit.
  await fetch(
    tags ? "--tags" : "--no-tags",
    ...(depth > 0 ? ["--prune", `--depth=${depth}`] : []),
    "origin",
    `+${wanted.commit ?? wanted.ref}:${wanted.tracking}`,
  );
  await git(
    "-c",
    "advice.detachedHead=false",
    "checkout",
    "--quiet",
    "--force",
    ...(wanted.branch === undefined ? [wanted.tracking] : ["-B", wanted.branch, wanted.tracking]),
  );
  if (wanted.branch !== undefined && wanted.tracking.startsWith("refs/remotes/origin/")) {
    await git("branch", "--quiet", `--set-upstream-to=origin/${wanted.branch}`, wanted.branch);
  }
  await git("log", "-1", "--format=%H");
  if (flagOf(inputs, "persist-credentials", true)) {
    await appendFile(join(folder, ".git", "config"), `[http "${server}/"]\n\textraheader = ${header}\n`, {
      mode: 0o600,
    });
  }
  outputs["ref"] = wanted.ref;
  outputs["commit"] = wanted.commit ?? "";
}

interface Wanted {
  readonly ref: string;
  /** Fetched by its id, so that a branch that moved on meanwhile changes nothing. */
  readonly commit: string | undefined;
  /** Where the fetched commit is kept. */
  readonly tracking: string;
  /** The branch to stand on; undefined for a detached HEAD. */
  readonly branch: string | undefined;
}

function wantedOf(input: string | undefined, run: { readonly ref: string; readonly sha: string } | undefined): Wanted {
  const ref = input ?? run?.ref ?? "HEAD";
  const commit = run && (input === undefined || input === run.ref) ? run.sha : undefined;
  if (/^[0-9a-f]{40}$/.test(ref))
    return { ref, commit: ref, tracking: "refs/remotes/origin/checked-out", branch: undefined };
  if (ref.startsWith("refs/tags/")) return { ref, commit, tracking: ref, branch: undefined };
  if (ref.startsWith("refs/pull/")) {
    return { ref, commit, tracking: ref.replace("refs/pull/", "refs/remotes/pull/"), branch: undefined };
  }
  if (ref === "HEAD") return { ref, commit, tracking: "refs/remotes/origin/HEAD", branch: undefined };
  const branch = ref.replace(/^refs\/heads\//, "");
  return { ref: input === undefined ? ref : branch, commit, tracking: `refs/remotes/origin/${branch}`, branch };
}
