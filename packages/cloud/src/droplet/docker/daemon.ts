import { chmodSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { dirname } from "node:path";
import { PassThrough, type Readable } from "node:stream";
import { DockerError } from "../engine/model.ts";
import type { Engine } from "../engine/engine.ts";
import type { Streams } from "../engine/process.ts";
import { runCommand } from "./commands.ts";
import { frame, frames, type Request, unframe } from "./protocol.ts";

/** One `docker …` in flight. */
export interface Session extends Request {
  /** The client's stdin; it is read from now on. */
  stdin(): Readable;
  out(text: string): void;
  err(text: string): void;
  /** Output streams that respect the client's pace. */
  readonly streams: Streams;
  /** Aborts when the client is gone. */
  readonly gone: AbortSignal;
  /** Signals that the client got; without a listener SIGINT and SIGTERM end the client's wait. */
  onSignal(listener: (name: string) => void): void;
}

export interface Daemon {
  stop(): Promise<void>;
}

/** Listens on the droplet's docker socket. `resolve` answers for names of the local cloud's zones. */
export async function startDaemon(options: {
  readonly engine: Engine;
  readonly socket: string;
  readonly resolve: (name: string) => readonly string[];
}): Promise<Daemon> {
  await mkdir(dirname(options.socket), { recursive: true, mode: 0o700 });
  await rm(options.socket, { force: true });
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => socket.destroy());
    readRequest(socket, (line, rest) => {
      const request = JSON.parse(line) as Request | { readonly resolve: string };
      if ("resolve" in request) socket.end(JSON.stringify({ addresses: options.resolve(request.resolve) }));
      else void serve(options.engine, socket, request, rest);
    });
  });
  await listening(server, options.socket);
  chmodSync(options.socket, 0o600);
  return {
    stop: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
}

function readRequest(socket: Socket, done: (line: string, rest: Buffer) => void): void {
  let pending: Buffer = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    pending = Buffer.concat([pending, chunk]);
    const end = pending.indexOf(10);
    if (end < 0) return;
    socket.off("data", onData);
    done(pending.toString("utf8", 0, end), pending.subarray(end + 1));
  };
  socket.on("data", onData);
}

async function serve(engine: Engine, socket: Socket, request: Request, rest: Buffer): Promise<void> {
  const gone = new AbortController();
  let stdin: PassThrough | undefined;
  let onSignal: ((name: string) => void) | undefined;
  socket.on("close", () => gone.abort());
  socket.on("end", () => gone.abort());
  const take = unframe((kind, content) => {
    if (kind === frames.stdin && stdin && !stdin.write(content)) {
      socket.pause();
      stdin.once("drain", () => socket.resume());
    } else if (kind === frames.stdinEnd) stdin?.end();
    else if (kind === frames.signal) {
      if (onSignal) onSignal(content.toString());
      else socket.end(frame(frames.exit, Buffer.from("130")));
    }
  });
  socket.on("data", take);
  take(rest);

  const write = (kind: number, chunk: Uint8Array): void | Promise<void> => {
    if (socket.destroyed || chunk.length === 0) return undefined;
    if (socket.write(frame(kind, chunk))) return undefined;
    return new Promise((resolve) => {
      socket.once("drain", resolve);
      socket.once("close", resolve);
    });
  };
  const session: Session = {
    ...request,
    stdin() {
      if (!stdin) {
        stdin = new PassThrough();
        void write(frames.wantStdin, Buffer.from("1"));
      }
      return stdin;
    },
    out: (text) => void write(frames.stdout, Buffer.from(text)),
    err: (text) => void write(frames.stderr, Buffer.from(text)),
    streams: { stdout: (chunk) => write(frames.stdout, chunk), stderr: (chunk) => write(frames.stderr, chunk) },
    gone: gone.signal,
    onSignal: (listener) => (onSignal = listener),
  };
  const exitCode = await runCommand(engine, session).catch((thrown: unknown) => {
    if (gone.signal.aborted) return 130;
    session.err(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
    return thrown instanceof DockerError ? thrown.exitCode : 1;
  });
  if (!socket.destroyed) socket.end(frame(frames.exit, Buffer.from(String(exitCode))));
}
