import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Files } from "@doge/core";

/** A place for a few small files that can be replaced only by who knows what is there: compare and swap. */
export interface VersionedFiles {
  /** For people: a folder, `bucket/prefix`. */
  readonly place: string;
  read(name: string): Promise<VersionedFile | undefined>;
  /**
   * Writes where the file still has the version `over`, or where there is none if `over` is undefined. Returns the new
   * version; undefined where somebody else was first.
   */
  write(name: string, text: string, over: string | undefined): Promise<string | undefined>;
}

export interface VersionedFile {
  readonly text: string;
  readonly version: string;
}

/** Files in a folder of this machine, readable by their owner only. */
export function folderFiles(files: Files, folder: string): VersionedFiles {
  const versionOf = (text: string): string => createHash("sha256").update(text).digest("hex");
  const read = async (name: string): Promise<VersionedFile | undefined> => {
    const text = await files.read(join(folder, name));
    return text === undefined || text === "" ? undefined : { text, version: versionOf(text) };
  };
  return {
    place: folder,
    read,
    write: (name, text, over) =>
      files.exclusive(join(folder, name), async () => {
        if ((await read(name))?.version !== over) return undefined;
        await files.write(join(folder, name), text, { mode: 0o600 });
        return versionOf(text);
      }),
  };
}
