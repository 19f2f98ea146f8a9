import { environmentMaintenance } from "@doge/workflow";
import { defineCommand } from "../command.ts";
import { chosen, environmentArgument } from "./app.ts";

type Maintenance = Awaited<ReturnType<typeof environmentMaintenance>>;

export const maintenanceOnCommand = defineCommand<{ readonly maintenance: Maintenance }>({
  name: "maintenance on",
  summary: "Give visitors a maintenance page (503) instead of the app",
  description: "It stays through deploys and restarts, until it is turned off.",
  arguments: [environmentArgument],
  flags: { message: { type: "string", value: "TEXT", help: "What the page says" } },
  view: ({ maintenance }) => `Visitors read: ${maintenance?.message ?? ""}\nNext: doge maintenance off\n`,
  async run(invocation) {
    const given = invocation.flags["message"];
    const message =
      typeof given === "string" ? given : "We are working on the site. Please try again in a few minutes.";
    const project = await invocation.project();
    return { exitCode: 0, data: { maintenance: await environmentMaintenance(project, chosen(invocation), message) } };
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
