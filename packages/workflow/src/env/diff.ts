import { parseEnv } from "node:util";
import { DogeError, type Secret } from "@doge/core";
import { type Host, projectLayout, shellScript } from "@doge/deploy";
import { onEnvironment } from "../deploy/connect.ts";
import type { Project } from "../project.ts";
import { vendors } from "../vendors.ts";
import { type EnvironmentName, environmentNames } from "../workspaces/names.ts";
import { dropletEnvFiles, secretName } from "./files.ts";
import { projectEnvFiles } from "./project.ts";

/** `changed`: another value. `only here`, `only there`: on this machine, on the droplet. */
export type KeyState = "changed" | "only here" | "only there";

export interface EnvDiff {
  readonly files: readonly {
    readonly environment: EnvironmentName;
    /** `.envs/.production/.app`. */
    readonly path: string;
    /** Name of the secret that carries it: `PROD_APP`. */
    readonly secret: string;
    /** GitHub gives no value back: `given` says that it is there, `missing` that it was never pushed. */
    readonly github: "given" | "missing";
    /** Names of what differs from the droplet's file; null where nothing is deployed there. Never a value. */
    readonly keys: readonly { readonly key: string; readonly state: KeyState }[] | null;
  }[];
}

/** Env files here against what each environment has: names of keys, and names of secrets. */
export async function envDiff(project: Project): Promise<EnvDiff> {
  const { production, staging } = await projectEnvFiles(project);
  const { owner, repository } = project.config.github;
  const github = vendors(project).github();
  const rows = await Promise.all(
    environmentNames.map(async (environment) => {
      const here = new Map(
        dropletEnvFiles(environment, production, staging).files.map(({ path, content }) => [path, content]),
      );
      const there = await deployedEnvFiles(project, environment);
      const paths = [...new Set([...here.keys(), ...(there?.keys() ?? [])])].toSorted((a, b) => (a < b ? -1 : 1));
      return Promise.all(
        paths.map(async (path) => {
          const secret = secretOf(path);
          const given = await github.secrets.get({ owner, repo: repository, environment }, secret);
          const keys = there ? keysThatDiffer(here.get(path), there.get(path)) : null;
          return { environment, path, secret, github: given ? ("given" as const) : ("missing" as const), keys };
        }),
      );
    }),
  );
  return { files: rows.flat() };
}

const secretOf = (path: string): string => {
  const [, set = "production", file = ""] = /^\.envs\/\.(production|staging)\/(.+)$/.exec(path) ?? [];
  return secretName(set as "production" | "staging", file);
};

/** Names of keys whose values differ between two env files; a file that is not there has none. Pure. */
export function keysThatDiffer(
  here: Secret | undefined,
  there: string | undefined,
): readonly { readonly key: string; readonly state: KeyState }[] {
  const [own, other] = [parseEnv(here?.reveal() ?? ""), parseEnv(there ?? "")];
  const keys = [...new Set([...Object.keys(own), ...Object.keys(other)])].toSorted((a, b) => (a < b ? -1 : 1));
  return keys.flatMap((key) => {
    if (own[key] === other[key]) return [];
    return [{ key, state: own[key] === undefined ? "only there" : other[key] === undefined ? "only here" : "changed" }];
  });
}

/** Env files on an environment's droplet, by their path in the project; undefined where there is none. */
export async function deployedEnvFiles(
  project: Project,
  environment: EnvironmentName,
): Promise<ReadonlyMap<string, string> | undefined> {
  try {
    return await onEnvironment(project, environment, (host) => envFilesOn(host, project.config.slug));
  } catch (thrown) {
    if (thrown instanceof DogeError && thrown.diagnostics[0]?.code === "environment-missing") return undefined;
    throw thrown;
  }
}

async function envFilesOn(host: Host, slug: string): Promise<ReadonlyMap<string, string> | undefined> {
  const { root } = await projectLayout(host, slug);
  const list = 'cd "$1" 2>/dev/null && find .envs -type f 2>/dev/null || true';
  const { stdout } = await host.run({ argv: shellScript(list, root) });
  const paths = stdout.split("\n").filter((path) => /^\.envs\/\.(production|staging)\/\.[a-z][a-z0-9_-]*$/.test(path));
  if (paths.length === 0) return undefined;
  const contents = await Promise.all(paths.map((path) => host.readFile(`${root}/${path}`)));
  return new Map(paths.map((path, index) => [path, contents[index] ?? ""]));
}
