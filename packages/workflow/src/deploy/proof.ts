import { diagnosticsOf, fail, warning } from "@doge/core";
import { type ReleaseImage, resolveTag, tagImage } from "@doge/deploy";
import type { Project } from "../project.ts";
import type { EnvironmentName } from "../workspaces/names.ts";
import { registryOf } from "./image.ts";

/** The tag that an image gets when it has stayed live: the proof travels with the image, not with a droplet. */
const provenTag = (tree: string): string => `proven-${tree}`;

/** Production takes what has stayed live on staging, the same digest. Throws `image-unproven`. */
export async function requireProven(project: Project, image: ReleaseImage): Promise<void> {
  const { registry, repository } = registryOf(project);
  const proven = await resolveTag(registry, repository, provenTag(image.tree));
  if (proven === image.digest) return;
  fail({
    code: "image-unproven",
    summary: "This image has not been live on staging",
    detail: proven
      ? `staging ran ${proven.slice(0, 19)} of tree ${image.tree.slice(0, 12)}, this is ${image.digest.slice(0, 19)}`
      : `no release of tree ${image.tree.slice(0, 12)} has stayed live on staging`,
    address: image.reference,
    remedy:
      "Merge it into stage first and let its deploy pass. In an emergency: doge deploy prod --unproven; the record says who did.",
  });
}

/** The deploy that was to prove the image failed; what went wrong is said there. */
export const proofFailed = (): never =>
  fail({
    code: "proof-failed",
    summary: "Production is left as it is",
    detail: "the deploy to staging, which was to prove the image, failed",
    remedy: "Mend what the deploy to staging says, and run this again.",
  });

/** Notes that an image has stayed live. A failure is a warning: the release itself is live. */
export async function markProven(
  project: Project,
  environment: EnvironmentName,
  image: Pick<ReleaseImage, "digest" | "tree" | "reference">,
): Promise<void> {
  const { registry, repository } = registryOf(project);
  const tag = provenTag(image.tree);
  try {
    if ((await resolveTag(registry, repository, tag)) === image.digest) return;
    if (await tagImage(registry, repository, image.digest, tag)) return;
    warn("the registry does not have the image any more");
  } catch (thrown) {
    warn(
      diagnosticsOf(thrown)
        .map(({ summary, detail }) => `${summary}: ${detail}`)
        .join("; "),
    );
  }

  function warn(detail: string): void {
    const diagnostic = warning({
      code: "image-not-marked",
      summary: "That the image has been live could not be noted in the registry",
      detail,
      address: image.reference,
      remedy: `Deploy ${environment} again before production, or production will call the image unproven.`,
    });
    project.emit({ type: "diagnostic", diagnostic });
  }
}
