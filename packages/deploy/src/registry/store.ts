import { fail } from "@doge/core";
import { diskFull, diskFullTrouble } from "../host/disk.ts";
import type { Host } from "../host/host.ts";
import { shellScript } from "../host/quote.ts";
import { digestOf, type Registry } from "./client.ts";
import { readManifest } from "./content.ts";
import { media } from "./media.ts";
import { sentHost } from "./sent.ts";

/** What was sent into a store since it was opened. */
export interface Sent {
  /** Bytes of blobs that went over the wire. */
  bytes: number;
  /** Blobs that were sent, or finished. */
  blobs: number;
  /** Blobs that were there. */
  present: number;
}

export interface ImageStore extends Registry {
  readonly sent: Readonly<Sent>;
  /** Whether an image is here with all that its manifest names. */
  whole(digest: string): Promise<boolean>;
}

/** Exit codes of `receive`: not all came; what came is not what was announced. */
const cutOff = 47;
const altered = 48;

const sum = `sum() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -c1-64; }`;

/** How much of a blob an earlier sender, who was cut off, has left. */
const offset = 'if [ -f "$1/incoming/$2" ]; then wc -c < "$1/incoming/$2"; else echo 0; fi';
const blockBytes = 65_536;

/**
 * Goes on behind what is there, from a block on: of two who send the same, both write the same to the same place. Only a
 * blob that is whole, and is what its digest says, gets its name. On a disk without room nothing is kept: the database has
 * more need of it.
 */
const receive = `
  ${sum}
  part="$1/incoming/$2" blob="$1/blobs/sha256/$2"
  # Somebody else was faster: whatever went wrong here, it is there.
  trap 'code=$?; if [ "$code" -ne 0 ] && [ -f "$blob" ]; then exit 0; fi' EXIT
  mkdir -p "$1/incoming" "$1/blobs/sha256"
  if ! dd of="$part" bs=${blockBytes} seek="$4" conv=notrunc 2>/dev/null; then
    full=$(df -Pk "$1" | awk 'NR == 2 { print ($4 < 256) }')
    rm -f "$part"
    if [ "$full" = 1 ]; then exit ${diskFull}; else exit 1; fi
  fi
  if [ -f "$blob" ]; then rm -f "$part"; exit 0; fi
  if [ "$(wc -c < "$part")" -lt "$3" ]; then exit ${cutOff}; fi
  if [ "$(sum < "$part")" != "$2" ]; then rm -f "$part"; exit ${altered}; fi
  sync "$part" 2>/dev/null || sync
  mv -f "$part" "$blob"`;

const hexOf = (digest: string): string => digest.replace("sha256:", "");
const isDigest = (text: string): boolean => /^sha256:[0-9a-f]{64}$/.test(text);

/**
 * The images of a droplet as a registry: a folder with a file for each blob, named by its sha256, and one for each tag. It
 * holds one repository, so that names of repositories don't matter. A blob that was cut off is sent from where it broke.
 */
