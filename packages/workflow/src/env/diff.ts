import type { Project } from "../project.ts";
import { vendors } from "../vendors.ts";
import { environmentNames } from "../workspaces/names.ts";
import { envFileMap, readEnvFiles } from "./files.ts";

export interface EnvDiff {
  readonly files: readonly {
    readonly environment: string;
    /** Name of the secret: `PROD_APP`. */
    readonly name: string;
    /** GitHub gives no value back: `given` says that it is there, `missing` that it was never pushed. */
    readonly state: "given" | "missing";
  }[];
}

/** Names of env files here against names of secrets there. Values can't be compared: GitHub never tells them. */
export async function envDiff(project: Project): Promise<EnvDiff> {
  const { files } = project.machine;
  const { owner, repository } = project.config.github;
  const production = await readEnvFiles(files, project.folder, "production");
  const staging = await readEnvFiles(files, project.folder, "staging");
  const github = vendors(project).github();
  const rows = await Promise.all(
    environmentNames.flatMap((environment) =>
      Object.keys(envFileMap(environment, production, staging)).map(async (name) => {
        const there = await github.secrets.get({ owner, repo: repository, environment }, name);
        return { environment, name, state: there ? ("given" as const) : ("missing" as const) };
      }),
    ),
  );
  return { files: rows };
}
