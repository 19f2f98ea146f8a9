import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";

/** A tar.gz with these files, as HCP Terraform takes configurations. The same in gives the same out. */
export async function packFiles(files: Readonly<Record<string, string | Uint8Array>>): Promise<Uint8Array> {
  const archive = pack();
  for (const [name, content] of Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1))) {
    archive.entry(
      { name, mode: 0o644, mtime: new Date(0) },
      typeof content === "string" ? content : Buffer.from(content),
    );
  }
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return gzipSync(Buffer.concat(chunks));
}
