import { DockerError } from "./model.ts";

/** `registry/repository:tag@digest`, with Docker's defaults filled in. */
export interface Reference {
  /** `docker.io`, `ghcr.io`, `127.0.0.1:7405`. */
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;

/** Reads a reference as Docker does: `postgres` is `docker.io/library/postgres:latest`. */
export function parseReference(text: string): Reference {
  const [named = "", digest, more] = text.split("@");
  const slash = named.indexOf("/");
  const first = slash > 0 ? named.slice(0, slash) : "";
  const hasRegistry = first.includes(".") || first.includes(":") || first === "localhost";
  const registry = hasRegistry ? first : "docker.io";
  const path = hasRegistry ? named.slice(slash + 1) : named;
  const colon = path.lastIndexOf(":");
  const tag = colon > 0 ? path.slice(colon + 1) : undefined;
  let repository = colon > 0 ? path.slice(0, colon) : path;
  const valid =
    more === undefined &&
    repository.split("/").every((part) => component.test(part)) &&
    (tag === undefined || /^[\w][\w.-]{0,127}$/.test(tag)) &&
    (digest === undefined || /^sha256:[0-9a-f]{64}$/.test(digest));
  if (!valid) throw new DockerError(`invalid reference format: ${JSON.stringify(text)}`, 125);
  if (registry === "docker.io" && !repository.includes("/")) repository = `library/${repository}`;
  const resolvedTag = tag ?? (digest === undefined ? "latest" : undefined);
  return {
    registry,
    repository,
    ...(resolvedTag === undefined ? {} : { tag: resolvedTag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

export const repositoryName = (reference: Reference): string => `${reference.registry}/${reference.repository}`;

/** `docker.io/library/postgres:17` as Docker shows it: `postgres:17`. */
export const familiar = (name: string): string => name.replace(/^docker\.io\/(library\/)?/, "");
