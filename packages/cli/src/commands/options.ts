import { choices, defaultOptions, type TemplateOptions } from "@doge/workflow";
import type { FlagSpec, Invocation } from "../command.ts";
import { choose, confirm } from "../terminal/ask.ts";
import { asksQuestions } from "./identity.ts";

/** What a new project may have or leave out, as flags of `new`. */
export const optionFlags = {
  mail: {
    type: "string",
    choices: choices.mail,
    help: `Provider of mail; SMTP is always there (default: ${defaultOptions.mail})`,
  },
  redis: { type: "boolean", help: "Redis as the cache, beside the app (default: a table of Postgres)" },
  jobs: {
    type: "string",
    choices: choices.jobs,
    help: `What runs jobs on a droplet: a process of its own, or the web process (default: ${defaultOptions.jobs})`,
  },
  "no-api": { type: "boolean", help: "Without the JSON API, its tokens and its OpenAPI document" },
  registry: {
    type: "string",
    choices: choices.registry,
    help: `Where images are: GitHub's registry, or none, and they are sent over SSH (default: ${defaultOptions.registry})`,
  },
  licence: { type: "string", choices: choices.licence, help: `Licence file (default: ${defaultOptions.licence})` },
  editor: { type: "string", choices: choices.editor, help: `Editor's settings (default: ${defaultOptions.editor})` },
} as const satisfies Readonly<Record<string, FlagSpec>>;

/** Where images are, by the flag of `new` and `adopt`. */
export const chosenRegistry = ({ flags }: Invocation): TemplateOptions["registry"] =>
  choices.registry.find((value) => value === flags["registry"]) ?? defaultOptions.registry;

/** From the flags; what they don't say is asked on a terminal, and what it is unless told otherwise. */
export async function chooseOptions(invocation: Invocation): Promise<TemplateOptions> {
  const { flags } = invocation;
  const asks = asksQuestions(invocation);
  const one = async <T extends string>(name: string, question: string, values: readonly T[], usual: T): Promise<T> => {
    const given = values.find((value) => value === flags[name]);
    return given ?? (asks ? choose(question, values, usual) : usual);
  };
  const yes = async (name: string, question: string, fallback: boolean): Promise<boolean> =>
    asks && flags[name] === undefined ? confirm(question, fallback) : fallback;
  return {
    mail: await one("mail", "Mail in production", choices.mail, defaultOptions.mail),
    redis: flags["redis"] === true || (await yes("redis", "Redis as the cache?", defaultOptions.redis)),
    jobs: await one("jobs", "Jobs run in", choices.jobs, defaultOptions.jobs),
    api: flags["no-api"] !== true && (await yes("no-api", "A JSON API with tokens?", defaultOptions.api)),
    // Not asked: most have GitHub's, and doge.config.ts can say otherwise at any time.
    registry: chosenRegistry(invocation),
    licence: await one("licence", "Licence", choices.licence, defaultOptions.licence),
    editor: await one("editor", "Editor settings", choices.editor, defaultOptions.editor),
  };
}
