import { randomBytes } from "node:crypto";
import { Hono } from "hono";
import type { Services } from "../services.ts";
import type { Env } from "../web/context.ts";

export const largestPicture = 2 * 1024 * 1024;
const largestSide = 4096;

const types: Readonly<Record<string, string>> = { png: "image/png", jpg: "image/jpeg", webp: "image/webp", gif: "image/gif" };

export type Picture =
  | { readonly trouble: "size" | "type" | "side" }
  | { readonly trouble?: undefined; readonly key: string; readonly type: string; readonly bytes: Uint8Array<ArrayBuffer> };

/** Judged by content: name and type that a browser gives are only claims. The key is ours, nothing of theirs. */
export async function readPicture(file: Blob): Promise<Picture> {
  if (file.size > largestPicture) return { trouble: "size" };
  const bytes = new Uint8Array(await file.arrayBuffer());
  const { imageSize } = await import("image-size");
  let found: { width: number; height: number; type?: string };
  try {
    found = imageSize(bytes);
  } catch {
    return { trouble: "type" };
  }
  const type = types[found.type ?? ""];
  if (!type) return { trouble: "type" };
  if (Math.max(found.width, found.height) > largestSide) return { trouble: "side" };
  const key = `pictures/${randomBytes(16).toString("hex")}.${found.type}`;
  return { key, type, bytes: found.type === "jpg" ? withoutMetadata(bytes) : bytes };
}

/** A JPEG without its APP1 to APP15 and comment segments: photos of phones tell where they were taken. */
export function withoutMetadata(jpeg: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const kept: Uint8Array[] = [jpeg.subarray(0, 2)];
  let at = 2;
  while (at + 4 <= jpeg.length && jpeg[at] === 0xff) {
    const marker = jpeg[at + 1] as number;
    // Start of scan: picture data until the end.
    if (marker === 0xda) break;
    const end = at + 2 + ((jpeg[at + 2] as number) << 8) + (jpeg[at + 3] as number);
    const metadata = (marker >= 0xe1 && marker <= 0xef && marker !== 0xee) || marker === 0xfe;
    if (!metadata) kept.push(jpeg.subarray(at, end));
    at = end;
  }
  return new Uint8Array(Buffer.concat([...kept, jpeg.subarray(at)]));
}

/** Pictures are served by the app from wherever they are: one origin, one policy. */
export const pictureRoutes = ({ storage }: Services): Hono<Env> =>
  new Hono<Env>().get("/media/pictures/:name{[0-9a-f]{32}\\.(?:png|jpg|webp|gif)}", async (c) => {
    const name = c.req.param("name");
    const bytes = await storage.get(`pictures/${name}`);
    if (!bytes) return c.notFound();
    c.header("cache-control", "private, max-age=31536000, immutable");
    c.header("content-type", types[name.split(".")[1] ?? ""] ?? "application/octet-stream");
    // Whatever it is, opened by itself it runs nothing.
    c.header("x-content-type-options", "nosniff");
    c.header("content-security-policy", "default-src 'none'; sandbox");
    return c.body(bytes);
  });

export const pictureUrl = (key: string): string => `/media/${key}`;
