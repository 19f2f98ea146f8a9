/** Where we do not do as terraform does, on purpose. Each has its reason; whatever else differs fails. */
import type { Step } from "./case.ts";
import type { Applied, Planned } from "./engine.ts";

interface Exception {
  readonly name: string;
  readonly why: string;
  applies(step: Step, ours: Applied, theirs: Applied & Pick<Planned, "json">): boolean;
}

export const exceptions: readonly Exception[] = [
  {
    name: "circles that are none",
    why: "Terraform finds a circle in some replacements (create_before_destroy between instances) where there is none.",
    applies: (_, ours, theirs) => ours.ok && theirs.said.includes("Error: Cycle: "),
  },
  {
    name: "a destroy that needs no evaluation",
    why: "Terraform can't destroy what a configuration made that it can't evaluate any more; we take the state's word.",
    applies: (step, ours, theirs) =>
      step.mode === "destroy" && ours.ok && !theirs.ok && !theirs.said.includes("The vendor refused"),
  },
  {
    name: "what a removed block says to keep",
    why: "Terraform destroys what a removed block tells it to leave alone, when all else is destroyed too; we leave it.",
    applies: (step, ours) =>
      step.mode === "destroy" &&
      ours.ok &&
      Object.values(step.files).some((text) => /\bdestroy"?( =|:) false/.test(text)),
  },
  {
    name: "triggers without instances",
    why: "Terraform stops where replace_triggered_by names a resource that has no instance; to us nothing triggers then.",
    applies: (_, ours, theirs) => ours.ok && /^(Error: no change found for .*\s*)+$/m.test(theirs.said),
  },
  {
    name: "secrets of a replacement",
    why: "Terraform forgets that an ignored argument is secret by now when it makes the object anew; we refuse to show it.",
    applies: (_, ours, theirs) =>
      theirs.ok &&
      replaces(theirs) &&
      /^(error output\.\S+ Output refers to sensitive values: .*\n?)+$/.test(ours.said),
  },
];

const replaces = ({ json }: Pick<Planned, "json">): boolean =>
  ((json?.["resource_changes"] ?? []) as readonly { change: { actions: readonly string[] } }[]).some(
    ({ change }) => change.actions.length > 1,
  );

/**
 * With a target terraform plans all instances of what the target depends on, but then makes those alone that something
 * refers to by their key. We carry out what we planned.
 */
export function leavesWorkUndone({ targets }: Step, planned: Planned, { said }: Applied): boolean {
  const done = /Resources: (\d+) added, (\d+) changed, (\d+) destroyed/.exec(said)?.slice(1).map(Number);
  if (targets === undefined || done === undefined) return false;
  const changes = (planned.json?.["resource_changes"] ?? []) as readonly { change: { actions: readonly string[] } }[];
  const count = (action: string): number => changes.filter(({ change }) => change.actions.includes(action)).length;
  return ["create", "update", "delete"].some((action, i) => count(action) > (done[i] ?? 0));
}

export const excused = (step: Step, ours: Applied, theirs: Applied & Pick<Planned, "json">): boolean =>
  exceptions.some((one) => one.applies(step, ours, theirs));
