import { fail } from "@doge/core";
import { environmentMaintenance, type EnvironmentName } from "@doge/workflow";
import { millisecondsOf } from "../arguments.ts";
import { defineCommand } from "../command.ts";
import { chosen, environmentArgument } from "./app.ts";

/** Browsers and people give up long before. */
const mostHoldSeconds = 300;

function holdOf(flag: unknown): { readonly holdSeconds?: number } {
  if (typeof flag !== "string") return {};
  const holdSeconds = Math.ceil((millisecondsOf(flag) ?? 0) / 1_000);
  if (holdSeconds >= 1 && holdSeconds <= mostHoldSeconds) return { holdSeconds };
  return fail({
    code: "usage",
    summary: "Requests wait for a second at least and for five minutes at most",
    detail: `--hold ${flag}`,
    remedy: "Such as --hold 30s, or --hold 2m.",
  });
}

type Maintenance = Awaited<ReturnType<typeof environmentMaintenance>>;

export const maintenanceOnCommand = defineCommand<{
  readonly environment: EnvironmentName;
  readonly maintenance: Maintenance;
}>({
  name: "maintenance on",
  summary: "Give visitors a maintenance page (503) instead of the app, or let them wait",
  description:
    "It stays through deploys and restarts, until it is turned off. With --hold requests wait, uploads and forms too, and are answered when it is turned off; who has waited so long gets the page. For a short time in which nothing may be written, as a restore.",
  arguments: [environmentArgument],
  flags: {
    message: { type: "string", value: "TEXT", help: "What the page says" },
    hold: {
      type: "string",
      value: "DURATION",
      duration: true,
      help: "Let each request wait for the end of it, so long at most: 30s, 2m; up to 5m",
    },
  },
  view: ({ environment, maintenance }) =>
    `${maintenance?.holdSeconds === undefined ? "Visitors read" : `Requests wait, ${maintenance.holdSeconds} s at most; then visitors read`}: ${maintenance?.message ?? ""}\nNext: doge maintenance off ${environment}\n`,
  async run(invocation) {
    const given = invocation.flags["message"];
    const message =
      typeof given === "string" ? given : "We are working on the site. Please try again in a few minutes.";
    const project = await invocation.project();
    const page = { message, ...holdOf(invocation.flags["hold"]) };
    const environment = chosen(invocation);
    return {
      exitCode: 0,
      data: { environment, maintenance: await environmentMaintenance(project, environment, page) },
    };
  },
});

export const maintenanceOffCommand = defineCommand<{ readonly maintenance: Maintenance }>({
  name: "maintenance off",
  summary: "Give visitors the app again",
  arguments: [environmentArgument],
  view: () => "Visitors get the app again.\n",
  async run(invocation) {
    const project = await invocation.project();
    return { exitCode: 0, data: { maintenance: await environmentMaintenance(project, chosen(invocation), undefined) } };
  },
});
