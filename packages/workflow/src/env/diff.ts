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
    readonly state: "given" | "missing" | "extra";
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
    environmentNames.map(async (environment) => {
      const here = Object.keys(envFileMap(environment, production, staging));
      const there = await github.secrets.list({ owner, repo: repository, environment });
      const given = new Set(there.map((s) => s.name));
      return [
        ...here.map((name) => ({
          environment,
          name,
          state: given.has(name) ? ("given" as const) : ("missing" as const),
        })),
        ...[...given]
          .filter((name) => /^(PROD|STAGE)_/.test(name) && !here.includes(name))
          .map((name) => ({ environment, name, state: "extra" as const })),
      ];
    }),
  );
  return { files: rows.flat() };
}
