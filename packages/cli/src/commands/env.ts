import { environmentNames, envDiff, type EnvDiff, envPush, type EnvPush, isEnvironment } from "@doge/workflow";
import { defineCommand } from "../command.ts";
import { renderEnvDiff, renderEnvPush } from "../views/env.ts";

export const envDiffCommand = defineCommand<EnvDiff>({
  name: "env diff",
  summary: "Compare the env files here with what the environments have: names of keys, never values",
  view: renderEnvDiff,
  async run(invocation) {
    return { exitCode: 0, data: await envDiff(await invocation.project()) };
  },
});

export const envPushCommand = defineCommand<EnvPush>({
  name: "env push",
  summary: "Give the env files here to the environments: dotenv, their secrets, and a new start of what runs there",
  description:
    "The release that serves is deployed again with them, without a dropped request; the commit here is not.",
  arguments: [
    { name: "environment", help: "stage or prod (default: both)", optional: true, choices: environmentNames },
  ],
  flags: {
    "no-deploy": {
      type: "boolean",
      help: "Only the secrets: the running app keeps its settings until the next deploy",
    },
  },
  view: renderEnvPush,
  async run(invocation) {
    const project = await invocation.project();
    const only = invocation.arguments["environment"];
    const targets = typeof only === "string" && isEnvironment(only) ? [only] : environmentNames;
    const deploy = !invocation.flags["no-deploy"];
    return { exitCode: 0, data: await envPush(project, targets, { deploy, message: "doge env push" }) };
  },
});
