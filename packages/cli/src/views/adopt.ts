import type { Adopted } from "../commands/adopt.ts";

/** What was seen, what was added, and what to do next. */
export function adoptView({ facts, added, kept }: Adopted): string {
  const services = [facts.postgres ? "PostgreSQL" : "", facts.redis ? "Redis" : ""].filter(Boolean);
  const image =
    facts.build === "assemble"
      ? "its image is put together by Doge, without an engine"
      : "its image is built from the Dockerfile";
  return [
    `A ${facts.framework}${facts.kind === "dockerfile" ? "" : " project"}: ${image}${services.length > 0 ? `; beside it ${services.join(" and ")}` : ""}.`,
    "",
    ...added.map((path) => `  added  ${path}`),
    ...kept.map((path) => `  kept   ${path} (it was there; compare it with what Doge needs)`),
    "",
    "Next:",
    facts.kind === "dockerfile"
      ? "  write the variables that the app reads into .envs/.production/.app"
      : "  read .envs/.production/.app: it has a line for each variable that the code reads",
    "  fill in the tokens in .envs/.doge",
    "  commit the new files (.envs ignores itself)",
    "  infra/node_modules/.bin/doge doctor",
    "  infra/node_modules/.bin/doge up",
    "",
  ].join("\n");
}
