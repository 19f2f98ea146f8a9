import { type ChildProcess, spawn } from "node:child_process";
import { timingSafeEqual } from "node:crypto";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import ssh2, {
  type AuthContext,
  type Connection,
  type ParsedKey,
  type PseudoTtyInfo,
  type ServerChannel,
  type Session,
} from "ssh2";
import type { CloudInitUser } from "./cloud-init.ts";
import type { Disk } from "./engine/disk.ts";
import { killGroup } from "./engine/process.ts";

export interface SshOptions {
  readonly hostKey: string;
  readonly users: readonly CloudInitUser[];
  readonly disk: Disk;
  /** Where a port of the droplet's own 127.0.0.1 leads. */
  readonly locate: (port: number) => { readonly host: string; readonly port: number } | undefined;
  readonly log: (message: string) => void;
}

export interface SshServer {
  /** Where it listens. */
  readonly port: number;
  readonly host: string;
  stop(): Promise<void>;
}

/** An SSH server as a droplet has it: public keys only, commands, shells, forwarding to the droplet's ports. */
export async function startSsh(
  options: SshOptions,
  places: readonly { readonly host: string; readonly port: number }[],
): Promise<SshServer> {
  const children = new Set<ChildProcess>();
  const connections = new Set<Connection>();
  const server = new ssh2.Server({ hostKeys: [options.hostKey], ident: "OpenSSH_9.6 doge" }, (client) => {
    connections.add(client);
    // As sshd: a command's few small packets don't wait for each other's acknowledgement.
    (client as Connection & { setNoDelay(on: boolean): void }).setNoDelay(true);
    client.on("close", () => connections.delete(client));
    client.on("error", (thrown) => options.log(`SSH: ${thrown.message}`));
    let user: CloudInitUser | undefined;
    client.on("authentication", (context) => {
      user = authenticate(context, options.users);
      if (user) context.accept();
      else context.reject(["publickey"]);
    });
    client.on("ready", () => {
      client.on("session", (accept) => user && serveSession(accept(), user, options, children));
      client.on("tcpip", (accept, reject, { destIP, destPort }) => {
        const loopback = /^(127\.0\.0\.1|localhost|::1|)$/.test(destIP);
        const place = loopback ? options.locate(destPort) : { host: destIP, port: destPort };
        if (!place) {
          reject();
          return;
        }
        const socket = connect({ ...place, allowHalfOpen: true, noDelay: true });
        let joined = false;
        socket.once("connect", () => {
          joined = true;
          const channel = accept();
          socket.pipe(channel).pipe(socket);
          channel.on("error", () => socket.destroy());
          channel.on("close", () => socket.destroy());
        });
        socket.on("error", () => (joined ? socket.destroy() : reject()));
      });
    });
  });
  const { host, port } = await listenOnFirst(server, places);
  return {
    host,
    port,
    stop: async () => {
      for (const child of children) if (child.pid !== undefined) killGroup(child.pid, "SIGKILL");
      for (const connection of connections) connection.end();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function listenOnFirst(
  server: ssh2.Server,
  places: readonly { host: string; port: number }[],
): Promise<{ host: string; port: number }> {
  let failure: unknown;
  for (const place of places) {
    try {
      return await new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(place.port, place.host, () => {
          server.removeListener("error", reject);
          resolve({ host: place.host, port: (server.address() as { port: number }).port });
        });
      });
    } catch (thrown) {
      failure = thrown;
    }
  }
  throw failure;
}

/** The user whose key signed, or undefined. A client may first ask whether a key would do: then there is no signature. */
function authenticate(context: AuthContext, users: readonly CloudInitUser[]): CloudInitUser | undefined {
  if (context.method !== "publickey") return undefined;
  const user = users.find(({ name }) => name === context.username);
  const same = (key: ParsedKey): boolean => {
    const known = key.getPublicSSH();
    return known.length === context.key.data.length && timingSafeEqual(known, context.key.data);
  };
  const keys = user?.keys.flatMap((line) => {
    const parsed = ssh2.utils.parseKey(line);
    return parsed instanceof Error ? [] : [parsed].flat();
  });
  const key = keys?.find(same);
  if (!key || !user) return undefined;
  if (!context.signature || !context.blob) return user;
  return key.verify(context.blob, context.signature, context.hashAlgo) === true ? user : undefined;
}

function serveSession(session: Session, user: CloudInitUser, options: SshOptions, children: Set<ChildProcess>): void {
  let terminal: PseudoTtyInfo | undefined;
  let child: ChildProcess | undefined;
  const asked: Record<string, string> = {};
  session.on("pty", (accept, _reject, info) => {
    terminal = info;
    accept?.();
  });
  session.on("env", (accept, reject, { key, val }) => {
    // sshd's usual AcceptEnv.
    const wanted = /^(LANG|LC_\w+)$/.test(key);
    if (wanted) asked[key] = val;
    (wanted ? accept : reject)?.();
  });
  session.on("window-change", (accept) => accept?.());
  session.on("signal", (accept, _reject, { name }) => {
    if (child?.pid !== undefined) killGroup(child.pid, `SIG${name}` as NodeJS.Signals);
    accept?.();
  });
  session.on("subsystem", (_accept, reject) => reject());
  const begin = (channel: ServerChannel, command: string | undefined): void => {
    child = run(channel, command, terminal, environment(user, options.disk, asked));
    children.add(child);
    child.once("close", () => child && children.delete(child));
  };
  session.on("exec", (accept, _reject, { command }) => begin(accept(), command));
  session.on("shell", (accept) => begin(accept(), undefined));
}

/** A clean one: nothing of the cloud's own environment. */
export function environment(
  user: CloudInitUser,
  disk: Disk,
  asked: Readonly<Record<string, string>>,
): Record<string, string> {
  return {
    LANG: "C.UTF-8",
    ...asked,
    USER: user.name,
    LOGNAME: user.name,
    HOME: join(disk.root, user.home),
    SHELL: "/bin/sh",
    PATH: `${disk.bin}:/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin`,
  };
}

function run(
  channel: ServerChannel,
  command: string | undefined,
  terminal: PseudoTtyInfo | undefined,
  env: Record<string, string>,
): ChildProcess {
  const [file, args] = shellOf(command, terminal);
  const child = spawn(file, args, {
    cwd: env["HOME"],
    env: terminal ? { ...env, TERM: "xterm-256color" } : env,
    detached: true,
  });
  const { stdin, stdout, stderr } = child;
  stdin.on("error", () => {});
  channel.on("error", () => {});
  channel.pipe(stdin);
  stdout.pipe(channel, { end: false });
  stderr.pipe(channel.stderr, { end: false });
  channel.on("close", () => {
    // As with sshd: a command without a terminal lives on, until it writes to nobody.
    stdin.destroy();
    stdout.destroy();
    stderr.destroy();
    if (terminal && child.pid !== undefined) killGroup(child.pid, "SIGHUP");
  });
  child.on("error", (thrown) => channel.stderr.write(`${thrown.message}\n`));
  child.on("close", (code, signal) => {
    if (channel.destroyed) return;
    // The exit status goes after the output: some clients stop reading at it.
    channel.write("", () => {
      if (signal) channel.exit(signal.slice(3));
      else channel.exit(code ?? 255);
      channel.end();
    });
  });
  return child;
}

/** `sh -c` for a command, a shell else; `script` lends a terminal where one is asked for. */
function shellOf(command: string | undefined, terminal: PseudoTtyInfo | undefined): [string, string[]] {
  const shell = existsSync("/bin/bash") ? "/bin/bash" : "/bin/sh";
  if (!terminal || !existsSync("/usr/bin/script")) return ["/bin/sh", command === undefined ? [] : ["-c", command]];
  const sized = `stty rows ${terminal.rows || 24} cols ${terminal.cols || 80} 2>/dev/null; ${command ?? `exec ${shell} -i`}`;
  return ["/usr/bin/script", ["-qefc", sized, "/dev/null"]];
}
