import { credentialsFile } from "../settings.ts";
import type { ProjectConfig, ProjectConfigInput } from "../config/schema.ts";
import { newEnvFiles } from "../env/files.ts";
import { configFile } from "./config-file.ts";
import { renderTemplate } from "./render.ts";

export interface NewFile {
  readonly content: string;
  /** 0o600 for what holds secrets. */
  readonly mode: number;
}

/** All files of a new project but those that npm makes, by path. */
export function projectFiles(options: {
  readonly template: Readonly<Record<string, string>>;
  readonly chosen: ProjectConfigInput;
  readonly config: ProjectConfig;
  /** Tokens and addresses known already. */
  readonly credentials: Readonly<Record<string, string | undefined>>;
  readonly year: number;
}): Record<string, NewFile> {
  const { template, chosen, config, credentials, year } = options;
  const words = {
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
  };
  const files: Record<string, NewFile> = {};
  for (const [path, text] of Object.entries(template)) {
    files[path] = { content: renderTemplate(text, words, path), mode: 0o644 };
  }
  files["doge.config.ts"] = { content: configFile(chosen), mode: 0o644 };
  for (const [set, contents] of Object.entries(newEnvFiles(config))) {
    for (const [name, content] of Object.entries(contents)) {
      files[`.envs/.${set}/${name}`] = { content, mode: 0o600 };
    }
  }
  files[".envs/.doge"] = { content: credentialsFile(credentials), mode: 0o600 };
  return files;
}
