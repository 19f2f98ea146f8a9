/**
 * A mirror of Docker Hub that holds nothing of it: small images of the right shape under well-known names, the
 * same bytes at every start. What runs in their place on a local droplet are programs of the machine.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { storeManifest } from "./manifests.ts";
import { blobFile, digestOf, type Registry } from "./model.ts";

interface MirroredImage {
  readonly name: string;
  readonly tags: readonly string[];
  /** Of the image configuration, under Docker's names. */
  readonly config: Readonly<Record<string, unknown>>;
}

const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const images: readonly MirroredImage[] = [
  {
    name: "library/node",
    tags: ["24-bookworm-slim", "24-bookworm", "24-slim", "24-alpine", "24", "lts", "lts-slim", "latest"],
    config: { Env: [path, "NODE_VERSION=24.21.0"], Entrypoint: ["docker-entrypoint.sh"], Cmd: ["node"] },
  },
  {
    name: "library/postgres",
    tags: ["17-bookworm", "17-alpine", "17", "latest"],
    config: {
      Env: [path, "PG_MAJOR=17", "PGDATA=/var/lib/postgresql/data"],
      Entrypoint: ["docker-entrypoint.sh"],
      Cmd: ["postgres"],
      ExposedPorts: { "5432/tcp": {} },
      Volumes: { "/var/lib/postgresql/data": {} },
      StopSignal: "SIGINT",
    },
  },
  {
    name: "library/caddy",
    tags: ["2.10", "2.10-alpine", "2", "2-alpine", "latest"],
    config: {
      Env: [path, "CADDY_VERSION=v2.10.2", "XDG_CONFIG_HOME=/config", "XDG_DATA_HOME=/data"],
      Cmd: ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"],
      WorkingDir: "/srv",
      ExposedPorts: { "80/tcp": {}, "443/tcp": {}, "443/udp": {}, "2019/tcp": {} },
    },
  },
  {
    name: "library/redis",
    tags: ["7", "7-bookworm", "7-alpine", "8", "latest"],
    config: {
      Env: [path, "REDIS_VERSION=7.4.6"],
      Entrypoint: ["docker-entrypoint.sh"],
      Cmd: ["redis-server"],
      WorkingDir: "/data",
      ExposedPorts: { "6379/tcp": {} },
    },
  },
];

const epoch = "1970-01-01T00:00:00Z";
const types = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar+gzip",
};

/** Fills `library/…`; what is there already stays the same. */
export async function fillMirror(registry: Registry): Promise<void> {
  for (const image of images) {
    const manifests = [];
    for (const architecture of ["amd64", "arm64"]) manifests.push(await addImage(registry, image, architecture));
    const bytes = encode({ schemaVersion: 2, mediaType: types.index, manifests });
    for (const tag of image.tags) storeManifest(registry, image.name, tag, types.index, bytes);
  }
}

async function addImage(registry: Registry, { name, config }: MirroredImage, architecture: string): Promise<object> {
  const tar = await layerOf(name);
  const layer = gzipSync(tar);
  const configuration = encode({
    architecture,
    os: "linux",
    created: epoch,
    config: {
      ...config,
      Labels: {
        "org.opencontainers.image.title": name,
        "org.opencontainers.image.description":
          "A stand-in of Doge's local cloud; not the image of this name on Docker Hub",
      },
    },
    rootfs: { type: "layers", diff_ids: [digestOf(tar)] },
    history: [{ created: epoch, created_by: "doge local cloud" }],
  });
  const manifest = encode({
    schemaVersion: 2,
    mediaType: types.manifest,
    config: await addBlob(registry, name, types.config, configuration),
    layers: [await addBlob(registry, name, types.layer, layer)],
  });
  const digest = storeManifest(registry, name, digestOf(manifest), types.manifest, manifest);
  return { mediaType: types.manifest, digest, size: manifest.length, platform: { os: "linux", architecture } };
}

async function addBlob(registry: Registry, repository: string, mediaType: string, content: Buffer): Promise<object> {
  const digest = digestOf(content);
  const file = blobFile(registry, digest);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, content, { mode: 0o600 });
  registry.blobs.put(`${repository}@${digest}`, { repository, digest, size: content.length });
  return { mediaType, digest, size: content.length };
}

async function layerOf(name: string): Promise<Buffer> {
  const tar = pack();
  tar.entry(
    { name: "etc/doge-stand-in", mtime: new Date(0), mode: 0o644, uid: 0, gid: 0 },
    `${name}: a stand-in of Doge's local cloud\n`,
  );
  tar.finalize();
  const pieces: Buffer[] = [];
  for await (const piece of tar as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces);
}

const encode = (document: object): Buffer => Buffer.from(JSON.stringify(document));
