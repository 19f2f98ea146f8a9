import { isSent } from "../registry/sent.ts";
import { storeOn } from "../registry/store.ts";
import { takeSent } from "../registry/take.ts";
import type { Deploying } from "./deploying.ts";
import type { DeployOptions, ReleaseImage, SentFigures } from "./model.ts";

/** An image that the droplet's engine has. */
interface Obtained {
  /** What it is for, `linux/amd64`. */
  readonly platform: string | undefined;
  /** Where it was sent. */
  readonly sent?: SentFigures;
}

/**
 * Sees to it that the droplet's engine has an image: from its registry, or, where there is none, from the droplet's own
 * store, into which what is missing is sent.
 */
export async function obtainImage(
  { host, containers, layout, walk, options }: Deploying,
  image: ReleaseImage,
  send?: DeployOptions["send"],
): Promise<Obtained> {
  if (!isSent(image.reference)) return { platform: await containers.pull(image.reference, options.registry) };
  const store = storeOn(host, layout.images, walk.say);
  const platform = await takeSent({
    host,
    containers,
    store,
    folder: layout.images,
    image,
    send: send && (() => send(store)),
    onProgress: walk.say,
  });
  const { bytes, blobs, present } = store.sent;
  return { platform, ...(blobs + present > 0 ? { sent: { bytes, blobs, present } } : {}) };
}
