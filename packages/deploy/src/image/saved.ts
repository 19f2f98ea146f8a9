import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { fail, type Machine } from "@doge/core";
import { digestOf } from "../registry/client.ts";
import type { Blob, ImageContent } from "../registry/content.ts";
import { type Descriptor, type Manifest, media } from "../registry/media.ts";

const compress = promisify(gzip);

interface SavedImage {
  readonly Config: string;
  readonly Layers: readonly string[];
}

/**
 * The image in an archive of `docker save`, ready to be sent: its layers compressed, the same layer always to the same
 * bytes, so that one that is on the droplet is not sent again. `folder` is where it is unpacked; the caller removes it.
 */
export async function readSaved(options: {
  readonly machine: Machine;
  readonly file: string;
  readonly folder: string;
  readonly tree: string;
  readonly onProgress?: (message: string) => void;
}): Promise<ImageContent> {
  const { machine, file, folder, tree, onProgress = () => {} } = options;
  const { files, processes } = machine;
  const unpack = 'mkdir -p "$2" && tar -xf "$1" -C "$2"';
  const { exitCode, stderr } = await processes.run({ argv: ["sh", "-c", unpack, "sh", file, folder] });
  const [saved] = JSON.parse((await files.read(join(folder, "manifest.json"))) ?? "[]") as readonly SavedImage[];
  const configuration = saved && (await files.readBytes(join(folder, saved.Config)));
  if (!saved || !configuration) {
    return fail({
      code: "image-unreadable",
      summary: "What the engine saved is no image",
      detail: exitCode === 0 ? "the archive has no manifest.json" : stderr.trim(),
      address: file,
      remedy: "Check the disk here, and the engine by hand: docker save IMAGE | tar -t.",
    });
  }
  const blobs: Blob[] = [];
  const layers: Descriptor[] = [];
  const packed = new Map<string, Descriptor>();
  for (const [i, name] of saved.Layers.entries()) {
    // The same layer may come twice.
    const before = packed.get(name);
    if (before) layers.push(before);
    else {
      onProgress(`compressing layer ${i + 1} of ${saved.Layers.length}`);
      const path = join(folder, `layer-${i}.tar.gz`);
      const layer = { mediaType: media.layer, ...(await pack(machine, join(folder, name), path)) };
      packed.set(name, layer);
      layers.push(layer);
      blobs.push({ ...layer, content: async () => (await files.readBytes(path)) ?? new Uint8Array() });
    }
  }
  const config = { mediaType: media.config, digest: digestOf(configuration), size: configuration.byteLength };
  blobs.push({ ...config, content: async () => configuration });
  const manifest = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: media.manifest, config, layers } satisfies Manifest),
  );
  return { digest: digestOf(manifest), tree, mediaType: media.manifest, manifest, blobs };
}

/** Engines save layers plain, or, with containerd's store, as they came. One at a time is in memory. */
async function pack(machine: Machine, from: string, to: string): Promise<{ digest: string; size: number }> {
  const bytes = (await machine.files.readBytes(from)) ?? new Uint8Array();
  const packed = bytes[0] === 0x1f && bytes[1] === 0x8b ? bytes : await compress(bytes, { level: 6 });
  await machine.files.write(to, packed);
  await machine.files.remove(from);
  return { digest: digestOf(packed), size: packed.byteLength };
}
