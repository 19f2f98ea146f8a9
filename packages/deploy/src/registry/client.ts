import { createHash } from "node:crypto";
import {
  type Clock,
  fail,
  type Http,
  type HttpRequest,
  type HttpResponse,
  sendWithRetry,
  TransportError,
} from "@doge/core";
import { answerChallenge, parseChallenge, type RegistryCredentials } from "./auth.ts";
import { manifestTypes } from "./media.ts";

export interface StoredManifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** A registry that speaks the OCI distribution protocol. Names are repositories (`ada/shop`), never hosts. */
export interface Registry {
  readonly url: string;
  /** By tag or digest; undefined where there is none. Content that does not match its digest is an error. */
  manifest(repository: string, reference: string): Promise<StoredManifest | undefined>;
  /** Digest of a tag without its content. */
  resolve(repository: string, reference: string): Promise<string | undefined>;
  hasBlob(repository: string, digest: string): Promise<boolean>;
  blob(repository: string, digest: string): Promise<Uint8Array>;
  /** Uploads what is missing. Where the registry has the blob in `from`, nothing is sent. */
  putBlob(
    repository: string,
    blob: {
      readonly digest: string;
      /** In bytes, where it is known before the content is. */
      readonly size?: number;
      readonly content: () => Promise<Uint8Array>;
    },
    from?: string,
  ): Promise<"present" | "mounted" | "uploaded">;
  putManifest(repository: string, reference: string, mediaType: string, bytes: Uint8Array): Promise<string>;
}

export const digestOf = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

const blobTimeout = 10 * 60_000;

/** A blob that somebody else pushes at the same moment is unknown for an instant. Milliseconds until the next try. */
const untilBlobsShow: readonly number[] = [250, 1_000, 2_000];

