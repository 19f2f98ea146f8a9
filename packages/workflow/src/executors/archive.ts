import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";

/** A tar.gz with the documents at its root, as HCP Terraform takes configurations. The same in gives the same out. */
export async function packDocuments(documents: Readonly<Record<string, string>>): Promise<Uint8Array> {
  const archive = pack();
  for (const [name, content] of Object.entries(documents).sort(([a], [b]) => (a < b ? -1 : 1))) {
    archive.entry({ name, mode: 0o644, mtime: new Date(0) }, content);
  }
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return gzipSync(Buffer.concat(chunks));
}
