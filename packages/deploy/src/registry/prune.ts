import type { Host } from "../host/host.ts";
import { shellScript } from "../host/quote.ts";
import { readManifest } from "./content.ts";

/** Everything that is in a store: `tag NAME DIGEST`, `blob HEX`, and the manifests that tags lead to, a line each. */
const list = `
  cd "$1" 2>/dev/null || exit 0
  for tag in tags/*; do [ -f "$tag" ] && echo "tag \${tag#tags/} $(cat "$tag")"; done
  for blob in blobs/sha256/*; do [ -f "$blob" ] && echo "blob \${blob##*/}"; done
  for digest in $(cat tags/* 2>/dev/null | sort -u); do
    blob=blobs/sha256/\${digest#sha256:}
    if [ -f "$blob" ]; then printf 'manifest %s ' "$digest"; tr -d '\\n' < "$blob"; echo; fi
  done
  true`;

/** A store's content, as far as it decides what stays. */
export interface StoreContent {
  readonly tags: ReadonlyMap<string, string>;
  /** Hexadecimal. */
  readonly blobs: readonly string[];
  /** Digests of what a manifest names, by its own digest. */
  readonly manifests: ReadonlyMap<string, readonly string[]>;
}

export interface Keep {
  /** Digests of images that stay whole. */
  readonly images: readonly string[];
  /** Digests whose tags stay, as proof that they were live: their content may go. */
  readonly tags: readonly string[];
}

/**
 * What goes, relative to the store's folder. An image's tree tag goes with its content, or the image would be found and not
 * be there; layers of dependencies stay as long as an image has them. Pure.
 */
export function staleIn({ tags, blobs, manifests }: StoreContent, keep: Keep): readonly string[] {
  const images = new Set(keep.images);
  const remembered = new Set([...keep.tags, ...keep.images]);
  const layers = new Set(keep.images.flatMap((digest) => manifests.get(digest) ?? []));
  const stays = (tag: string, digest: string): boolean => {
    if (tag.startsWith("proven-")) return remembered.has(digest);
    if (tag.startsWith("dependencies-")) return (manifests.get(digest) ?? []).some((named) => layers.has(named));
    return images.has(digest);
  };
  const keptTags = [...tags].filter(([tag, digest]) => stays(tag, digest));
  const whole = keptTags.filter(([tag]) => !tag.startsWith("proven-")).map(([, digest]) => digest);
  const kept = new Set([...images, ...whole].flatMap((digest) => [digest, ...(manifests.get(digest) ?? [])]));
  const names = new Set(keptTags.map(([tag]) => tag));
  return [
    ...[...tags.keys()].filter((tag) => !names.has(tag)).map((tag) => `tags/${tag}`),
    ...blobs.filter((hex) => !kept.has(`sha256:${hex}`)).map((hex) => `blobs/sha256/${hex}`),
  ];
}

export interface StoreSize {
  readonly images: number;
  readonly kilobytes: number;
}

/** How much a store holds. */
export async function storeSize(host: Host, folder: string): Promise<StoreSize> {
  const script = 'cd "$1" && ls tags | grep -c "^tree-"; du -sk .';
  const { stdout } = await host.run({ argv: shellScript(script, folder) });
  const [images = 0, kilobytes = 0] = stdout.split("\n").map((line) => Number.parseInt(line, 10));
  return { images, kilobytes };
}

/** Takes away what no kept image needs, and what was begun and never finished. Under the host's lease. */
export async function pruneStore(host: Host, folder: string, keep: Keep): Promise<void> {
  const { stdout } = await host.run({ argv: shellScript(list.trim(), folder) });
  const stale = staleIn(readStore(stdout), keep);
  // Tags before what they lead to: killed between, nothing is found that is not there.
  const remove = 'cd "$1" 2>/dev/null || exit 0; shift; rm -rf incoming; if [ $# -gt 0 ]; then rm -f -- "$@"; fi';
  await host.run({ argv: shellScript(remove, folder, ...stale) });
}

export function readStore(text: string): StoreContent {
  const tags = new Map<string, string>();
  const blobs: string[] = [];
  const manifests = new Map<string, readonly string[]>();
  for (const line of text.split("\n")) {
    const [kind, name = "", ...rest] = line.split(" ");
    if (kind === "tag") tags.set(name, rest.join(" "));
    if (kind === "blob") blobs.push(name);
    if (kind === "manifest") {
      const { config, layers } = readManifest(Buffer.from(rest.join(" ")));
      manifests.set(
        name,
        [config, ...layers].map(({ digest }) => digest),
      );
    }
  }
  return { tags, blobs, manifests };
}
