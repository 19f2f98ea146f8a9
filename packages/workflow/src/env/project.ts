import { Secret } from "@doge/core";
import type { Project } from "../project.ts";
import { type EnvFiles, readEnvFiles } from "./files.ts";

/** The env files of a project on this machine. Backups get the keys to Spaces that this machine has. */
export async function projectEnvFiles(
  project: Pick<Project, "machine" | "folder" | "settings" | "config">,
): Promise<{ readonly production: EnvFiles; readonly staging: EnvFiles }> {
  const { machine, folder, settings, config } = project;
  const production = await readEnvFiles(machine.files, folder, "production");
  const staging = await readEnvFiles(machine.files, folder, "staging");
  const backup = production[".backup"];
  const [id, key] = [settings.token("SPACES_ACCESS_KEY_ID"), settings.token("SPACES_SECRET_ACCESS_KEY")];
  if (!backup || !id || !key) return { production, staging };
  const { region } = config.digitalocean;
  const own = {
    SPACES_ENDPOINT: settings.endpoint("SPACES_ENDPOINT_URL").replaceAll("{{.Region}}", region),
    SPACES_REGION: region,
    SPACES_ACCESS_KEY_ID: id.reveal(),
    SPACES_SECRET_ACCESS_KEY: key.reveal(),
  };
  // What the file itself says comes last and wins.
  const added = Object.entries(own).map(([name, value]) => `${name}=${value}\n`);
  const completed = new Secret(`${added.join("")}${backup.reveal()}`);
  return { production: { ...production, ".backup": completed }, staging };
}
