import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { Hono } from "hono";

const folder = new URL("../../public/", import.meta.url);

const types: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
};

interface Asset {
  readonly type: string;
  readonly plain: Uint8Array<ArrayBuffer>;
  /** Made when first asked for. */
  compressed: { br?: Uint8Array<ArrayBuffer>; gzip?: Uint8Array<ArrayBuffer> };
}

const byName = new Map<string, string>();
const byPath = new Map<string, Asset>();
for (const name of readdirSync(folder)) {
  const plain = new Uint8Array(readFileSync(new URL(name, folder)));
  const extension = extname(name);
  const hash = createHash("sha256").update(plain).digest("hex").slice(0, 10);
  const path = `/assets/${name.slice(0, -extension.length)}.${hash}${extension}`;
  byName.set(name, path);
  byPath.set(path, { type: types[extension] ?? "application/octet-stream", plain, compressed: {} });
}

/** Address of a file in `public/`: it changes with the content, so browsers keep it for ever. */
export function asset(name: string): string {
  const path = byName.get(name);
  if (!path) throw new Error(`public/${name} does not exist`);
  return path;
}

export const assetRoutes = new Hono().get("/assets/:name", (c) => {
  const found = byPath.get(c.req.path);
  if (!found) return c.text("There is no such file.\n", 404);
  const { type, plain, compressed } = found;
  const headers = { "content-type": type, "cache-control": "public, max-age=31536000, immutable", vary: "accept-encoding" };
  const accepted = c.req.header("accept-encoding") ?? "";
  if (/\bbr\b/.test(accepted)) {
    compressed.br ??= new Uint8Array(
      brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: plain.length } }),
    );
    return c.body(compressed.br, 200, { ...headers, "content-encoding": "br" });
  }
  if (/\bgzip\b/.test(accepted)) {
    compressed.gzip ??= new Uint8Array(gzipSync(plain));
    return c.body(compressed.gzip, 200, { ...headers, "content-encoding": "gzip" });
  }
  return c.body(plain, 200, headers);
});
