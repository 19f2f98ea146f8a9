import { fail } from "@doge/core";

/** `ghcr.io/ada/shop:tree-1f2e@sha256:…`, taken apart. */
export interface ImageReference {
  /** `docker.io`, `ghcr.io`, `127.0.0.1:5000`. */
  readonly host: string;
  /** `library/node`, `ada/shop`. */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

const shape =
  /^(?:(?<host>(?:[\w.-]+\.[\w.-]+|localhost)(?::\d+)?|[\w-]+:\d+)\/)?(?<repository>[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*)(?::(?<tag>\w[\w.-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$/;

/** Reads a reference as Docker does: no host is docker.io, and there no folder is `library/`. */
export function parseReference(text: string): ImageReference {
  const { host = "docker.io", repository, tag, digest } = shape.exec(text)?.groups ?? {};
  if (!repository) {
    fail({
      code: "image-reference",
      summary: "Not an image reference",
      detail: text,
      remedy: "Write it as host/repository:tag or host/repository@sha256:….",
    });
  }
  return {
    host,
    repository: host === "docker.io" && !repository.includes("/") ? `library/${repository}` : repository,
    ...(tag ? { tag } : {}),
    ...(digest ? { digest } : {}),
  };
}

/** Where the registry of a host answers. `mirror` stands for docker.io where one is set. */
export function registryUrl(host: string, mirror: string | undefined): string {
  if (host === "docker.io") return (mirror ?? "https://registry-1.docker.io").replace(/\/+$/, "");
  return `${/^(localhost|127\.)/.test(host) ? "http" : "https"}://${host}`;
}

/** The form that goes into compose files: by digest, so that it can't change. */
export const byDigest = (host: string, repository: string, digest: string): string => `${host}/${repository}@${digest}`;
