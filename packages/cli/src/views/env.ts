import type { EnvDiff, EnvPush, Rotation } from "@doge/workflow";
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

export function renderRotation(rotation: Rotation): string {
  const { rotated, resumed, formerKey } = rotation;
  return [
    `${resumed ? "Completed what was begun: " : "Made anew: "}${rotated.join(", ")}. Keep a copy of .envs/.\n`,
    renderEnvPush(rotation),
    ...(formerKey
      ? [
          `The app still takes what the former key signed (${formerKey.variable}). Nothing needs that from ${formerKey.neededUntil.toISOString().slice(0, 10)} on.\n`,
          "Next, then: doge secrets rotate SECRET_KEY --finish\n",
        ]
      : []),
  ].join("");
}

export const renderFinishedRotation = (push: EnvPush): string =>
  `The former SECRET_KEY is forgotten. Keep a copy of .envs/.\n${renderEnvPush(push)}`;
