import { normalize } from "node:path";
import { type Diagnostic, type Files, type ProjectFiles, Secret } from "@doge/core";
import { collectSources, type Configuration } from "@doge/engine";
import type { ProjectConfig } from "../config/schema.ts";
import { envFileMap } from "../env/files.ts";
import { projectEnvFiles } from "../env/project.ts";
import type { WorkspaceDefinition } from "../executors/executor.ts";
import type { Project } from "../project.ts";
import { baseWorkspace } from "./base.ts";
import { dotenvWorkspace } from "./dotenv.ts";
import { environmentWorkspace } from "./environment.ts";
import { metaWorkspace } from "./meta.ts";
import type { WorkspaceName } from "./names.ts";

/** The typed configuration of a workspace. */
export function configurationOf(config: ProjectConfig, name: WorkspaceName): Configuration {
  switch (name) {
    case "meta":
      return metaWorkspace(config);
    case "base":
      return baseWorkspace(config);
    case "dotenv":
      return dotenvWorkspace(config);
    case "stage":
    case "prod":
      return environmentWorkspace(config, name);
  }
}

/** Terraform JSON as every executor gets it, and as `.doge/terraform` holds it for people to read. */
export const renderConfiguration = (configuration: Configuration): string =>
  `${JSON.stringify(configuration.toJSON(), null, 2)}\n`;

/** Where a user's own resources stand: `infra/<workspace>/*.tf` and `*.tf.json`, added to ours, with the modules they call. */
export const userFolder = (folder: string, name: WorkspaceName): string => `${folder}/infra/${name}`;

export async function userDocuments(
  files: Files,
  folder: string,
  name: WorkspaceName,
): Promise<Record<string, string>> {
  const sources = await collectSources(files, userFolder(folder, name));
  return Object.fromEntries(sources.map(({ file, content }) => [file === OURS ? USERS : file, content]));
}

/** A user's file of the name of ours goes beside it. */
const [OURS, USERS] = ["main.tf.json", "user-main.tf.json"];

/** Names a user's file as it lies in the project, `infra/stage/web.tf`; runs know it from the workspace's own folder. */
export function asInProject(
  name: WorkspaceName,
  documents: WorkspaceDefinition["documents"],
  diagnostic: Diagnostic,
): Diagnostic {
  const { range } = diagnostic;
  if (!range || range.file === OURS || !(range.file in documents)) return diagnostic;
  const file = range.file === USERS ? OURS : range.file;
  return { ...diagnostic, range: { ...range, file: normalize(`infra/${name}/${file}`) } };
}

/**
 * The files beside the user's documents, but for hidden ones and for variables, which are given by name. Runs elsewhere
 * have nothing else to read.
 */
function userFiles(files: ProjectFiles): Record<string, Uint8Array> {
  const names = files.walk(".");
  if (names === "outside") return {};
  const wanted = names.filter((name) => !/(^|\/)\./.test(name) && !/\.(tf|tf\.json|tfvars|tfvars\.json)$/.test(name));
  const read = wanted.map((name) => [name, files.read(name)] as const);
  return Object.fromEntries(read.flatMap(([name, one]) => (one.kind === "file" ? [[name, one.content]] : [])));
}

/** Everything that a run of a workspace needs. Reads env files for dotenv and tokens for meta. */
export async function defineWorkspace(project: Project, name: WorkspaceName): Promise<WorkspaceDefinition> {
  const { config, folder, machine } = project;
  return {
    name,
    fullName: `${config.slug}-${name}`,
    execution: name === "meta" || name === "dotenv" || config.executor !== "hcp" ? "local" : "remote",
    documents: {
      [OURS]: renderConfiguration(configurationOf(config, name)),
      ...(await userDocuments(machine.files, folder, name)),
    },
    files: userFiles(machine.projectFiles(folder, userFolder(folder, name))),
    variables: await localVariables(project, name),
  };
}

/** Variables that this machine gives; the others stand in HCP, in variable sets. */
async function localVariables(project: Project, name: WorkspaceName): Promise<Record<string, Secret>> {
  const { settings, config } = project;
  const tokens = {
    do_token: settings.token("DIGITALOCEAN_TOKEN"),
    do_spaces_access_id: settings.token("SPACES_ACCESS_KEY_ID"),
    do_spaces_secret_key: settings.token("SPACES_SECRET_ACCESS_KEY"),
    gh_token: settings.token("GITHUB_TOKEN"),
    tf_api_token: settings.token("TF_API_TOKEN"),
  };
  const given = Object.fromEntries(
    Object.entries(tokens).filter((entry): entry is [string, Secret] => entry[1] !== undefined),
  );
  const pick = (...names: string[]): Record<string, Secret> =>
    Object.fromEntries(Object.entries(given).filter(([key]) => names.includes(key)));

  if (name === "meta") return given;
  if (name === "dotenv") {
    const { production, staging } = await projectEnvFiles(project);
    return {
      ...pick("tf_api_token"),
      env_file_map_stage: new Secret(JSON.stringify(envFileMap("stage", production, staging))),
      env_file_map_prod: new Secret(JSON.stringify(envFileMap("prod", production, staging))),
    };
  }
  if (config.executor === "hcp") return {};
  if (name === "base") return pick("do_token", "gh_token", "tf_api_token");
  const { production, staging } = await projectEnvFiles(project);
  return {
    ...pick("do_token", "do_spaces_access_id", "do_spaces_secret_key", "gh_token"),
    env_file_map: new Secret(JSON.stringify(envFileMap(name, production, staging))),
  };
}
