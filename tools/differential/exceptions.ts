/** Where we do not do as terraform does, on purpose. Each has its reason; whatever else differs fails. */
import type { Step } from "./case.ts";
import type { Applied } from "./engine.ts";

interface Exception {
  readonly name: string;
  readonly why: string;
  applies(step: Step, ours: Applied, theirs: Applied): boolean;
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
];

export const excused = (step: Step, ours: Applied, theirs: Applied): boolean =>
  exceptions.some((one) => one.applies(step, ours, theirs));
