import { posix } from "node:path";
import { fail } from "@doge/core";
import { connectEnvironment, database } from "@doge/workflow";
import { defineCommand, type Invocation } from "../command.ts";
import { confirm } from "../terminal/ask.ts";
import { renderBackups, renderProof } from "../views/database.ts";
import { chosen, environmentArgument } from "./app.ts";

const fileArgument = { name: "file", help: "A backup as doge db list shows it, or its name alone" };
const fileOf = ({ arguments: given }: Invocation): string => given["file"] as string;

export const dbBackupCommand = defineCommand<Awaited<ReturnType<typeof database.backup>>>({
  name: "db backup",
  summary: "Back an environment's database up, and prove the backup",
  description: "It is restored into a throw-away database and compared with the snapshot that it is of.",
  arguments: [environmentArgument],
  view: renderProof,
  async run(invocation) {
    return { exitCode: 0, data: await database.backup(await invocation.project(), chosen(invocation)) };
  },
});

export const dbListCommand = defineCommand<Awaited<ReturnType<typeof database.list>>>({
  name: "db list",
  summary: "The backups on an environment's droplet, newest first",
  description: "With --spaces those in its Space, for doge db download: also where the droplet is lost.",
  arguments: [environmentArgument],
  flags: { spaces: { type: "boolean", help: "Those in Spaces" } },
  view: renderBackups,
  async run(invocation) {
    const list = invocation.flags["spaces"] === true ? database.listSpace : database.list;
    return { exitCode: 0, data: await list(await invocation.project(), chosen(invocation)) };
  },
});

export const dbVerifyCommand = defineCommand<Awaited<ReturnType<typeof database.verify>>>({
  name: "db verify",
  summary: "Restore a backup into a throw-away database and compare",
  arguments: [
    environmentArgument,
    { ...fileArgument, optional: true, help: `${fileArgument.help} (default: the newest)` },
  ],
  view: renderProof,
  async run(invocation) {
    const file = invocation.arguments["file"];
    const project = await invocation.project();
    return {
      exitCode: 0,
      data: await database.verify(project, chosen(invocation), typeof file === "string" ? file : undefined),
    };
  },
});

export const dbRestoreCommand = defineCommand<Awaited<ReturnType<typeof database.restore>>>({
  name: "db restore",
  summary: "Put a backup in the database's place",
  description:
    "It is restored beside the database and compared, then the two change places; the old one stays, renamed.\n" +
    "Where it can't be restored, nothing has changed.",
  arguments: [environmentArgument, fileArgument],
  flags: { yes: { type: "boolean", short: "y", help: "Don't ask" } },
  view: ({ restored, before }) => `Restored ${restored}. What was there is now the database ${before}.\n`,
  async run(invocation) {
    const project = await invocation.project();
    const environment = chosen(invocation);
    await confirmed(invocation, `Replace the database of ${environment} by ${fileOf(invocation)}?`);
    return { exitCode: 0, data: await database.restore(project, environment, fileOf(invocation)) };
  },
});

export const dbUploadCommand = defineCommand<{ readonly name: string }>({
  name: "db upload",
  summary: "Copy a backup from the droplet to the environment's Space",
  description: "It is encrypted there with BACKUP_KEY, as the scheduled ones are.",
  arguments: [environmentArgument, fileArgument],
  view: ({ name }) => `In Spaces as backups/${name}.\n`,
  async run(invocation) {
    const project = await invocation.project();
    const name = await database.move(project, chosen(invocation), "upload", fileOf(invocation));
    return { exitCode: 0, data: { name } };
  },
});

export const dbDownloadCommand = defineCommand<{ readonly environment: string; readonly file: string }>({
  name: "db download",
  summary: "Copy a backup from the environment's Space to the droplet, for a restore",
  description:
    "doge db list --spaces names them. The scheduled ones are daily-0 to daily-6, weekly-0 to weekly-4, monthly-01 to\n" +
    "monthly-12 (.tar.enc).",
  arguments: [environmentArgument, { name: "file", help: "Its name in Spaces: daily-3.tar.enc" }],
  view: ({ environment, file }) =>
    `On the droplet as ${file}. Next: doge db restore ${environment} ${posix.basename(file)}\n`,
  async run(invocation) {
    const project = await invocation.project();
    const environment = chosen(invocation);
    const file = await database.move(project, environment, "download", fileOf(invocation));
    return { exitCode: 0, data: { environment, file } };
  },
});

export const dbCopyCommand = defineCommand<Awaited<ReturnType<typeof database.copy>>>({
  name: "db copy",
  summary: "Copy production's database into staging, without private data",
  description:
    "`backups.sanitize` names the SQL file that runs on the copy, on production's droplet: what it takes out never\n" +
    "leaves it. Staging's old database stays there, renamed.",
  flags: {
    yes: { type: "boolean", short: "y", help: "Don't ask" },
    unsanitised: { type: "boolean", help: "As it is: nothing in it is private" },
  },
  view: (copied) => `${renderProof(copied)}Staging's database before is now ${copied.before}.\n`,
  async run(invocation) {
    const project = await invocation.project();
    await confirmed(invocation, "Replace staging's database by a copy of production's?");
    return {
      exitCode: 0,
      data: await database.copy(project, { unsanitised: invocation.flags["unsanitised"] === true }),
    };
  },
});

export const dbPsqlCommand = defineCommand<never>({
  name: "db psql",
  summary: "PostgreSQL's own shell on an environment's database",
  arguments: [environmentArgument],
  async run(invocation) {
    const project = await invocation.project();
    const host = await connectEnvironment(project, chosen(invocation));
    try {
      const exitCode = await host.shell(
        { input: process.stdin, output: process.stdout, type: process.env["TERM"] ?? "xterm" },
        [`doge/${project.config.slug}/bin/db`, "psql"],
      );
      return { exitCode };
    } finally {
      await host.close();
    }
  },
});

async function confirmed({ flags, interactive }: Invocation, question: string): Promise<void> {
  if (flags["yes"]) return;
  if (!interactive) {
    fail({
      code: "unconfirmed",
      summary: "This replaces a database and was not confirmed",
      detail: question,
      remedy: "Add --yes.",
    });
  }
  if (!(await confirm(question)))
    fail({ code: "declined", summary: "Nothing was changed", remedy: "Say yes to go on." });
}
