/** Manifests and indexes, by digest and by tag. */
import { RegistryError } from "./errors.ts";
import { digestOf, isDigest, type Manifest, type Registry } from "./model.ts";

const largest = 4 * 1024 * 1024;
const index = "application/vnd.oci.image.index.v1+json";
const types = [
  index,
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
];

interface Document {
  readonly schemaVersion?: unknown;
  readonly mediaType?: unknown;
  readonly artifactType?: string;
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
  readonly manifests?: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Descriptor {
  readonly digest: string;
  readonly mediaType: string;
}

function find(registry: Registry, repository: string, reference: string): Manifest {
  const digest = isDigest(reference) ? reference : registry.tags.get(`${repository}:${reference}`)?.digest;
  const manifest = digest === undefined ? undefined : registry.manifests.get(`${repository}@${digest}`);
  if (!manifest) throw new RegistryError("MANIFEST_UNKNOWN", "manifest unknown");
  return manifest;
}

export function sendManifest(registry: Registry, request: Request, repository: string, reference: string): Response {
  const { digest, mediaType, size, content } = find(registry, repository, reference);
  const headers = {
    "content-type": mediaType,
    "docker-content-digest": digest,
    etag: `"${digest}"`,
    "content-length": String(size),
  };
  return new Response(request.method === "HEAD" ? null : new Uint8Array(Buffer.from(content, "base64")), { headers });
}

/** PUT. Everything that the manifest names must be here already. */
export async function putManifest(
  registry: Registry,
  request: Request,
  repository: string,
  reference: string,
): Promise<Response> {
  const bytes = Buffer.from(await request.arrayBuffer());
  const mediaType = (request.headers.get("content-type") ?? "").split(";")[0]?.trim() ?? "";
  const digest = storeManifest(registry, repository, reference, mediaType, bytes);
  const { subject } = find(registry, repository, digest);
  const headers = {
    location: `/v2/${repository}/manifests/${digest}`,
    "docker-content-digest": digest,
    ...(subject ? { "oci-subject": subject } : {}),
  };
  return new Response(null, { status: 201, headers });
}

/** Keeps it and moves the tag. @throws RegistryError for what is not a manifest, or names what is not here. */
export function storeManifest(
  registry: Registry,
  repository: string,
  reference: string,
  mediaType: string,
  bytes: Buffer,
): string {
  const digest = digestOf(bytes);
  if (reference.includes(":") && reference !== digest)
    throw new RegistryError("DIGEST_INVALID", "provided digest did not match uploaded content");
  if (!reference.includes(":") && !/^\w[\w.-]{0,127}$/.test(reference))
    throw new RegistryError("TAG_INVALID", "manifest tag did not match the pattern");
  const document = parse(mediaType, bytes);
  const blobs = [document.config, ...(document.layers ?? [])].filter((descriptor) => descriptor !== undefined);
  const unknown =
    blobs.find((blob) => !registry.blobs.get(`${repository}@${blob.digest}`)) ??
    document.manifests?.find((manifest) => !registry.manifests.get(`${repository}@${manifest.digest}`));
  if (unknown)
    throw new RegistryError(
      "MANIFEST_BLOB_UNKNOWN",
      `manifest references ${unknown.digest}, which this repository does not have`,
    );
  const artifactType = document.artifactType ?? document.config?.mediaType;
  registry.context.store.transaction(() => {
    registry.manifests.put(`${repository}@${digest}`, {
      repository,
      digest,
      mediaType,
      size: bytes.length,
      createdAt: registry.manifests.get(`${repository}@${digest}`)?.createdAt ?? registry.context.now().toISOString(),
      content: bytes.toString("base64"),
      ...(document.subject ? { subject: document.subject.digest } : {}),
      ...(artifactType ? { artifactType } : {}),
      ...(document.annotations ? { annotations: document.annotations } : {}),
    });
    if (reference !== digest) registry.tags.put(`${repository}:${reference}`, { repository, tag: reference, digest });
  });
  return digest;
}

function parse(mediaType: string, bytes: Buffer): Document {
  const invalid = (why: string): RegistryError => new RegistryError("MANIFEST_INVALID", why);
  if (bytes.length > largest) throw invalid("the manifest is larger than 4 MiB");
  if (!types.includes(mediaType)) throw invalid(`media type ${mediaType || "(none)"} is not a manifest's`);
  let document: Document;
  try {
    document = JSON.parse(bytes.toString()) as Document;
  } catch {
    throw invalid("the manifest is not JSON");
  }
  if (document.schemaVersion !== 2) throw invalid("schemaVersion must be 2");
  if (document.mediaType !== undefined && document.mediaType !== mediaType)
    throw invalid("mediaType differs from the Content-Type");
  const named = [document.config, document.subject, ...(document.layers ?? []), ...(document.manifests ?? [])];
  if (named.some((descriptor) => descriptor !== undefined && !isDigest(descriptor.digest)))
    throw invalid("a descriptor has no sha256 digest");
  const isIndex = mediaType === index || mediaType.includes("manifest.list");
  if (isIndex ? !Array.isArray(document.manifests) : !document.config || !Array.isArray(document.layers))
    throw invalid("the manifest lacks what its type asks for");
  return document;
}

/** By digest with every tag of it; by tag only the tag. */
export function deleteManifest(registry: Registry, repository: string, reference: string): Response {
  const { digest } = find(registry, repository, reference);
  registry.context.store.transaction(() => {
    if (reference !== digest) {
      registry.tags.delete(`${repository}:${reference}`);
      return;
    }
    registry.manifests.delete(`${repository}@${digest}`);
    for (const { tag } of registry.tags.list((row) => row.repository === repository && row.digest === digest))
      registry.tags.delete(`${repository}:${tag}`);
  });
  return new Response(null, { status: 202 });
}

export function listTags(registry: Registry, request: Request, repository: string): Response {
  if (registry.manifests.list((manifest) => manifest.repository === repository).length === 0)
    throw new RegistryError("NAME_UNKNOWN", "repository name not known to registry");
  const query = new URL(request.url).searchParams;
  const last = query.get("last") ?? "";
  const limit = query.has("n") ? Number(query.get("n")) : Number.POSITIVE_INFINITY;
  const all = registry.tags
    .list((row) => row.repository === repository)
    .map(({ tag }) => tag)
    .filter((tag) => tag > last)
    .sort();
  const tags = all.slice(0, limit);
  const more = tags.length > 0 && tags.length < all.length;
  const link = `</v2/${repository}/tags/list?n=${limit}&last=${encodeURIComponent(tags.at(-1) ?? "")}>; rel="next"`;
  return Response.json({ name: repository, tags }, { headers: more ? { link } : {} });
}

export function listReferrers(registry: Registry, request: Request, repository: string, digest: string): Response {
  const wanted = new URL(request.url).searchParams.get("artifactType");
  const manifests = registry.manifests
    .list(
      (manifest) =>
        manifest.repository === repository &&
        manifest.subject === digest &&
        (!wanted || manifest.artifactType === wanted),
    )
    .map(({ mediaType, digest, size, artifactType, annotations }) => ({
      mediaType,
      digest,
      size,
      artifactType,
      annotations,
    }));
  const body = JSON.stringify({ schemaVersion: 2, mediaType: index, manifests });
  return new Response(body, {
    headers: { "content-type": index, ...(wanted ? { "oci-filters-applied": "artifactType" } : {}) },
  });
}
