import type { Client, ClientChannel } from "ssh2";
import { DogeError, fail, TransportError } from "@doge/core";
import { httpOverStream } from "@doge/core/node";
import { bytesOf, filesOver } from "./files.ts";
import type { Host, HostCommand, Terminal } from "./host.ts";
import { commandLine } from "./quote.ts";

/** A channel that ended without saying how: what its command did is unknown. */
class CutOff extends Error {
  override readonly name = "CutOff";
}

/** Not what a living host answers: refusals and time-outs are its own. */
const mayBeLost = (thrown: unknown): boolean =>
  !(thrown instanceof DogeError) &&
  !(thrown instanceof TransportError && ["refused", "timeout", "aborted"].includes(thrown.reason));

/**
 * OpenSSH allows ten on one connection (MaxSessions) and refuses the next. One that has ended counts until its server has
 * buried the process, so that a refusal is met by patience, too.
 */
const mostSessions = 8;
const refusalsBorne = 50;
const refusalMilliseconds = 100;

/** Lets so many at once do their work; the others wait for their turn. */
function turnstile(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = most;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}

/** A Host over a connection that is ready. */
export function sshHost(client: Client, name: string): Host {
  let open = true;
  const waiting = new Set<(thrown: Error) => void>();
  const lost = (thrown?: Error): void => {
    open = false;
    for (const reject of waiting) reject(thrown ?? new Error("connection closed"));
    waiting.clear();
  };
  client.on("error", lost);
  client.on("close", () => lost());

  /** Whatever waits for the host fails when the connection does: channels alone would wait for ever. */
  async function attached<T>(work: (reject: (thrown: Error) => void) => Promise<T>): Promise<T> {
    let reject: (thrown: Error) => void = () => {};
    const gone = new Promise<never>((_, refuse) => (reject = refuse));
    if (!open) lostConnection("it was closed before");
    waiting.add(reject);
    try {
      return await Promise.race([work(reject), gone]);
    } catch (thrown) {
      if (open && mayBeLost(thrown)) await soonClosed();
      if (!open || thrown instanceof CutOff) lostConnection(thrown instanceof Error ? thrown.message : String(thrown));
      throw thrown;
    } finally {
      waiting.delete(reject);
    }
  }

  /** A channel may end a moment before the connection that carried it says that it is gone. */
  const soonClosed = (): Promise<void> =>
    new Promise((resolve) => {
      const closed = (): void => {
        clearTimeout(timer);
        waiting.delete(closed);
        resolve();
      };
      const timer = setTimeout(closed, 250);
      waiting.add(closed);
    });

  function lostConnection(detail: string): never {
    fail({
      code: "ssh-lost",
      summary: "The connection to the droplet was lost",
      detail,
      address: name,
      remedy: "Run this again: it goes on where it stopped, and the site keeps serving.",
    });
  }

  const openChannel = (line: string, options: { readonly pty?: object }): Promise<ClientChannel> =>
    new Promise((resolve, reject) => {
      client.exec(line, options, (thrown, stream) => (thrown ? reject(thrown) : resolve(stream)));
    });
  const channel = async (line: string, options: { readonly pty?: object } = {}): Promise<ClientChannel> => {
    for (let refusals = 0; ; refusals++) {
      try {
        return await openChannel(line, options);
      } catch (thrown) {
        // Only a refused channel has a reason; nothing of the command was sent then.
        if (!(thrown instanceof Error && "reason" in thrown) || refusals >= refusalsBorne) throw thrown;
      }
      await new Promise((resolve) => setTimeout(resolve, refusalMilliseconds));
    }
  };

  const tunnel = (port: number, url: string): Promise<ClientChannel> =>
    new Promise((resolve, reject) => {
      client.forwardOut("127.0.0.1", 0, "127.0.0.1", port, (thrown, stream) => {
        // The server refuses a channel only where it could not connect.
        if (thrown) reject(new TransportError("refused", url, `${url}: ${thrown.message}`));
        else resolve(stream);
      });
    });

  const inTurn = turnstile(mostSessions);
  const run: Host["run"] = (command) => attached(() => inTurn(() => execute(channel, command)));

  return {
    name,
    run,
    ...filesOver(name, run),

    http: (request) =>
      attached(async () => {
        const url = `http://127.0.0.1:${request.port}${request.path}`;
        return httpOverStream(await tunnel(request.port, url), { timeoutMilliseconds: 5_000, ...request, url });
      }),

    shell: (terminal, argv) => attached(() => interactive(client, channel, terminal, argv)),

    close: () =>
      new Promise((resolve) => {
        if (!open) return resolve();
        client.once("close", () => resolve());
        client.end();
      }),
  };
}

