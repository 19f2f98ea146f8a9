import { fail, warning } from "@doge/core";
import type { Host } from "../host/host.ts";
import type { Allowance, CommitOrder, DeployOptions, ReleaseImage, ReleaseRecord } from "./model.ts";

/** Refuses an image that is named by a tag: what is behind a tag changes. */
export function requireDigest(image: ReleaseImage, host: Host): void {
  if (image.reference.endsWith(`@${image.digest}`) && /^sha256:[0-9a-f]{64}$/.test(image.digest)) return;
  fail({
    code: "image-not-pinned",
    summary: "An image is deployed by its digest only",
    detail: image.reference,
    address: host.name,
    remedy: "Name it as registry/repository@sha256:….",
  });
}

/** Refuses an image for another processor than the host's: it would only say "exec format error". */
export function requirePlatform({ image }: DeployOptions, own: string | undefined, needed: string | undefined): void {
  if (!own || !needed || own === needed) return;
  fail({
    code: "image-platform",
    summary: "The image is for another processor than the droplet's",
    detail: `the image is for ${needed}, the droplet is ${own}`,
    address: image.reference,
    remedy: "Build it for the droplet (`docker build --platform`), or choose a base image (`app.base`) that has both.",
  });
}

const allows = (allowed: readonly Allowance[] | undefined, what: Allowance["what"]): boolean =>
  (allowed ?? []).some((allowance) => allowance.what === what);

/** Refuses a commit that is older than the live one: whoever was slow must not undo what is newer. */
export async function refuseOlder(options: DeployOptions, current: ReleaseRecord | undefined): Promise<void> {
  if (!current || !options.orderAfter || allows(options.allowed, "older-commit")) return;
  const order = await options.orderAfter(current.image.commit);
  const trouble = troubles[order];
  if (!trouble) return;
  const short = (commit: string): string => commit.slice(0, 7);
  fail({
    ...trouble,
    detail: `live is ${short(current.image.commit)} (release ${current.number}, ${current.finishedAt}, by ${current.owner}${current.runUrl ? `, ${current.runUrl}` : ""}); this is ${short(options.image.commit)}`,
    address: options.host.name,
  });
}

/**
 * Refuses an image that a rollback took back: nobody wants it again but by saying so. True where the environment is
 * to stay as it is instead.
 */
export function refuseTakenBack(options: DeployOptions, current: ReleaseRecord | undefined): boolean {
  const { image, takenBack = "refuse", allowed, host, target, emit } = options;
  if (!current?.takenBack?.includes(image.digest) || allows(allowed, "rolled-back")) return false;
  const trouble = {
    code: "release-rolled-back",
    summary: "This image was rolled back here",
    detail: `${image.digest.slice(0, 19)} of commit ${image.commit.slice(0, 7)}; release ${current.number} of commit ${current.image.commit.slice(0, 7)} serves since ${current.finishedAt}, by ${current.owner}`,
    address: host.name,
    remedy: `Merge a commit that mends or reverts it: another image is deployed as always. The same again: doge deploy ${target.environment} --force.`,
  };
  if (takenBack === "refuse") fail(trouble);
  emit({ type: "diagnostic", diagnostic: warning({ ...trouble, summary: "The environment stays rolled back" }) });
  return true;
}

const troubles: Readonly<Partial<Record<CommitOrder, { code: string; summary: string; remedy: string }>>> = {
  older: {
    code: "release-older",
    summary: "A newer commit is live already",
    remedy: "Nothing to do where the newer one contains this one. To go back on purpose: `doge rollback`, or --force.",
  },
  unknown: {
    code: "release-order-unknown",
    summary: "Whether the live commit is newer can't be told",
    remedy:
      "The live commit is not in this clone: run `git fetch`, in a job check out with fetch-depth: 0. Where history was rewritten: --force.",
  },
};
