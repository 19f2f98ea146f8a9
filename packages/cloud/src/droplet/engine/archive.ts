import { mkdir, readFile, rm } from "node:fs/promises";
import { createReadStream } from "node:fs";
import { PassThrough, type Readable } from "node:stream";
import type { Blobs } from "./blobs.ts";
import { applyLayer, layerType, resolveInside } from "./layers.ts";
import { DockerError } from "./model.ts";

/** One image of an archive, its content already among the blobs. */
export interface LoadedImage {
  readonly tags: readonly string[];
  /** Digest of the configuration: the image's id. */
  readonly config: string;
  readonly layers: readonly string[];
}

interface Descriptor {
  readonly digest: string;
  readonly mediaType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: { readonly architecture?: string };
}

/** Reads what `docker save` or an OCI layout puts into a tar; `scratch` is made and removed. */
export async function readArchive(archive: Readable, blobs: Blobs, scratch: string): Promise<readonly LoadedImage[]> {
  await mkdir(scratch, { recursive: true });
  try {
    const { type, stream } = await peek(archive);
    await applyLayer(stream, type, scratch);
    const manifest = await json<
      readonly { Config: string; RepoTags?: readonly string[] | null; Layers: readonly string[] }[]
    >(scratch, "manifest.json");
    if (manifest) {
      return await Promise.all(
        manifest.map(async (entry) => ({
          tags: entry.RepoTags ?? [],
          config: await take(scratch, entry.Config, blobs),
          layers: await Promise.all(entry.Layers.map((layer) => take(scratch, layer, blobs))),
        })),
      );
    }
    const index = await json<{ manifests: readonly Descriptor[] }>(scratch, "index.json");
    if (!index) throw new DockerError("invalid tar header: the archive holds neither manifest.json nor index.json");
    return await Promise.all(index.manifests.map((entry) => ociImage(scratch, entry, blobs)));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function ociImage(scratch: string, entry: Descriptor, blobs: Blobs): Promise<LoadedImage> {
  const document = await json<{
    manifests?: readonly Descriptor[];
    config?: Descriptor;
    layers?: readonly Descriptor[];
  }>(scratch, blobName(entry.digest));
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const inner = document?.manifests?.find((m) => m.platform?.architecture === architecture);
  if (inner) return ociImage(scratch, { ...inner, annotations: entry.annotations ?? {} }, blobs);
  if (!document?.config || !document.layers) throw new DockerError(`the archive lacks the manifest ${entry.digest}`);
  const name =
    entry.annotations?.["io.containerd.image.name"] ?? entry.annotations?.["org.opencontainers.image.ref.name"];
  return {
    tags: name ? [name] : [],
    config: await take(scratch, blobName(document.config.digest), blobs, document.config.digest),
    layers: await Promise.all(
      document.layers.map((layer) => take(scratch, blobName(layer.digest), blobs, layer.digest)),
    ),
  };
}

const blobName = (digest: string): string => `blobs/${digest.replace(":", "/")}`;

async function take(scratch: string, name: string, blobs: Blobs, expected?: string): Promise<string> {
  const path = await resolveInside(scratch, name);
  if (!path) throw new DockerError(`the archive lacks ${name}`);
  return blobs.write(createReadStream(path), expected);
}

async function json<T>(scratch: string, name: string): Promise<T | undefined> {
  const path = await resolveInside(scratch, name);
  return path === undefined ? undefined : (JSON.parse(await readFile(path, "utf8")) as T);
}

/** The archive's compression by its first chunk, which is put back. */
async function peek(archive: Readable): Promise<{ type: string; stream: Readable }> {
  const stream = new PassThrough();
  const first = await new Promise<Buffer>((resolve, reject) => {
    archive.once("error", reject);
    archive.once("end", () => reject(new DockerError("requested load from stdin, but stdin is empty")));
    archive.once("data", (chunk: Buffer) => {
      archive.pause();
      resolve(chunk);
    });
  });
  stream.write(first);
  archive.on("error", (thrown) => stream.destroy(thrown));
  archive.pipe(stream);
  return { type: layerType(first), stream };
}
