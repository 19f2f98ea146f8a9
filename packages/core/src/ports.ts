/** The machine, as Doge sees it. Implemented once for Node in `@doge/core/node`. */

export interface Clock {
  now(): Date;
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export interface Files {
  /** The content, or undefined where the file is missing. */
  read(path: string): Promise<string | undefined>;
  readBytes(path: string): Promise<Uint8Array | undefined>;
  /** Write beside, fsync, rename, fsync of the folder; makes parent folders. `mode` defaults to 0o644. */
  write(path: string, content: string | Uint8Array, options?: { readonly mode?: number }): Promise<void>;
  /** Adds to the end of the file and syncs; makes parent folders. `mode` defaults to 0o644. */
  append(path: string, content: string, options?: { readonly mode?: number }): Promise<void>;
  /** Runs `body` while no other process of this machine runs one for the same path; one that died gives way. */
  exclusive<T>(path: string, body: () => Promise<T>): Promise<T>;
  /** Creates the file only where it is missing; false where it was there. Atomic: the basis of locks. */
  create(path: string, content: string, options?: { readonly mode?: number }): Promise<boolean>;
  remove(path: string): Promise<void>;
  /** Names in a folder, sorted, without those of unfinished writes; empty where the folder is missing. */
  list(path: string): Promise<readonly string[]>;
  exists(path: string): Promise<boolean>;
}

/** One entry of a folder tree, as an archive sees it. */
export interface TreeEntry {
  /** Relative to the folder, with `/`, never starting with it. */
  readonly path: string;
  readonly kind: "file" | "directory" | "link";
  readonly executable: boolean;
  /** Target of a link, as written. */
  readonly target?: string;
  /** Content of a file. */
  read(): Promise<Uint8Array>;
}

export interface Trees {
  /** Every entry below a folder, sorted by path; folders before their content. Links are not followed. */
  entries(folder: string): Promise<readonly TreeEntry[]>;
}

/**
 * Files of a project and nothing else: what the functions of a configuration may read, in the middle of an
 * expression and so without waiting. Links that lead out of the project count as outside.
 */
export interface ProjectFiles {
  /** The folder from which relative paths start, absolute. */
  readonly root: string;
  /** The user's home folder, for paths that begin with `~`. */
  readonly home: string;
  read(
    path: string,
  ): { readonly kind: "file"; readonly content: Uint8Array } | { readonly kind: "missing" | "folder" | "outside" };
  /** Files below a folder, relative to it, with `/`, sorted; none where it is missing. */
  walk(folder: string): readonly string[] | "outside";
}

export interface ProcessRequest {
  /** argv; secrets never travel here, use `stdin` or `env`. */
  readonly argv: readonly [string, ...string[]];
  readonly cwd?: string;
  /** Added to the parent's environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: string | Uint8Array;
  readonly signal?: AbortSignal;
  /**
   * On abort the process gets SIGINT, and is waited for. It stands in a group of its own, so that a terminal's Ctrl-C
   * reaches it only by this.
   */
  readonly interrupt?: AbortSignal;
  readonly onOutput?: (chunk: string, stream: "stdout" | "stderr") => void;
}

export interface ProcessResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Processes {
  /** Runs to the end. A missing program is exit code 127, as in a shell; never throws for an exit code. */
  run(request: ProcessRequest): Promise<ProcessResult>;
  /** The path of a program on PATH, or undefined. */
  which(program: string): Promise<string | undefined>;
  /** This process, as another process of this or another machine may name it. */
  readonly self: { readonly host: string; readonly pid: number };
  /** Whether a process of this machine is still there. */
  alive(pid: number): boolean;
}

export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
  /** For the whole exchange; 30 s unless told, here or by `DOGE_REQUEST_SECONDS`. */
  readonly timeoutMilliseconds?: number;
  /** Redirects are followed unless told. Authorization is dropped when the origin changes. */
  readonly redirect?: "follow" | "manual";
}

export interface HttpResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  text(): string;
  json(): unknown;
}

export interface Http {
  /** One exchange, no retries. Throws TransportError where no whole answer came. */
  send(request: HttpRequest): Promise<HttpResponse>;
}

/** No whole answer: whether the request took effect is unknown. */
export class TransportError extends Error {
  override readonly name = "TransportError";
  readonly reason: "refused" | "reset" | "timeout" | "dns" | "tls" | "aborted" | "other";
  readonly url: string;

  constructor(reason: TransportError["reason"], url: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
    this.url = url;
  }
}

/** Domain names, as the resolver of `DOGE_RESOLVER` (`host:port`) or else the system's sees them. */
export interface Names {
  /** Lower case, without the final dot, sorted; empty where the name has none or does not exist. */
  nameServers(domain: string): Promise<readonly string[]>;
  /** IPv4 addresses; empty where the name does not resolve. */
  addresses(name: string): Promise<readonly string[]>;
}

export interface Machine {
  readonly clock: Clock;
  readonly files: Files;
  readonly processes: Processes;
  readonly http: Http;
  readonly names: Names;
  /** The files below `project`; relative paths start from `folder` within it, or from the project itself. */
  projectFiles(project: string, folder?: string): ProjectFiles;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The same machine with another environment: HTTP obeys its proxy settings and trusts its extra CAs. */
  withEnv(env: Readonly<Record<string, string | undefined>>): Machine;
}