export function createRegistry(options: {
  readonly http: Http;
  readonly clock: Clock;
  readonly url: string;
  readonly credentials?: RegistryCredentials | undefined;
}): Registry {
  const { http, clock, credentials } = options;
  const url = options.url.replace(/\/+$/, "");
  const authorizations = new Map<string, string>();

  /** Sends with a token for these scopes; asks for one where the registry wants it. */
  const send = (scopes: readonly string[], request: HttpRequest): Promise<HttpResponse> =>
    exchange(scopes, request).catch((thrown: unknown) => {
      if (thrown instanceof TransportError && thrown.reason !== "aborted") return unreachable(thrown, url);
      throw thrown;
    });

  async function exchange(scopes: readonly string[], request: HttpRequest): Promise<HttpResponse> {
    const scope = scopes.join(" ");
    const attempt = (): Promise<HttpResponse> => {
      const authorization = authorizations.get(scope);
      return sendWithRetry(http, clock, {
        ...request,
        headers: { ...request.headers, ...(authorization ? { authorization } : {}) },
      });
    };
    const response = await attempt();
    if (response.status !== 401) return response;
    const challenge = parseChallenge(response.headers["www-authenticate"]);
    const authorization = challenge && (await answerChallenge({ http, clock }, challenge, credentials, scopes));
    if (!authorization) return response;
    authorizations.set(scope, authorization);
    return attempt();
  }

  const path = (repository: string, rest: string): string => `${url}/v2/${repository}/${rest}`;
  const pullScope = (repository: string): string => `repository:${repository}:pull`;
  const pushScope = (repository: string): string => `repository:${repository}:pull,push`;
  const pull = (repository: string, request: HttpRequest): Promise<HttpResponse> =>
    send([pullScope(repository)], request);
  const push = (repository: string, request: HttpRequest): Promise<HttpResponse> =>
    send([pushScope(repository)], request);

  const registry: Registry = {
    url,

    async manifest(repository, reference) {
      const address = path(repository, `manifests/${reference}`);
      const response = await pull(repository, { method: "GET", url: address, headers: { accept: manifestTypes } });
      if (response.status === 404) return undefined;
      expect(response, [200], address);
      const digest = digestOf(response.body);
      if (reference.startsWith("sha256:") && reference !== digest) corrupt(address, digest);
      return { digest, mediaType: response.headers["content-type"] ?? "", bytes: response.body };
    },

    async resolve(repository, reference) {
      const address = path(repository, `manifests/${reference}`);
      const response = await pull(repository, { method: "HEAD", url: address, headers: { accept: manifestTypes } });
      if (response.status === 404) return undefined;
      expect(response, [200], address);
      return response.headers["docker-content-digest"] ?? (await registry.manifest(repository, reference))?.digest;
    },

    async hasBlob(repository, digest) {
      const address = path(repository, `blobs/${digest}`);
      const response = await pull(repository, { method: "HEAD", url: address });
      if (response.status !== 404) expect(response, [200], address);
      return response.status === 200;
    },

    async blob(repository, digest) {
      const address = path(repository, `blobs/${digest}`);
      const response = await pull(repository, { method: "GET", url: address, timeoutMilliseconds: blobTimeout });
      expect(response, [200], address);
      if (digestOf(response.body) !== digest) corrupt(address, digestOf(response.body));
      return response.body;
    },

    async putBlob(repository, { digest, content }, from) {
      if (await registry.hasBlob(repository, digest)) return "present";
      const mount = from ? `?mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(from)}` : "";
      const start = path(repository, `blobs/uploads/${mount}`);
      // To mount is to read there, too.
      const scopes = [pushScope(repository), ...(from ? [pullScope(from)] : [])];
      const begun = await send(scopes, { method: "POST", url: start });
      expect(begun, [201, 202], start);
      if (begun.status === 201) return "mounted";
      const target = new URL(begun.headers["location"] ?? "", start);
      target.searchParams.set("digest", digest);
      const done = await push(repository, {
        method: "PUT",
        url: target.href,
        headers: { "content-type": "application/octet-stream" },
        body: await content(),
        timeoutMilliseconds: blobTimeout,
      });
      expect(done, [201], start);
      return "uploaded";
    },

    async putManifest(repository, reference, mediaType, bytes) {
      const address = path(repository, `manifests/${reference}`);
      const put = (): Promise<HttpResponse> =>
        push(repository, { method: "PUT", url: address, headers: { "content-type": mediaType }, body: bytes });
      let response = await put();
      for (const milliseconds of untilBlobsShow) {
        if (!errorsIn(response).some(({ code }) => code === "MANIFEST_BLOB_UNKNOWN")) break;
        await clock.sleep(milliseconds);
        response = await put();
      }
      expect(response, [200, 201], address);
      return digestOf(bytes);
    },
  };
  return registry;
}

function corrupt(address: string, digest: string): never {
  fail({
    code: "registry-corrupt",
    summary: "The container registry sent something else than was asked for",
    detail: `the content's digest is ${digest}`,
    address,
    remedy: "Run this again; if it stays, something between here and the registry changes its answers.",
  });
}

const unreachable = ({ message }: TransportError, address: string): never =>
  fail({
    code: "registry-unreachable",
    summary: "The container registry can't be reached",
    detail: message,
    address,
    remedy:
      "See its status page and this machine's network, then run this again. What is deployed goes on serving, and `doge rollback` needs no registry.",
  });

function expect(response: HttpResponse, statuses: readonly number[], address: string): void {
  const { status } = response;
  if (statuses.includes(status)) return;
  const detail = `HTTP ${status}${errorsOf(response)}`;
  if (status === 401 || status === 403)
    fail({
      code: "registry-denied",
      summary: "The container registry refuses",
      detail,
      address,
      remedy:
        "Check that the token may write packages of this repository (`permissions: packages: write` in the workflow).",
    });
  fail({
    code: "registry-failed",
    summary: "The container registry answered with an error",
    detail,
    address,
    remedy: "Run this again later.",
  });
}

const errorsOf = (response: HttpResponse): string =>
  errorsIn(response)
    .map((e) => `, ${[e.code, e.message].filter(Boolean).join(": ")}`)
    .join("");

function errorsIn(response: HttpResponse): readonly { readonly code?: string; readonly message?: string }[] {
  if (response.status < 400) return [];
  try {
    return (response.json() as { readonly errors?: readonly { code?: string; message?: string }[] }).errors ?? [];
  } catch {
    return [];
  }
}
