/**
 * What the `docker` command of a droplet and its daemon say over the unix socket. First one line of JSON (the
 * request), then frames: a byte for the kind, four for the length, the content.
 */
export const frames = {
  stdout: 1,
  stderr: 2,
  /** To the client: its exit code, as text. The last frame. */
  exit: 3,
  /** To the client: send your stdin. Without it stdin is not touched, so that loops in scripts keep theirs. */
  wantStdin: 4,
  stdin: 5,
  stdinEnd: 6,
  /** From the client: it got this signal. */
  signal: 7,
} as const;

export interface Request {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly tty: boolean;
}

export function frame(kind: number, content: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head[0] = kind;
  head.writeUInt32BE(content.length, 1);
  return Buffer.concat([head, content]);
}

/** Cuts a stream of bytes into frames. */
export function unframe(onFrame: (kind: number, content: Buffer) => void): (chunk: Buffer) => void {
  let pending: Buffer = Buffer.alloc(0);
  return (chunk) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    while (pending.length >= 5) {
      const length = pending.readUInt32BE(1);
      if (pending.length < 5 + length) return;
      const content = pending.subarray(5, 5 + length);
      const kind = pending[0] ?? 0;
      pending = pending.subarray(5 + length);
      onFrame(kind, content);
    }
  };
}

/** The `docker` of a droplet: a program of its own, so that it starts fast and needs none of our files. */
export const shimScript = (socket: string): string => `"use strict";
const net = require("node:net");
const socket = net.connect(${JSON.stringify(socket)});
const send = (kind, content) => {
  const head = Buffer.alloc(5);
  head[0] = kind;
  head.writeUInt32BE(content.length, 1);
  return socket.write(Buffer.concat([head, content]));
};
socket.write(JSON.stringify({ argv: process.argv.slice(2), cwd: process.cwd(), env: process.env, tty: process.stdout.isTTY === true }) + "\\n");
const finish = (code) => {
  process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
};
const readStdin = () => {
  process.stdin.on("data", (chunk) => {
    if (!send(${frames.stdin}, chunk)) process.stdin.pause();
  });
  socket.on("drain", () => process.stdin.resume());
  process.stdin.on("end", () => send(${frames.stdinEnd}, Buffer.alloc(0)));
  process.stdin.on("error", () => send(${frames.stdinEnd}, Buffer.alloc(0)));
};
const write = (stream, content) => {
  if (stream.write(content)) return;
  socket.pause();
  stream.once("drain", () => socket.resume());
};
let pending = Buffer.alloc(0);
socket.on("data", (chunk) => {
  pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
  while (pending.length >= 5) {
    const length = pending.readUInt32BE(1);
    if (pending.length < 5 + length) return;
    const content = pending.subarray(5, 5 + length);
    const kind = pending[0];
    pending = pending.subarray(5 + length);
    if (kind === ${frames.stdout}) write(process.stdout, content);
    else if (kind === ${frames.stderr}) write(process.stderr, content);
    else if (kind === ${frames.wantStdin}) readStdin();
    else if (kind === ${frames.exit}) return finish(Number(content.toString()));
  }
});
for (const name of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"]) process.on(name, () => send(${frames.signal}, Buffer.from(name)));
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => process.exit(141));
socket.on("error", (thrown) => {
  const why = thrown.code === "ENOENT" || thrown.code === "ECONNREFUSED" ? "Is the docker daemon running?" : thrown.message;
  process.stderr.write(${JSON.stringify(`Cannot connect to the Docker daemon at unix://${socket}. `)} + why + "\\n");
  process.exitCode = 1;
  finish(1);
});
socket.on("close", () => finish(process.exitCode ?? 1));
`;
