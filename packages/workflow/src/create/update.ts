import { join } from "node:path";
import { fail, type Machine } from "@doge/core";
import { type Git, gitIn, requireCleanTree } from "../repository/git.ts";
import { type FileUpdate, mergeTemplate } from "./merge.ts";
import { templateFiles } from "./project-files.ts";
import { parseRecord, recordPath, recordText, type Template, templateDigest } from "./record.ts";
import { withTool } from "./render.ts";

export interface TemplateUpdate {
  readonly from: string;
  readonly to: string;
  /** The branch that holds the update; none where there was nothing to do. */
  readonly branch?: string;
  /** Whether the branch has the update as a commit. Conflicts leave it in the work tree. */
  readonly committed: boolean;
  readonly files: readonly Omit<FileUpdate, "content">[];
}

/**
 * Brings a later template into a project: a branch with one commit to review, the project's own changes kept.
 * Where both changed the same lines, the files have git's markers and nothing is committed.
 * Throws `template-record`, `template-unknown`, `dirty-tree`, `branch-exists`.
 */
export async function updateTemplate(options: {
  readonly machine: Machine;
  readonly folder: string;
  /** The templates at hand that the project may have been made from. */
  readonly candidates: readonly Template[];
  readonly next: { readonly template: Template; readonly version: string };
  /** Puts the tool that brings the template into the project and says how package.json names it. */
  readonly pinTool: () => Promise<string>;
  /** Writes package-lock.json and what else follows from package.json. */
  readonly install: () => Promise<void>;
}): Promise<TemplateUpdate> {
  const { machine, folder, next } = options;
  const record = parseRecord(await machine.files.read(join(folder, recordPath)));
  const digest = templateDigest(next.template);
  const labels = { from: label(record.version, record.digest), to: label(next.version, digest) };
  if (record.digest === digest) return { ...labels, committed: false, files: [] };

  const base = options.candidates.find((candidate) => templateDigest(candidate) === record.digest);
  if (!base) {
    return fail({
      code: "template-unknown",
      summary: "The template that this project was made from is not here",
      detail: `It is ${labels.from}; the copies in node_modules and vendor are others.`,
      address: folder,
      remedy: "Run npm ci, so that the project's own version of doge is installed; then run this again.",
    });
  }
  const git = gitIn(machine, folder);
  await requireCleanTree(git);
  const branch = await startBranch(git, digest);

  const words = record.words;
  const before = toolIn(await machine.files.read(join(folder, "package.json")));
  const updates = await mergeTemplate(machine, {
    base: pinned(templateFiles(base, words), before),
    theirs: pinned(templateFiles(next.template, words), await options.pinTool()),
    ours: (path) => machine.files.read(join(folder, path)),
    scratch: join(folder, ".doge/cache/template-merge"),
  });
  for (const { path, action, content } of updates) {
    if (content !== undefined) await machine.files.write(join(folder, path), content);
    else if (action === "removed") await machine.files.remove(join(folder, path));
  }
  await machine.files.write(
    join(folder, recordPath),
    recordText({ template: record.template, version: next.version, digest, words }),
  );
  const files = updates.map(({ path, action, reason }) => ({ path, action, ...(reason ? { reason } : {}) }));
  if (updates.some(({ action }) => action === "conflict")) return { ...labels, branch, committed: false, files };

  await options.install();
  await git.run("add", "--all");
  await git.run("commit", "--quiet", "--message", `Update the template to ${labels.to}\n\nBy doge template update.`);
  return { ...labels, branch, committed: true, files };
}

const label = (version: string, digest: string): string => `${version} (${digest.slice(0, 8)})`;

async function startBranch(git: Git, digest: string): Promise<string> {
  const branch = `template-${digest.slice(0, 8)}`;
  if ((await git.ask("rev-parse", "--verify", "--quiet", `refs/heads/${branch}`)).exitCode === 0) {
    fail({
      code: "branch-exists",
      summary: "There is a branch for this update already",
      address: branch,
      remedy: `Go on with it (git switch ${branch}), or begin anew: git branch -D ${branch}.`,
    });
  }
  await git.run("switch", "--quiet", "--create", branch);
  return branch;
}

const toolIn = (manifest: string | undefined): string | undefined =>
  manifest === undefined
    ? undefined
    : (JSON.parse(manifest) as { devDependencies?: Record<string, string> }).devDependencies?.["doge"];

/** The tool's line in package.json belongs to both sides, so that it is no difference of the project's own. */
function pinned(files: Template, tool: string | undefined): Template {
  const manifest = files["package.json"];
  return manifest === undefined || tool === undefined ? files : { ...files, "package.json": withTool(manifest, tool) };
}
