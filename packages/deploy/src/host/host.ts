import type { HttpResponse, ProcessResult, Secret } from "@doge/core";

export interface HostCommand {
  readonly argv: readonly string[];
  /** Where secrets travel: standard input, never argv. */
  readonly stdin?: string | Uint8Array | Secret;
  readonly onOutput?: (chunk: string, stream: "stdout" | "stderr") => void;
  /** Takes the output as it is, for what is no text; the result's `stdout` is empty then. */
  readonly onBytes?: (chunk: Uint8Array) => void;
  /** Bytes of the input that the host has taken since the last call. */
  readonly onSent?: (bytes: number) => void;
  /** Ends the command's connection; no limit unless told. */
  readonly timeoutMilliseconds?: number;
  readonly signal?: AbortSignal;
}

export interface HostFile {
  /** Relative to the folder that it goes to. */
  readonly path: string;
  readonly content: string | Secret;
  /** 0o644 unless told. */
  readonly mode?: number;
}

export interface HostHttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Port on the host's own 127.0.0.1. */
  readonly port: number;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** 5 s unless told. */
  readonly timeoutMilliseconds?: number;
}

export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown };
  readonly output: NodeJS.WritableStream & { readonly columns?: number; readonly rows?: number };
  /** `TERM` of the local terminal. */
  readonly type?: string;
}

/** A machine that runs releases: over SSH, one connection for a whole deploy. */
export interface Host {
  /** `doge@203.0.113.7:2222`, for messages. */
  readonly name: string;
  /** Runs to the end; an exit code is no error. Throws a diagnostic where the connection breaks. */
  run(command: HostCommand): Promise<ProcessResult>;
  /** Whole or not at all: written beside and renamed. Makes parent folders. Mode 0o644 unless told. */
  writeFile(path: string, content: string | Secret, options?: { readonly mode?: number }): Promise<void>;
  /**
   * The same for several below a folder, in one round trip, in this order; what is the same already is left alone.
   * Then removes `remove`. Returns the paths whose content changed.
   */
  writeFiles(
    folder: string,
    files: readonly HostFile[],
    options?: { /** Absolute path. */ readonly remove?: string },
  ): Promise<readonly string[]>;
  /** Undefined where there is no such file. */
  readFile(path: string): Promise<string | undefined>;
  /** Through a tunnel to 127.0.0.1 on the host. Throws TransportError where no answer came. */
  http(request: HostHttpRequest): Promise<HttpResponse>;
  /** An interactive login shell, or `argv` in a terminal. Resolves with its exit code. */
  shell(terminal: Terminal, argv?: readonly string[]): Promise<number>;
  close(): Promise<void>;
}
