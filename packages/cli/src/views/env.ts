import type { EnvDiff, EnvPush } from "@doge/workflow";
import { renderDeploy } from "./project.ts";

const signs = { changed: "~", "only here": "+", "only there": "-" } as const;

/** A line a file; the keys that differ below it: `~` another value, `+` only here, `-` only on the droplet. */
export function renderEnvDiff({ files }: EnvDiff): string {
  if (files.length === 0) return "No env files.\n";
  const width = Math.max(...files.map(({ path }) => path.length));
  return files
    .flatMap(({ environment, path, github, keys }) => {
      const deployed = keys === null ? "nothing deployed" : keys.length === 0 ? "same" : "differs";
      const pushed = github === "given" ? "" : ", GitHub has no secret of it";
      return [
        `${environment.padEnd(6)} ${path.padEnd(width)}  ${deployed}${pushed}`,
        ...(keys ?? []).map(
          ({ key, state }) => `       ${signs[state]} ${key}${state === "changed" ? "" : ` (${state})`}`,
        ),
      ];
    })
    .concat(files.some(({ keys }) => keys && keys.length > 0) ? ["Next: doge env push"] : [])
    .map((line) => `${line}\n`)
    .join("");
}

export const renderEnvPush = ({ pushed, deploys, idle }: EnvPush): string =>
  [
    `Pushed to ${pushed.join(" and ")}.\n`,
    ...deploys.map(renderDeploy),
    ...idle.map((environment) => `${environment}: nothing is deployed there yet; the first deploy takes them.\n`),
  ].join("");
