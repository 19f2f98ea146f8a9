import { breakEnvironmentLease, environmentLease, personOf } from "@doge/workflow";
import { defineCommand } from "../command.ts";
import { renderLease } from "../views/lease.ts";
import { chosen, environmentArgument } from "./app.ts";

type Lease = Awaited<ReturnType<typeof environmentLease>>;

export const leaseShowCommand = defineCommand<Lease>({
  name: "lease show",
  summary: "Who deploys to an environment now, or did last",
  arguments: [environmentArgument],
  view: renderLease,
  async run(invocation) {
    return { exitCode: 0, data: await environmentLease(await invocation.project(), chosen(invocation)) };
  },
});

export const leaseBreakCommand = defineCommand<Lease>({
  name: "lease break",
  summary: "Take the lease of an environment away from whoever holds it",
  description:
    "A dead owner's lease ends by itself after 30 s. This ends one at once: the host refuses every further step of\n" +
    "its owner, and the next deploy takes up what it left.",
  arguments: [environmentArgument],
  view: (lease) => (lease.holder && !lease.holder.released ? `Broken: ${renderLease(lease)}` : "Nobody held it.\n"),
  async run(invocation) {
    const project = await invocation.project();
    return { exitCode: 0, data: await breakEnvironmentLease(project, chosen(invocation), await personOf(project)) };
  },
});
