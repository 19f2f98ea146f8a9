import { fail } from "@doge/core";
import { rotated, type RotatedSecret, rotateSecrets, type Rotation } from "@doge/workflow";
import { defineCommand } from "../command.ts";
import { confirm } from "../terminal/ask.ts";
import { renderEnvPush } from "../views/env.ts";

export const secretsRotateCommand = defineCommand<Rotation>({
  name: "secrets rotate",
  summary: "Make generated secrets anew: env files, GitHub, HCP, droplets, and what runs there",
  description:
    "database: the password in DATABASE_URL. The old one works until the release that knows it has stopped, and then no\n" +
    "more. METRICS_TOKEN: whoever reads /metrics needs the new one at once. SECRET_KEY: people are signed out, links in\n" +
    "mails end, and second factors have to be set up anew: it asks. Not made anew: BACKUP_KEY, without which earlier\n" +
    "backups can't be read, and what a vendor gave you (MAIL_URL, STORAGE_URL, tokens).",
  arguments: [{ name: "secrets", help: `${rotated.join(", ")} (default: database)`, rest: true, choices: rotated }],
  flags: { yes: { type: "boolean", short: "y", help: "Don't ask" } },
  view: (rotation) =>
    `${rotation.resumed ? "Completed what was begun: " : "Made anew: "}${rotation.rotated.join(", ")}. Keep a copy of .envs/.\n${renderEnvPush(rotation)}`,
  async run(invocation) {
    const given = (invocation.arguments["secrets"] ?? []) as readonly string[];
    const names = rotated.filter((name) => given.includes(name));
    const unknown = given.filter((name) => !names.some((known) => known === name));
    if (unknown.length > 0)
      fail({
        code: "usage",
        summary: "There is no such secret to make anew",
        detail: unknown.join(", "),
        remedy: `Name one of ${rotated.join(", ")}. A password that is made elsewhere: change it there, then in .envs/, and run doge env push.`,
      });
    const wanted: readonly RotatedSecret[] = given.length === 0 ? ["database"] : names;
    const project = await invocation.project();
    const question = "People are signed out, and second factors have to be set up anew. Make SECRET_KEY anew?";
    const asks = wanted.includes("SECRET_KEY") && invocation.flags["yes"] !== true;
    if (asks && !invocation.interactive)
      fail({
        code: "unconfirmed",
        summary: "This signs people out and was not confirmed",
        detail: question,
        remedy: "Add --yes.",
      });
    if (asks && !(await confirm(question)))
      fail({ code: "declined", summary: "Nothing was changed", remedy: "Say yes to go on." });
    return { exitCode: 0, data: await rotateSecrets(project, wanted) };
  },
});
