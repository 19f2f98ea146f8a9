import {
  convergeWorkspace,
  deployEnvironment,
  environmentNames,
  envDiff,
  type EnvDiff,
  isEnvironment,
  liveImage,
  prepareImage,
} from "@doge/workflow";
import { defineCommand } from "../command.ts";

export const envDiffCommand = defineCommand<EnvDiff>({
  name: "env diff",
  summary: "Compare the env files here with what the environments were given: names only, never values",
  view: ({ files }) =>
    files.length === 0
      ? "No env files.\n"
      : `${files.map((f) => `${f.state.padEnd(8)} ${f.environment.padEnd(6)} ${f.name}`).join("\n")}\n`,
  async run(invocation) {
    return { exitCode: 0, data: await envDiff(await invocation.project()) };
  },
});

export const envPushCommand = defineCommand<{ readonly pushed: readonly string[] }>({
  name: "env push",
  summary: "Give the env files here to the environments: dotenv, their secrets, and a restart of the app",
  arguments: [
    { name: "environment", help: "stage or prod (default: both)", optional: true, choices: environmentNames },
  ],
  flags: {
    "no-deploy": {
      type: "boolean",
      help: "Only the secrets: the running app keeps its settings until the next deploy",
    },
  },
  view: ({ pushed }) => `Pushed to ${pushed.join(" and ")}.\n`,
  async run(invocation) {
    const project = await invocation.project();
    const only = invocation.arguments["environment"];
    const targets = typeof only === "string" && isEnvironment(only) ? [only] : environmentNames;
    await convergeWorkspace(project, "dotenv", { message: "doge env push" });
    for (const target of targets) await convergeWorkspace(project, target, { message: "doge env push" });
    if (!invocation.flags["no-deploy"]) {
      for (const target of targets) {
        // What runs there gets the new settings; where nothing runs yet, the commit here.
        const image = (await liveImage(project, target)) ?? (await prepareImage(project, { ref: "HEAD" }));
        await deployEnvironment(project, target, { image, owner: project.config.github.owner });
      }
    }
    return { exitCode: 0, data: { pushed: [...targets] } };
  },
});
