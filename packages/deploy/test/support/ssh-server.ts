import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { type AddressInfo, connect } from "node:net";
import ssh2, { type Connection, type ServerChannel } from "ssh2";

const { Server, utils } = ssh2;

export interface Keys {
  readonly privateKey: string;
  /** `ssh-ed25519 AAAA…`. */
  readonly publicKey: string;
}

export function makeKeys(): Keys {
  // ssh2 now and then makes a key that it can't read itself.
  for (;;) {
    const pair = utils.generateKeyPairSync("ed25519");
    const readable = [pair.private, pair.public].every((key) => !(utils.parseKey(key) instanceof Error));
    if (readable) return { privateKey: pair.private, publicKey: pair.public.trim() };
  }
}

/** A key that is no SSH key, for refusals. */
export const strangePem = (): string =>
  generateKeyPairSync("x25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();

export interface SshServer {
  readonly port: number;
  stop(): Promise<void>;
  /** Cuts every connection, as a network does. */
  cut(): void;
}

/** An SSH server on 127.0.0.1 that runs commands with /bin/sh and tunnels to ports that `locate` names. */
export async function startSshServer(options: {
  readonly hostKey: Keys;
  readonly user: Keys;
  readonly env?: Readonly<Record<string, string>>;
  readonly locate?: (port: number) => number;
  readonly port?: number;
}): Promise<SshServer> {
  const connections = new Set<Connection>();
  const allowed = utils.parseKey(options.user.publicKey);
  if (allowed instanceof Error) throw allowed;
  const server = new Server({ hostKeys: [options.hostKey.privateKey] }, (client) => {
    connections.add(client);
    (client as Connection & { setNoDelay(on: boolean): void }).setNoDelay(true);
    client.on("error", () => {});
    client.on("close", () => connections.delete(client));
    client.on("authentication", (context) => {
      if (context.method !== "publickey" || !context.key.data.equals(allowed.getPublicSSH())) {
        return context.reject(["publickey"]);
      }
      if (context.signature && !allowed.verify(context.blob ?? Buffer.alloc(0), context.signature, context.hashAlgo)) {
        return context.reject();
      }
      return context.accept();
    });
    client.on("session", (accept) => {
      accept().on("exec", (acceptExec, _reject, { command }) => execute(acceptExec(), command, options.env ?? {}));
    });
    client.on("tcpip", (accept, reject, { destPort }) => {
      const socket = connect({ host: "127.0.0.1", port: options.locate?.(destPort) ?? destPort });
      socket.once("error", () => reject());
      socket.once("connect", () => {
        const channel = accept();
        socket.on("error", () => channel.destroy());
        channel.on("error", () => socket.destroy());
        channel.pipe(socket).pipe(channel);
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, "127.0.0.1", resolve));
  const cut = (): void => connections.forEach((client) => void client.end());
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cut();
      }),
  };
}

function execute(channel: ServerChannel, command: string, env: Readonly<Record<string, string>>): void {
  const child = spawn("/bin/sh", ["-c", command], { env: { ...process.env, ...env } });
  channel.on("error", () => {});
  child.stdin.on("error", () => {});
  channel.pipe(child.stdin);
  child.stdout.on("data", (chunk: Buffer) => channel.write(chunk));
  child.stderr.on("data", (chunk: Buffer) => channel.stderr.write(chunk));
  channel.on("close", () => child.kill());
  child.on("close", (code) => {
    channel.exit(code ?? 143);
    channel.end();
  });
}