async function execute(
  channel: (line: string) => Promise<ClientChannel>,
  command: HostCommand,
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const calledOff = (): TransportError => new TransportError("aborted", "ssh:", "aborted");
  // Called off while it waited for its turn, or while its channel was opened: nobody would hear of that later.
  if (command.signal?.aborted) throw calledOff();
  const stream = await channel(commandLine(command.argv));
  return new Promise((resolve, reject) => {
    let stdout = "";
    let stderr = "";
    const stop = (thrown: Error): void => {
      stream.close();
      reject(thrown);
    };
    const timer =
      command.timeoutMilliseconds === undefined
        ? undefined
        : setTimeout(
            () => stop(new TransportError("timeout", "ssh:", `no end within ${command.timeoutMilliseconds} ms`)),
            command.timeoutMilliseconds,
          );
    const aborted = (): void => stop(calledOff());
    command.signal?.addEventListener("abort", aborted, { once: true });
    if (command.signal?.aborted) aborted();

    const { onBytes } = command;
    if (onBytes) stream.on("data", (chunk: Buffer) => onBytes(chunk));
    else {
      stream.setEncoding("utf8");
      stream.on("data", (chunk: string) => {
        stdout += chunk;
        command.onOutput?.(chunk, "stdout");
      });
    }
    stream.stderr.setEncoding("utf8");
    stream.stderr.on("data", (chunk: string) => {
      stderr += chunk;
      command.onOutput?.(chunk, "stderr");
    });
    // The close repeats the exit status: a quick command sends its own before anyone can listen.
    stream.on("close", (code: number | null | undefined) => {
      clearTimeout(timer);
      command.signal?.removeEventListener("abort", aborted);
      // A channel without an exit status was cut off.
      if (code === undefined) reject(new CutOff("the command was cut off"));
      else resolve({ exitCode: code ?? 143, stdout, stderr });
    });
    // A command that ends before it reads its input is no failure of ours.
    stream.on("error", () => {});
    const input = command.stdin === undefined ? undefined : bytesOf(command.stdin);
    if (input && command.onSent) void give(stream, Buffer.from(input), command.onSent);
    else stream.end(input);
  });
}

const pieceBytes = 256 * 1024;

/** Piece by piece, each when the one before is on its way: so that somebody can watch. Where the channel ends, so does this. */
async function give(stream: ClientChannel, input: Buffer, onSent: (bytes: number) => void): Promise<void> {
  for (let at = 0; at < input.length; at += pieceBytes) {
    const piece = input.subarray(at, at + pieceBytes);
    await new Promise<void>((resolve) => stream.write(piece, () => resolve()));
    onSent(piece.length);
  }
  stream.end();
}

async function interactive(
  client: Client,
  channel: (line: string, options: { readonly pty?: object }) => Promise<ClientChannel>,
  { input, output, type = "xterm-256color" }: Terminal,
  argv: readonly string[] | undefined,
): Promise<number> {
  const pty = { term: type, cols: output.columns ?? 80, rows: output.rows ?? 24 };
  const stream = argv
    ? await channel(commandLine(argv), { pty })
    : await new Promise<ClientChannel>((resolve, reject) => {
        client.shell(pty, (thrown, opened) => (thrown ? reject(thrown) : resolve(opened)));
      });
  const resize = (): void => {
    stream.setWindow(output.rows ?? 24, output.columns ?? 80, 0, 0);
  };
  input.setRawMode?.(true);
  output.on("resize", resize);
  try {
    return await new Promise((resolve) => {
      stream.on("close", (code: number | null | undefined) => resolve(code ?? 143));
      stream.on("error", () => {});
      stream.pipe(output, { end: false });
      stream.stderr.pipe(output, { end: false });
      input.pipe(stream);
    });
  } finally {
    input.unpipe(stream);
    input.pause();
    output.off("resize", resize);
    input.setRawMode?.(false);
  }
}