export function storeOn(host: Host, folder: string, onProgress: (message: string) => void = () => {}): ImageStore {
  const blobPath = (digest: string): string => `${folder}/blobs/sha256/${hexOf(digest)}`;
  const sent = { bytes: 0, blobs: 0, present: 0 };
  const counted = new Set<string>();
  /** One blob after the other: each is whole the sooner. */
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work, work);
    turn = mine.catch(() => {});
    return mine;
  };

  async function send(digest: string, content: () => Promise<Uint8Array>, size: number | undefined): Promise<void> {
    const hex = hexOf(digest);
    const asked = await host.run({ argv: shellScript(offset, folder, hex) });
    // It may be in a registry, or on another droplet.
    if (size !== undefined && size > worthTelling) onProgress(`getting ${hex.slice(0, 12)}, ${megabytes(size)} MB`);
    const bytes = await content();
    const blocks = Math.floor(Math.min(Number(asked.stdout) || 0, bytes.byteLength) / blockBytes);
    const there = blocks * blockBytes;
    const report = progressOf(hex, there, bytes.byteLength, onProgress);
    const { exitCode, stderr } = await host.run({
      argv: shellScript(receive.trim(), folder, hex, String(bytes.byteLength), String(blocks)),
      stdin: bytes.subarray(there),
      onSent: (count) => {
        sent.bytes += count;
        report(count);
      },
    });
    if (exitCode === 0) sent.blobs += 1;
    else if (exitCode === diskFull) fail(diskFullTrouble(host.name, `image ${hex.slice(0, 12)}: ${stderr.trim()}`));
    else broken(host.name, digest, exitCode === altered ? "it arrived altered" : stderr.trim() || `exit ${exitCode}`);
  }

  /** The first of what a manifest names that is not here, in hexadecimal. */
  async function missingOf(manifest: Uint8Array): Promise<string | undefined> {
    const { config, layers } = readManifest(manifest);
    const { stdout } = await host.run({
      argv: shellScript(
        'folder=$1; shift; for blob; do [ -f "$folder/blobs/sha256/$blob" ] || echo "$blob"; done',
        folder,
        ...[config, ...layers].map(({ digest }) => hexOf(digest)),
      ),
    });
    return stdout.split("\n")[0] || undefined;
  }

  const store: ImageStore = {
    url: `https://${sentHost}`,
    sent,

    async whole(digest) {
      const manifest = await store.manifest("", digest);
      return manifest !== undefined && (await missingOf(manifest.bytes)) === undefined;
    },

    async manifest(repository, reference) {
      const digest = await store.resolve(repository, reference);
      if (digest === undefined) return undefined;
      const text = await host.readFile(blobPath(digest));
      if (text === undefined) return undefined;
      const bytes = Buffer.from(text);
      if (digestOf(bytes) !== digest) broken(host.name, digest, "it was altered on the droplet");
      return { digest, mediaType: readManifest(bytes).mediaType ?? media.manifest, bytes };
    },

    async resolve(_, reference) {
      if (!isDigest(reference)) return (await host.readFile(`${folder}/tags/${reference}`))?.trim();
      return (await store.hasBlob("", reference)) ? reference : undefined;
    },

    hasBlob: async (_, digest) => (await host.run({ argv: ["test", "-f", blobPath(digest)] })).exitCode === 0,

    async blob(_, digest) {
      const chunks: Uint8Array[] = [];
      const { exitCode } = await host.run({
        argv: ["cat", blobPath(digest)],
        onBytes: (chunk) => chunks.push(chunk),
      });
      if (exitCode !== 0) broken(host.name, digest, "it is not there");
      const bytes = Buffer.concat(chunks);
      if (digestOf(bytes) !== digest) broken(host.name, digest, "it was altered on the droplet");
      return bytes;
    },

    async putBlob(repository, { digest, content, size }) {
      if (await store.hasBlob(repository, digest)) {
        if (!counted.has(digest)) sent.present += 1;
        counted.add(digest);
        return "present";
      }
      counted.add(digest);
      await inTurn(() => send(digest, content, size));
      return "uploaded";
    },

    async putManifest(_, reference, mediaType, bytes) {
      const digest = digestOf(bytes);
      const missing = await missingOf(bytes);
      if (missing)
        broken(host.name, `sha256:${missing}`, `${mediaType} ${digest.slice(0, 19)} names it, and it is not there`);
      await host.writeFiles(folder, [
        { path: `blobs/sha256/${hexOf(digest)}`, content: Buffer.from(bytes).toString("utf8") },
        ...(isDigest(reference) ? [] : [{ path: `tags/${reference}`, content: `${digest}\n` }]),
      ]);
      return digest;
    },
  };
  return store;
}

/** Bytes that are on their way for long enough that somebody would wonder. */
const worthTelling = 1e6;

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

/** Says how far a blob is, at most once in a second. */
function progressOf(
  hex: string,
  there: number,
  whole: number,
  say: (message: string) => void,
): (count: number) => void {
  const name = hex.slice(0, 12);
  let done = there;
  let said = 0;
  if (there > 0) say(`${name}: ${megabytes(there)} of ${megabytes(whole)} MB are there already`);
  return (count) => {
    done += count;
    const now = performance.now();
    if (whole < worthTelling || (now - said < 1_000 && done < whole)) return;
    said = now;
    say(`sending ${name}: ${megabytes(done)} of ${megabytes(whole)} MB`);
  };
}

export function broken(address: string, digest: string, detail: string): never {
  fail({
    code: "image-incomplete",
    summary: "A part of the image is not on the droplet as it should be",
    detail: `${digest.slice(0, 19)}: ${detail}`,
    address,
    remedy: "Run this again: what is missing or broken is sent anew.",
  });
}
