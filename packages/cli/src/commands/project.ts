import { hasErrors } from "@doge/core";
import { doctor, type Check, projectStatus, type ProjectStatus, up, type UpResult } from "@doge/workflow";
import { defineCommand } from "../command.ts";
import { deadlineFlag } from "../interrupt.ts";
import { renderChecks, renderStatus, renderUp } from "../views/project.ts";

export const doctorCommand = defineCommand<{ readonly checks: readonly Check[] }>({
  name: "doctor",
  summary: "Check tools, tokens, scopes, the domain and the env files",
  description: "Changes nothing. Each trouble comes with its remedy; exit code 1 where something must be mended.",
  view: ({ checks }) => renderChecks(checks),
  async run(invocation) {
    const checks = await doctor(await invocation.project());
    const failed = checks.some((c) => c.state === "failed");
    return { exitCode: failed ? 1 : 0, data: { checks }, diagnostics: checks.flatMap((c) => c.diagnostics) };
  },
});

export const upCommand = defineCommand<UpResult>({
  name: "up",
  summary: "From nothing to staging and production; goes on where it was interrupted",
  description:
    "meta, repository, base, dotenv, stage, prod, and the first deploys. Every step converges: what is there stays.",
  flags: { deadline: deadlineFlag },
  view: renderUp,
  async run(invocation) {
    return { exitCode: 0, data: await up(await invocation.project()) };
  },
});

export const statusCommand = defineCommand<ProjectStatus>({
  name: "status",
  summary: "What is where: workspaces, environments, releases",
  view: renderStatus,
  async run(invocation) {
    const data = await projectStatus(await invocation.project());
    const diagnostics = data.environments.flatMap((e) => ("trouble" in e ? e.trouble : e.findings));
    return { exitCode: hasErrors(diagnostics) ? 1 : 0, data, diagnostics };
  },
});
