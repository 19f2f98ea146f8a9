import {
  ciCheck,
  ciDeploy,
  ciPlan,
  ciWatch,
  isAlarm,
  type CheckResult,
  type DeployResult,
  type WatchResult,
} from "@doge/workflow";
import { defineCommand } from "../command.ts";
import { renderDeploy, renderWatch } from "../views/project.ts";
import { chosen, environmentArgument } from "./app.ts";

/** Commands of the workflow files: thin workflows, everything else here, where it can be run and tested. */
export const ciCheckCommand = defineCommand<CheckResult>({
  name: "ci check",
  summary: "Run the project's checks: lint, build and test scripts, or what ci.checks says (the ci workflow)",
  view: ({ ran }) => `Passed: ${ran.join(", ")}.\n`,
  async run(invocation) {
    return { exitCode: 0, data: await ciCheck(await invocation.project()) };
  },
});

export const ciPlanCommand = defineCommand<{ readonly summary: string }>({
  name: "ci plan",
  summary: "Build the image, plan the infrastructure, comment on the pull request (the plan workflow)",
  view: ({ summary }) => `${summary}\n`,
  async run(invocation) {
    return { exitCode: 0, data: await ciPlan(await invocation.project()) };
  },
});

export const ciDeployCommand = defineCommand<DeployResult>({
  name: "ci deploy",
  summary: "Apply the infrastructure and deploy the commit (the deploy workflow)",
  view: renderDeploy,
  async run(invocation) {
    return { exitCode: 0, data: await ciDeploy(await invocation.project()) };
  },
});

export const ciWatchCommand = defineCommand<WatchResult>({
  name: "ci watch",
  summary: "Look for drift and trouble in an environment; tell it in an issue (the watch workflow)",
  description:
    "Plans the workspace and looks at release, certificate, disk and backups. Exit code 1 where something is wrong;\n" +
    "then an issue with the label doge says what, and is closed when all is well.",
  arguments: [environmentArgument],
  view: renderWatch,
  async run(invocation) {
    const data = await ciWatch(await invocation.project(), chosen(invocation));
    return { exitCode: isAlarm(data) ? 1 : 0, data, diagnostics: data.findings };
  },
});
