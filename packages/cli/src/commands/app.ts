import { DogeError, error } from "@doge/core";
import {
  connectEnvironment,
  deployEnvironment,
  type DeployResult,
  environmentLogs,
  environmentNames,
  type EnvironmentName,
  isEnvironment,
  personOf,
  prepareImage,
  rollbackEnvironment,
  withDroplets,
} from "@doge/workflow";
import { type ArgumentSpec, defineCommand, type Invocation } from "../command.ts";
import { confirm } from "../terminal/ask.ts";
import { renderDeploy } from "../views/project.ts";

export const environmentArgument: ArgumentSpec = {
  name: "environment",
  help: environmentNames.join(", "),
  choices: environmentNames,
};

export const chosen = ({ arguments: given }: Invocation): EnvironmentName => {
  const name = given["environment"] as string;
  if (!isEnvironment(name))
    throw new DogeError([error({ code: "usage", summary: "Unknown environment", detail: name })]);
  return name;
};

export const deployCommand = defineCommand<DeployResult>({
  name: "deploy",
  summary: "Deploy a commit to an environment from this machine",
  description:
    "The way of every day is a merge: the deploy workflow does the same. Committed content only; production takes\n" +
    "the image of a tree that ran on staging as it is.",
  arguments: [environmentArgument],
  flags: {
    ref: { type: "string", value: "REF", help: "Commit or branch to deploy (default: HEAD)" },
    force: {
      type: "boolean",
      help: "Also over a newer commit, and what was rolled back; the record says who told it",
    },
    unproven: { type: "boolean", help: "Production without staging first; the record says who told it" },
  },
  view: renderDeploy,
  async run(invocation) {
    const project = await invocation.project();
    const ref = typeof invocation.flags["ref"] === "string" ? invocation.flags["ref"] : "HEAD";
    const { flags } = invocation;
    const allow = [
      ...(flags["force"] ? (["older-commit", "rolled-back"] as const) : []),
      ...(flags["unproven"] ? (["unproven-image"] as const) : []),
    ];
    const owner = await personOf(project);
    const environment = chosen(invocation);
    const data = await withDroplets(project, async (droplets) => {
      const unproven = flags["unproven"] === true;
      const image = await prepareImage(project, { ref, environment, droplets, unproven });
      return deployEnvironment(project, droplets, environment, { image, owner, allow });
    });
    return { exitCode: 0, data };
  },
});

export const rollbackCommand = defineCommand<DeployResult>({
  name: "rollback",
  summary: "Let an earlier release serve again, without a rebuild",
  description:
    "Its image and its settings, with today's env files; the database stays as it is. The environment stays rolled back\n" +
    "in doge up, until another commit is deployed.",
  arguments: [
    environmentArgument,
    { name: "release", help: "Number of the release (default: the one before)", optional: true, integer: true },
  ],
  flags: { yes: { type: "boolean", short: "y", help: "Also where migrations stand between: they stay" } },
  view: renderDeploy,
  async run(invocation) {
    const wanted = invocation.arguments["release"];
    const to = typeof wanted === "string" ? Number(wanted) : undefined;
    const project = await invocation.project();
    const owner = await personOf(project);
    return {
      exitCode: 0,
      data: await rollbackEnvironment(project, chosen(invocation), {
        owner,
        confirm: async (migrations) =>
          invocation.flags["yes"] === true ||
          (invocation.interactive &&
            (await confirm(
              `${migrations.join(", ")} ${migrations.length === 1 ? "stays" : "stay"} in the database. Does the earlier release run on it?`,
            ))),
        ...(to === undefined ? {} : { to }),
      }),
    };
  },
});

export const logsCommand = defineCommand<{ readonly lines: readonly string[] }>({
  name: "logs",
  summary: "Show the logs of the app, or of another service, on an environment",
  arguments: [environmentArgument],
  flags: {
    service: { type: "string", value: "NAME", help: "app (default), postgres, caddy or a service of your own" },
    follow: { type: "boolean", short: "f", help: "Go on as new lines come" },
    tail: { type: "string", integer: true, value: "N", help: "Last lines to begin with (default: 100)" },
  },
  view: () => "",
  async run(invocation) {
    const { flags } = invocation;
    const lines: string[] = [];
    await environmentLogs(await invocation.project(), chosen(invocation), {
      service: typeof flags["service"] === "string" ? flags["service"] : "app",
      follow: flags["follow"] === true,
      tail: Number(flags["tail"] ?? 100),
      onLine: (line) => {
        if (invocation.json) lines.push(line);
        else process.stdout.write(`${line}\n`);
      },
    });
    return { exitCode: 0, data: { lines } };
  },
});

export const sshCommand = defineCommand<never>({
  name: "ssh",
  summary: "Log in to a droplet, or run a command there",
  description: "The host key is pinned: it was made before the droplet was.",
  arguments: [environmentArgument, { name: "command", help: "Command to run instead of a shell", rest: "command" }],
  examples: ["doge ssh stage", "doge ssh prod docker ps"],
  async run(invocation) {
    const words = (invocation.arguments["command"] ?? []) as readonly string[];
    const host = await connectEnvironment(await invocation.project(), chosen(invocation));
    try {
      if (words.length === 0) {
        const exitCode = await host.shell({
          input: process.stdin,
          output: process.stdout,
          type: process.env["TERM"] ?? "xterm",
        });
        return { exitCode };
      }
      const { exitCode } = await host.run({
        // As ssh does: the words are one line for the shell there.
        argv: ["sh", "-c", words.join(" ")],
        onOutput: (chunk, stream) => (stream === "stdout" ? process.stdout : process.stderr).write(chunk),
        signal: invocation.signal,
      });
      return { exitCode };
    } finally {
      await host.close();
    }
  },
});
