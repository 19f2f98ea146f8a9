import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { once } from "../once.ts";

/** Files that people upload, by key (`pictures/<random>.png`). */
export interface Storage {
  put(key: string, bytes: Uint8Array<ArrayBuffer>, type: string): Promise<void>;
  get(key: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Nothing happens where it isn't there. */
  remove(key: string): Promise<void>;
}

export const openStorage = (url: string): Storage =>
  url.startsWith("folder:") ? folderStorage(url.slice("folder:".length)) : s3Storage(url);

function folderStorage(folder: string): Storage {
  return {
    async put(key, bytes) {
      const path = join(folder, key);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(`${path}.new`, bytes);
      await rename(`${path}.new`, path);
    },
    async get(key) {
      try {
        return new Uint8Array(await readFile(join(folder, key)));
      } catch (thrown) {
        if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw thrown;
      }
    },
    remove: (key) => rm(join(folder, key), { force: true }),
  };
}

/** Spaces, or anything else that speaks S3: `s3://KEY:SECRET@fra1.digitaloceanspaces.com/bucket`. */
function s3Storage(url: string): Storage {
  const { protocol, username, password, host, pathname } = new URL(url);
  const base = `${protocol === "s3+http:" ? "http" : "https"}://${host}${pathname.replace(/\/$/, "")}`;
  const client = once(async () => {
    const { AwsClient } = await import("aws4fetch");
    return new AwsClient({
      accessKeyId: decodeURIComponent(username),
      secretAccessKey: decodeURIComponent(password),
      service: "s3",
      region: "us-east-1",
      retries: 3,
    });
  });

  async function send(method: string, key: string, body?: Uint8Array<ArrayBuffer>, type?: string): Promise<Response> {
    return (await client()).fetch(`${base}/${key}`, {
      method,
      ...(body ? { body } : {}),
      ...(type ? { headers: { "content-type": type } } : {}),
      signal: AbortSignal.timeout(20_000),
    });
  }

  return {
    async put(key, bytes, type) {
      const response = await send("PUT", key, bytes, type);
      if (!response.ok) throw new Error(`the storage answered ${response.status} to PUT ${key}`);
    },
    async get(key) {
      const response = await send("GET", key);
      if (response.status === 404) return undefined;
      if (!response.ok) throw new Error(`the storage answered ${response.status} to GET ${key}`);
      return new Uint8Array(await response.arrayBuffer());
    },
    async remove(key) {
      const response = await send("DELETE", key);
      if (!response.ok && response.status !== 404) throw new Error(`the storage answered ${response.status} to DELETE ${key}`);
    },
  };
}
