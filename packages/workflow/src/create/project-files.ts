import { HOOKS } from "../repository/create.ts";
import { credentialsFile } from "../settings.ts";
import type { ProjectConfig, ProjectConfigInput } from "../config/schema.ts";
import { newEnvFiles } from "../env/files.ts";
import { configFile } from "./config-file.ts";
import { appConfig, defaultOptions, optionWords, type TemplateOptions } from "./options.ts";
import { recordPath, recordText, type Template, templateDigest } from "./record.ts";
import { renderTemplate } from "./render.ts";

export interface NewFile {
  readonly content: string;
  /** 0o600 for what holds secrets. */
  readonly mode: number;
}

/** What the template's words stand for in a project. */
export const templateWords = (
  config: ProjectConfig,
  options: TemplateOptions,
  year: number,
): Readonly<Record<string, string>> => ({
  slug: config.slug,
  name: config.name,
  domain: config.domain,
  description: `${config.name}, deployed by Doge`,
  author: config.github.owner,
  owner: config.github.owner,
  repository: config.github.repository,
  port: String(config.app.port),
  node: "24",
  year: String(year),
  ...optionWords(options),
});

/** The template's own files, filled in. A file of which no line is left is none of this project's. */
export function templateFiles(
  template: Template,
  words: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  // A project that is older than an option has what the option is unless told.
  const all = { ...optionWords(defaultOptions), ...words };
  return Object.fromEntries(
    Object.entries(template)
      .map(([path, text]) => [path, renderTemplate(text, all, path)] as const)
      .filter(([path, text]) => text.trim() !== "" || template[path]?.trim() === ""),
  );
}

/** All files of a new project but those that npm makes, by path. */
export function projectFiles(options: {
  readonly template: Template;
  /** Version of the tool that makes the project. */
  readonly version: string;
  readonly chosen: ProjectConfigInput;
  readonly config: ProjectConfig;
  readonly options: TemplateOptions;
  /** Tokens and addresses known already. */
  readonly credentials: Readonly<Record<string, string | undefined>>;
  readonly year: number;
}): Record<string, NewFile> {
  const { template, version, chosen, config, credentials, year } = options;
  const words = templateWords(config, options.options, year);
  const files: Record<string, NewFile> = {};
  for (const [path, content] of Object.entries(templateFiles(template, words)))
    files[path] = { content, mode: modeOf(path) };
  const record = { template: "web", version, digest: templateDigest(template), words };
  files[recordPath] = { content: recordText(record), mode: 0o644 };
  files["doge.config.ts"] = {
    content: configFile({ ...chosen, ...appConfig(options.options) }),
    mode: 0o644,
  };
  for (const [set, contents] of Object.entries(newEnvFiles(config, credentials, options.options))) {
    for (const [name, content] of Object.entries(contents)) {
      files[`.envs/.${set}/${name}`] = { content, mode: 0o600 };
    }
  }
  files[".envs/.doge"] = { content: credentialsFile(credentials), mode: 0o600 };
  return files;
}

/** git runs a hook only where it may be executed. */
const modeOf = (path: string): number => (path.startsWith(`${HOOKS}/`) ? 0o755 : 0o644);
