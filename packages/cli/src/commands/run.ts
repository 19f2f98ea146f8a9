import { releaseCommand } from "@doge/deploy";
import { connectEnvironment } from "@doge/workflow";
import { defineCommand, type Invocation } from "../command.ts";
import { chosen, environmentArgument } from "./app.ts";

const commandArgument = { name: "command", help: "The command and its words", rest: "command" } as const;

async function runThere(invocation: Invocation, kind: "exec" | "run"): Promise<{ readonly exitCode: number }> {
  const project = await invocation.project();
  const words = (invocation.arguments["command"] ?? []) as readonly string[];
  const host = await connectEnvironment(project, chosen(invocation));
  try {
    const argv = await releaseCommand(host, project.config.slug, words, { kind });
    return await host.run({
      argv,
      onOutput: (chunk, stream) => (stream === "stdout" ? process.stdout : process.stderr).write(chunk),
      signal: invocation.signal,
    });
  } finally {
    await host.close();
  }
}

export const execCommand = defineCommand<never>({
  name: "exec",
  summary: "Run a command in the container that serves",
  arguments: [environmentArgument, commandArgument],
  examples: ["doge exec prod node src/migrate.ts --list"],
  run: async (invocation) => ({ exitCode: (await runThere(invocation, "exec")).exitCode }),
});

export const runCommand = defineCommand<never>({
  name: "run",
  summary: "Run a command once in a new container of the live release, with its settings",
  arguments: [environmentArgument, commandArgument],
  examples: ["doge run stage node src/report.ts"],
  run: async (invocation) => ({ exitCode: (await runThere(invocation, "run")).exitCode }),
});

export const consoleCommand = defineCommand<never>({
  name: "console",
  summary: "A shell, or another interactive program, in the container that serves",
  arguments: [environmentArgument, { ...commandArgument, help: "Program instead of a shell: node" }],
  examples: ["doge console stage node"],
  async run(invocation) {
    const project = await invocation.project();
    const given = (invocation.arguments["command"] ?? []) as readonly string[];
    const words = given.length > 0 ? given : ["sh"];
    const host = await connectEnvironment(project, chosen(invocation));
    try {
      const argv = await releaseCommand(host, project.config.slug, words, { kind: "exec", terminal: true });
      const terminal = { input: process.stdin, output: process.stdout, type: process.env["TERM"] ?? "xterm" };
      return { exitCode: await host.shell(terminal, argv) };
    } finally {
      await host.close();
    }
  },
});
