import { createHash } from "node:crypto";
import { daemonError } from "./model.ts";
import { type Reference, familiar, repositoryName } from "./reference.ts";

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

export interface Manifest {
  /** Of the manifest that was asked for: what `repository@digest` names. */
  readonly digest: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];

/** A client of the OCI distribution API for one registry; `base` is where the image's host name really stands. */
export class RegistryClient {
  readonly #base: string;
  readonly #credentials: Credentials | undefined;
  readonly #tokens = new Map<string, string>();

  constructor(base: string, credentials: Credentials | undefined) {
    this.#base = base.replace(/\/$/, "");
    this.#credentials = credentials;
  }

  /** Checks a login as `docker login` does: by asking for /v2/. */
  async authenticate(): Promise<void> {
    const response = await this.#get("/v2/", "");
    if (!response.ok) throw daemonError(`Get "${this.#base}/v2/": unauthorized: ${await explanation(response)}`);
    await response.arrayBuffer();
  }

  /** The manifest for this machine's architecture, followed through an index. */
  async manifest(reference: Reference): Promise<Manifest> {
    const wanted = reference.digest ?? reference.tag ?? "latest";
    const top = await this.#manifestBytes(reference, wanted);
    const document = JSON.parse(top.text) as {
      manifests?: readonly (Descriptor & { platform?: { architecture?: string; os?: string } })[];
      config?: Descriptor;
      layers?: readonly Descriptor[];
    };
    if (!document.manifests) return manifestOf(document, top.digest, reference);
    const architecture = process.arch === "x64" ? "amd64" : process.arch;
    const chosen = document.manifests.find(
      (m) => m.platform?.os === "linux" && m.platform.architecture === architecture,
    );
    if (!chosen) {
      throw daemonError(`no matching manifest for linux/${architecture} in the manifest list entries`);
    }
    const inner = await this.#manifestBytes(reference, chosen.digest);
    return manifestOf(JSON.parse(inner.text) as object, top.digest, reference);
  }

  /** A blob as it comes; the caller checks its digest. */
  async blob(reference: Reference, digest: string): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#get(`/v2/${reference.repository}/blobs/${digest}`, reference.repository);
    if (!response.ok || !response.body) throw await this.#refused(response, reference);
    return response.body;
  }

  async #manifestBytes(reference: Reference, wanted: string): Promise<{ text: string; digest: string }> {
    const response = await this.#get(`/v2/${reference.repository}/manifests/${wanted}`, reference.repository);
    if (!response.ok) throw await this.#refused(response, reference);
    const bytes = Buffer.from(await response.arrayBuffer());
    const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    if (wanted.startsWith("sha256:") && wanted !== digest) {
      throw daemonError(`manifest verification failed for digest ${wanted}`);
    }
    return { text: bytes.toString("utf8"), digest };
  }

  async #refused(response: Response, reference: Reference): Promise<Error> {
    const why = await explanation(response);
    const name = familiar(repositoryName(reference));
    const wanted = reference.digest ? `${name}@${reference.digest}` : `${name}:${reference.tag}`;
    if (response.status === 404) return daemonError(`manifest for ${wanted} not found: ${why || "manifest unknown"}`);
    if (response.status === 401 || response.status === 403) {
      return daemonError(
        `pull access denied for ${name}, repository does not exist or may require 'docker login': denied: ${why}`,
      );
    }
    return daemonError(`received unexpected HTTP status: ${response.status}: ${why}`);
  }

  async #get(path: string, repository: string): Promise<Response> {
    const ask = (authorization: string | undefined): Promise<Response> =>
      fetch(this.#base + path, {
        headers: { accept: manifestTypes.join(", "), ...(authorization ? { authorization } : {}) },
      });
    try {
      const response = await ask(this.#tokens.get(repository));
      if (response.status !== 401) return response;
      const authorization = await this.#answer(response.headers.get("www-authenticate") ?? "", repository);
      if (authorization === undefined) return response;
      await response.arrayBuffer();
      this.#tokens.set(repository, authorization);
      return await ask(authorization);
    } catch (thrown) {
      if (!(thrown instanceof TypeError)) throw thrown;
      const cause = thrown.cause instanceof Error ? thrown.cause.message : thrown.message;
      throw daemonError(`Get "${this.#base}/v2/": dial tcp: ${cause}`);
    }
  }

  /** Answers a challenge: Basic with the login's credentials, Bearer by the token endpoint it names. */
  async #answer(challenge: string, repository: string): Promise<string | undefined> {
    const basic = this.#credentials
      ? `Basic ${Buffer.from(`${this.#credentials.username}:${this.#credentials.password}`).toString("base64")}`
      : undefined;
    if (/^basic/i.test(challenge)) return basic;
    const fields = Object.fromEntries(
      [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map((match) => [match[1] ?? "", match[2] ?? ""]),
    );
    if (!/^bearer/i.test(challenge) || !fields["realm"]) return undefined;
    const url = new URL(fields["realm"]);
    if (fields["service"]) url.searchParams.set("service", fields["service"]);
    const scope = fields["scope"] ?? (repository ? `repository:${repository}:pull` : undefined);
    if (scope) url.searchParams.set("scope", scope);
    const response = await fetch(url, basic ? { headers: { authorization: basic } } : {});
    if (!response.ok) throw daemonError(`Get "${this.#base}/v2/": unauthorized: ${await explanation(response)}`);
    const answer = (await response.json()) as { token?: string; access_token?: string };
    const token = answer.token ?? answer.access_token;
    return token ? `Bearer ${token}` : undefined;
  }
}

function manifestOf(document: object, digest: string, reference: Reference): Manifest {
  const { config, layers } = document as { config?: Descriptor; layers?: readonly Descriptor[] };
  if (!config || !layers) throw daemonError(`${repositoryName(reference)}: the manifest has no config or no layers`);
  return { digest, config, layers };
}

async function explanation(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const { errors } = JSON.parse(text) as { errors?: readonly { message?: string }[] };
    return errors?.[0]?.message ?? "";
  } catch {
    return text.slice(0, 200);
  }
}
