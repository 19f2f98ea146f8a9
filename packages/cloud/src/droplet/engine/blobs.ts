import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { layerType } from "./layers.ts";
import { daemonError } from "./model.ts";

/** Content by digest. What does not match its digest is never seen under it. */
export class Blobs {
  readonly #folder: string;
  #writes = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  path(digest: string): string {
    return join(this.#folder, digest.replace(":", "-"));
  }

  async has(digest: string): Promise<boolean> {
    return stat(this.path(digest)).then(
      () => true,
      () => false,
    );
  }

  read(digest: string): Readable {
    return createReadStream(this.path(digest));
  }

  async text(digest: string): Promise<string> {
    return readFile(this.path(digest), "utf8");
  }

  async size(digest: string): Promise<number> {
    return (await stat(this.path(digest))).size;
  }

  /** `tar`, `tar+gzip` or `tar+zstd`. */
  async compression(digest: string): Promise<string> {
    const file = await open(this.path(digest));
    try {
      const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
      return layerType(buffer);
    } finally {
      await file.close();
    }
  }

  async remove(digest: string): Promise<void> {
    await rm(this.path(digest), { force: true });
  }

  /** Stores a stream; returns its digest. With `expected`, anything else is refused. */
  async write(content: Readable | ReadableStream<Uint8Array>, expected?: string): Promise<string> {
    await mkdir(this.#folder, { recursive: true });
    const beside = join(this.#folder, `.incoming-${process.pid}-${++this.#writes}`);
    const hash = createHash("sha256");
    const measure = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        done(null, chunk);
      },
    });
    try {
      await pipeline(content, measure, createWriteStream(beside));
      const digest = `sha256:${hash.digest("hex")}`;
      if (expected !== undefined && digest !== expected) {
        throw daemonError(`filesystem layer verification failed for digest ${expected}`);
      }
      await rename(beside, this.path(digest));
      return digest;
    } catch (thrown) {
      await rm(beside, { force: true });
      throw thrown;
    }
  }
}
