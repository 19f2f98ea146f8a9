import { fail } from "@doge/core";
import type { Containers } from "../containers/containers.ts";
import { docker } from "../containers/docker.ts";
import type { Host } from "../host/host.ts";
import { shellScript } from "../host/quote.ts";
import type { StoredManifest } from "./client.ts";
import { readManifest } from "./content.ts";
import { engineName } from "./sent.ts";
import { broken, type ImageStore } from "./store.ts";

/**
 * Makes an archive of blobs that are here, and lets the engine load it: no layer travels, and an engine with either kind of
 * store takes it. Every blob is compared with its name first; one that is not what it says is removed, and named.
 */
const load = `
  cd "$1"
  manifest=$2 index=$3; shift 3
  sum() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -c1-64; }
  for blob; do
    if [ ! -f "blobs/sha256/$blob" ]; then echo "$blob is not there" >&2; exit 48; fi
    if [ "$(sum < "blobs/sha256/$blob")" != "$blob" ]; then
      rm -f "blobs/sha256/$blob"; echo "$blob was altered on the droplet" >&2; exit 48
    fi
  done
  names=$(mktemp -d)
  trap 'rm -rf "$names"' EXIT
  printf '{"imageLayoutVersion":"1.0.0"}' > "$names/oci-layout"
  printf %s "$manifest" > "$names/manifest.json"
  printf %s "$index" > "$names/index.json"
  here=$PWD
  for blob; do shift; set -- "$@" "blobs/sha256/$blob"; done
  tar -cf - -C "$names" oci-layout index.json manifest.json -C "$here" "$@" | docker load --quiet >&2`;

const unusable = 48;

interface SentImage {
  readonly reference: string;
  readonly digest: string;
}

/**
 * Gives the engine an image that is in the droplet's store: a name by which it runs, and behind it just this content.
 * `send` puts the image into the store where it is neither there nor with the engine. Returns what it is for, `linux/amd64`.
 * Throws `image-incomplete`, `image-gone`, `containers-failed`.
 */
export async function takeSent(options: {
  readonly host: Host;
  readonly containers: Containers;
  readonly store: ImageStore;
  /** Of the store, on the host. */
  readonly folder: string;
  readonly image: SentImage;
  readonly send?: (() => Promise<unknown>) | undefined;
  readonly onProgress?: (message: string) => void;
}): Promise<string | undefined> {
  const { host, containers, store, folder, image, send, onProgress = () => {} } = options;
  const name = engineName(image.reference);
  const known = async (): Promise<Known> => {
    const [{ exitCode, stdout }, manifest] = await Promise.all([
      host.run({ argv: docker.imageIdentity(name) }),
      store.manifest("", image.digest),
    ]);
    const [id = "", platform] = exitCode === 0 ? stdout.trim().split(" ") : [];
    // Engines call an image by its configuration, or, with containerd's store, by its manifest.
    const config = manifest && readManifest(manifest.bytes).config.digest;
    const same = id !== "" && (id === image.digest || id === config);
    return { manifest, platform: same ? platform : undefined };
  };

  let seen = await known();
  if (seen.platform !== undefined) return seen.platform;
  if (send) {
    await send();
    seen = await known();
  }
  if (!seen.manifest) return gone(host.name, image);
  onProgress("unpacking it");
  const result = await host.run({ argv: loadArgv(folder, name, seen.manifest) });
  if (result.exitCode === unusable) broken(host.name, image.digest, result.stderr.trim());
  if (result.exitCode !== 0) containers.failed(["docker", "load"], result, `docker load of ${name}`);
  const after = await known();
  return after.platform ?? broken(host.name, image.digest, "the engine has something else under its name");
}

/** Both forms of an archive's list: Docker's own, and the OCI layout that containerd reads. */
export function loadArgv(
  folder: string,
  name: string,
  { digest, mediaType, bytes }: StoredManifest,
): readonly string[] {
  const { config, layers } = readManifest(bytes);
  const own = [
    { Config: blobName(config.digest), RepoTags: [name], Layers: layers.map((layer) => blobName(layer.digest)) },
  ];
  const annotations = { "io.containerd.image.name": name, "org.opencontainers.image.ref.name": name.split(":").at(-1) };
  const index = { schemaVersion: 2, manifests: [{ mediaType, digest, size: bytes.byteLength, annotations }] };
  const blobs = new Set([digest, config.digest, ...layers.map((layer) => layer.digest)].map(hexOf));
  return shellScript(load.trim(), folder, JSON.stringify(own), JSON.stringify(index), ...blobs);
}

interface Known {
  readonly manifest: StoredManifest | undefined;
  /** Where the engine has this very image. */
  readonly platform: string | undefined;
}

const hexOf = (digest: string): string => digest.replace("sha256:", "");
const blobName = (digest: string): string => `blobs/sha256/${hexOf(digest)}`;

function gone(address: string, { digest }: SentImage): never {
  fail({
    code: "image-gone",
    summary: "The image is not on the droplet any more",
    detail: `${digest.slice(0, 19)} is neither in its store nor with its engine, and no registry has it`,
    address,
    remedy: "Images of the last five releases are kept. Deploy the commit again: doge deploy ENVIRONMENT --ref COMMIT.",
  });
}
