import { diagnosticsOf, fail, warning } from "@doge/core";
import { type ReleaseImage, resolveTag, tagImage } from "@doge/deploy";
import type { Project } from "../project.ts";
import type { EnvironmentName } from "../workspaces/names.ts";
import type { Droplets } from "./droplets.ts";
import { homeOf, ifMade } from "./home.ts";

/**
 * The tag that an image gets when it has stayed live: in the registry, and so wherever the image goes; or, without a
 * registry, in the store of the droplet that it was live on.
 */
const provenTag = (tree: string): string => `proven-${tree}`;

/** Production takes what has stayed live on staging, the same digest. Throws `image-unproven`. */
export async function requireProven(project: Project, droplets: Droplets, image: ReleaseImage): Promise<void> {
  const proven = await provenIn(project, droplets, "stage", image);
  if (proven === image.digest) return;
  // What has served production before may serve it again, also where staging is gone.
  const own = project.config.registry === "none" ? await provenIn(project, droplets, "prod", image) : undefined;
  if (own === image.digest) return;
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

async function provenIn(
  project: Project,
  droplets: Droplets,
  environment: EnvironmentName,
  { tree }: ReleaseImage,
): Promise<string | undefined> {
  const home = await ifMade(homeOf(project, droplets, environment));
  return home && resolveTag(home.registry, home.repository, provenTag(tree));
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
  droplets: Droplets,
  environment: EnvironmentName,
  image: Pick<ReleaseImage, "digest" | "tree" | "reference">,
): Promise<void> {
  const tag = provenTag(image.tree);
  try {
    const { registry, repository } = await homeOf(project, droplets, environment);
    if ((await resolveTag(registry, repository, tag)) === image.digest) return;
    if (await tagImage(registry, repository, image.digest, tag)) return;
    warn("the image is not there any more");
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
      summary: "That the image has been live could not be noted",
      detail,
      address: image.reference,
      remedy: `Deploy ${environment} again before production, or production will call the image unproven.`,
    });
    project.emit({ type: "diagnostic", diagnostic });
  }
}
