import { ciCheck, ciDeploy, ciPlan, type CheckResult, type DeployResult } from "@doge/workflow";
import { defineCommand } from "../command.ts";
import { renderDeploy } from "../views/project.ts";

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
