import { parseReference } from "./reference.ts";

/** Stands where a registry's host would, in the names of images that were sent to a droplet: it never resolves (RFC 6761). */
export const sentHost = "droplet.invalid";

/** Whether an image was sent to the droplet, so that no registry has it. */
export const isSent = (reference: string): boolean => reference.startsWith(`${sentHost}/`);

/**
 * The name under which a container engine knows an image. Engines know a digest only of what they pulled: one that was sent
 * is tagged with its digest, and `takeSent` compares what is behind the tag before each use.
 */
export function engineName(reference: string): string {
  if (!isSent(reference)) return reference;
  const { host, repository, digest = "" } = parseReference(reference);
  return `${host}/${repository}:${digest.replace(":", "-")}`;
}
