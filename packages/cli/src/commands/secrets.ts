import { fail } from "@doge/core";
import {
  type EnvPush,
  finishRotation,
  type Project,
  rotated,
  type RotatedSecret,
  rotateSecrets,
  type Rotation,
} from "@doge/workflow";
import { defineCommand, type Invocation } from "../command.ts";
import { confirm } from "../terminal/ask.ts";
import { renderFinishedRotation, renderRotation } from "../views/env.ts";

export const secretsRotateCommand = defineCommand<Rotation | EnvPush>({
  name: "secrets rotate",
  summary: "Make generated secrets anew: env files, GitHub, HCP, droplets, and what runs there",
  description:
    "database: the password in DATABASE_URL. The old one works until the release that knows it has stopped, and then no\n" +
    "more. METRICS_TOKEN: whoever reads /metrics needs the new one at once. SECRET_KEY: nobody notices where the app\n" +
    "takes the former key, too (`app.previousKey`), until --finish takes that away; elsewhere people are signed out and\n" +
    "second factors have to be set up anew: it asks. Not made anew: BACKUP_KEY, without which earlier backups can't be\n" +
    "read, and what a vendor gave you (MAIL_URL, STORAGE_URL, tokens).",
  arguments: [{ name: "secrets", help: `${rotated.join(", ")} (default: database)`, rest: "words", choices: rotated }],
  flags: {
    finish: { type: "boolean", help: "SECRET_KEY: let the app forget the key of before the last rotation" },
    yes: { type: "boolean", short: "y", help: "Don't ask" },
  },
  view: (result) => ("rotated" in result ? renderRotation(result) : renderFinishedRotation(result)),
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
    const project = await invocation.project();
    if (invocation.flags["finish"] === true) return { exitCode: 0, data: await finish(invocation, project, names) };
    const wanted: readonly RotatedSecret[] = given.length === 0 ? ["database"] : names;
    if (wanted.includes("SECRET_KEY") && !project.config.app.previousKey)
      await mustConfirm(
        invocation,
        "People are signed out, and second factors have to be set up anew. Make SECRET_KEY anew?",
      );
    return { exitCode: 0, data: await rotateSecrets(project, wanted) };
  },
});

async function finish(invocation: Invocation, project: Project, names: readonly RotatedSecret[]): Promise<EnvPush> {
  const { previousKey } = project.config.app;
  if (!previousKey || names.some((name) => name !== "SECRET_KEY"))
    return fail({
      code: "usage",
      summary: "There is no former key to forget",
      detail: previousKey ? names.join(", ") : "app.previousKey of doge.config.ts is not set: the app knows one key",
      remedy: "--finish goes with SECRET_KEY: doge secrets rotate SECRET_KEY --finish",
    });
  await mustConfirm(
    invocation,
    `Who signed in before the last rotation, up to ${previousKey.days} days ago, is signed out. Forget the former key?`,
  );
  return finishRotation(project, previousKey);
}

async function mustConfirm(invocation: Invocation, question: string): Promise<void> {
  if (invocation.flags["yes"] === true) return;
  if (!invocation.interactive)
    fail({
      code: "unconfirmed",
      summary: "This signs people out and was not confirmed",
      detail: question,
      remedy: "Add --yes.",
    });
  if (!(await confirm(question)))
    fail({ code: "declined", summary: "Nothing was changed", remedy: "Say yes to go on." });
}
