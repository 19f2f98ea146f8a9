import { DogeError, fail, type Outcome } from "@doge/core";
import { installModules } from "@doge/engine";
import type { Project } from "./project.ts";
import { asInProject, configurationOf, renderConfiguration, userDocuments, userFolder } from "./workspaces/define.ts";
import type { WorkspaceName } from "./workspaces/names.ts";
import { validateDocuments } from "./executors/validate.ts";
import { prepareState } from "./state/store.ts";

const renderedFolder = (project: Project, name: WorkspaceName): string => `${project.folder}/.doge/terraform/${name}`;
const renderedFile = (project: Project, name: WorkspaceName): string => `${renderedFolder(project, name)}/main.tf.json`;

/** Makes the place of the workspace's state where meta does not (its own), and writes the configuration for people to read. */
export async function initWorkspace(
  project: Project,
  name: WorkspaceName,
): Promise<{
  readonly workspace: WorkspaceName;
  readonly created: boolean;
  readonly file: string;
  /** The user's modules that came from git. */
  readonly modules: readonly string[];
}> {
  const { fetched, diagnostics } = await installModules(project.machine, userFolder(project.folder, name));
  if (diagnostics.length > 0) throw new DogeError(diagnostics);
  const { created } = await prepareState(project, name);
  const file = renderedFile(project, name);
  await project.machine.files.write(file, renderConfiguration(configurationOf(project.config, name)));
  return { workspace: name, created, file, modules: fetched };
}

/** Rewrites `infra/<workspace>/*.tf.json` with two spaces and a final line end. Returns the files that change. */
export async function formatWorkspace(
  project: Project,
  name: WorkspaceName,
  options: { readonly check: boolean },
): Promise<readonly string[]> {
  const { files } = project.machine;
  const folder = userFolder(project.folder, name);
  const changed: string[] = [];
  for (const file of (await files.list(folder)).filter((f) => f.endsWith(".tf.json"))) {
    const path = `${folder}/${file}`;
    const text = (await files.read(path)) ?? "";
    const formatted = format(text, path);
    if (formatted === text) continue;
    changed.push(path);
    if (!options.check) await files.write(path, formatted);
  }
  return changed;
}

function format(text: string, path: string): string {
  try {
    return `${JSON.stringify(JSON.parse(text), null, 2)}\n`;
  } catch (thrown) {
    return fail({
      code: "config-json",
      summary: "The file is not valid JSON",
      detail: (thrown as Error).message,
      address: path,
      remedy: "Mend it; doge validate shows the rest.",
    });
  }
}

/** The configuration alone: syntax, references, attributes, types. */
export async function validateWorkspace(
  project: Project,
  name: WorkspaceName,
): Promise<Outcome<{ readonly resources: number }>> {
  const { config, folder, machine } = project;
  const documents = {
    "main.tf.json": renderConfiguration(configurationOf(config, name)),
    ...(await userDocuments(machine.files, folder, name)),
  };
  const files = machine.projectFiles(folder, userFolder(folder, name));
  const { diagnostics, ...outcome } = await validateDocuments(documents, files);
  return { ...outcome, diagnostics: diagnostics.map((one) => asInProject(name, documents, one)) };
}

/** Renders with this version of Doge and lists the lines that differ from what was rendered last. */
export async function updateWorkspace(
  project: Project,
  name: WorkspaceName,
): Promise<{ readonly workspace: WorkspaceName; readonly file: string; readonly changes: readonly string[] }> {
  const { files } = project.machine;
  const file = renderedFile(project, name);
  const before = (await files.read(file)) ?? "";
  const after = renderConfiguration(configurationOf(project.config, name));
  if (before !== after) await files.write(file, after);
  return { workspace: name, file, changes: before === "" ? [] : lineChanges(before, after) };
}

function lineChanges(before: string, after: string): readonly string[] {
  const [old, fresh] = [before.split("\n"), after.split("\n")];
  const had = new Set(old);
  const has = new Set(fresh);
  return [
    ...old.filter((line) => !has.has(line)).map((line) => `- ${line.trim()}`),
    ...fresh.filter((line) => !had.has(line)).map((line) => `+ ${line.trim()}`),
  ];
}

/** Removes what can be made again. Journaled intents stay: they are the only trace of an interrupted create. */
export async function cleanWorkspace(project: Project, name: WorkspaceName): Promise<readonly string[]> {
  const { files } = project.machine;
  const folder = renderedFolder(project, name);
  if (!(await files.exists(folder))) return [];
  await files.remove(folder);
  return [folder];
}
