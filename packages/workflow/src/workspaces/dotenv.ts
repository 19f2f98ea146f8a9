import { Configuration } from "@doge/engine";
import { tfe, variable, workspaceData } from "@doge/providers/tfe";
import type { ProjectConfig } from "../config/schema.ts";
import { environmentNames } from "./names.ts";

/** Carries the env files, which only this machine has, to the workspaces of the environments. */
export function dotenvWorkspace(config: ProjectConfig): Configuration {
  const c = new Configuration();
  const secret = { type: "string", sensitive: true } as const;
  c.provider(tfe, { token: c.variable("tf_api_token", secret) });
  for (const environment of environmentNames) {
    const target = c.data(workspaceData, environment, {
      name: `${config.slug}-${environment}`,
      organization: config.hcp.organization,
    });
    c.resource(variable, environment, {
      key: "env_file_map",
      value: c.variable(`env_file_map_${environment}`, secret),
      category: "terraform",
      sensitive: true,
      description: "Env files by secret name, base64, as JSON; written by the dotenv workspace",
      workspace_id: target.id,
    });
  }
  return c;
}
