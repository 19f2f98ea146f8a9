import { createHash } from "node:crypto";
import { appendFileSync, existsSync } from "node:fs";
import { appendFile, chmod, mkdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import ssh2 from "ssh2";
import type { CertificateAuthority, CloudContext, MachineSpec, Network, StartEdge } from "../ports.ts";
import { type CloudInit, readCloudInit } from "./cloud-init.ts";
import { type Daemon, startDaemon } from "./docker/daemon.ts";
import { type Disk, diskOf } from "./engine/disk.ts";
import { createEngine, type Engine } from "./engine/engine.ts";
import { startCron } from "./cron.ts";
import { crontabFile, writePorts, writeShims } from "./shims.ts";
import { environment, type SshServer, startSsh } from "./ssh.ts";

export interface DropletsOptions {
  readonly network: Network;
  readonly ca: CertificateAuthority;
  readonly startEdge: StartEdge;
  /** Addresses of a name by the zones. */
  readonly resolve: (name: string) => readonly string[];
  /** Where the registries that image references name really stand: `{ "ghcr.io": "http://127.0.0.1:7405" }`. */
  readonly registries: Readonly<Record<string, string>>;
  /** Folder of the PostgreSQL programs; this machine's unless told. */
  readonly postgres?: string;
}

/** A droplet that runs. */
export interface Machine {
  readonly engine: Engine;
  /** `discard`: no time for goodbyes, nothing is kept. */
  stop(options?: { readonly discard?: boolean }): Promise<void>;
}

export const machineFolder = (context: CloudContext, id: string): string => join(context.folder, "droplet", id);

/** Boots: the first time by cloud-init, later as it was left. Resolves when SSH answers and what restarts is back. */
export async function bootMachine(
  context: CloudContext,
  options: DropletsOptions,
  spec: MachineSpec,
  hostKey: string,
): Promise<Machine> {
  const folder = machineFolder(context, spec.id);
  const disk = diskOf(folder);
  const setup = readCloudInit(spec.userData, spec.sshKeys);
  await firstBoot(disk, setup, context.now());
  const socket = join(await runtimeFolder(folder), "docker.sock");
  await writeShims(disk, socket);
  const engine = createEngine({ ...options, context, droplet: spec, disk, socket });
  const daemon: Daemon = await startDaemon({ engine, socket, resolve: options.resolve });
  const rewritePorts = (): void => writePorts(disk, engine.ports);
  engine.containers.on("change", rewritePorts);
  const ssh: SshServer = await startSsh(
    {
      hostKey,
      users: setup.users,
      disk,
      locate: (port) => engine.ports.locate(port),
      log: (message) => context.log("droplet", `${spec.name}: ${message}`),
    },
    // Port 22 may be forbidden to us: then it stands elsewhere, and the network knows.
    [
      { host: spec.address, port: setup.sshPort },
      { host: "127.0.0.1", port: 0 },
    ],
  );
  const [user] = setup.users;
  const cron =
    user &&
    startCron({
      file: crontabFile(disk),
      env: environment(user, disk, {}),
      now: () => context.now(),
      log: (message) => context.log("droplet", `${spec.name}: ${message}`),
    });
  options.network.publish(spec.address, setup.sshPort, { host: ssh.host, port: ssh.port });
  await engine.containers.recover();
  return {
    engine,
    async stop({ discard = false } = {}) {
      options.network.unpublish(spec.address, setup.sshPort);
      cron?.stop();
      await ssh.stop();
      await engine.containers.shutdown(discard ? 0 : 10);
      engine.containers.off("change", rewritePorts);
      await daemon.stop();
      await rm(dirname(socket), { recursive: true, force: true });
    },
  };
}

/** The private host key: cloud-init's, else a new one. Throws where the given one can't be read. */
export function hostKeyFor(spec: MachineSpec): string {
  const { hostKey } = readCloudInit(spec.userData, []);
  if (hostKey === undefined) return ssh2.utils.generateKeyPairSync("ed25519").private;
  const parsed = ssh2.utils.parseKey(hostKey);
  if (parsed instanceof Error) {
    throw new Error(
      `cloud-init's ssh_keys.ed25519_private is no key that sshd reads: ${parsed.message} (OpenSSH form is wanted)`,
    );
  }
  return hostKey;
}

/** What cloud-init does once in the life of a droplet. */
async function firstBoot(disk: Disk, setup: CloudInit, now: Date): Promise<void> {
  const log = join(disk.root, "var/log/cloud-init-output.log");
  if (existsSync(log)) return;
  for (const { home } of [...setup.users, { home: "/root" }])
    await mkdir(join(disk.root, home), { recursive: true, mode: 0o750 });
  for (const folder of ["etc", "opt", "srv", "tmp", "var/log", "var/lib/docker"])
    await mkdir(join(disk.root, folder), { recursive: true });
  for (const { path, content, mode, append } of setup.files) {
    const place = join(disk.root, join("/", path));
    await mkdir(dirname(place), { recursive: true });
    await (append ? appendFile(place, content) : writeFile(place, content));
    await chmod(place, mode);
  }
  appendFileSync(
    log,
    [`cloud-init of the local droplet, ${now.toISOString()}`, ...setup.log, "finished", ""].join("\n"),
  );
}

/** For sockets, whose paths may be short only: in the droplet's folder where that is short, else among temporary files. */
async function runtimeFolder(folder: string): Promise<string> {
  const own = join(folder, "run");
  if (own.length <= 60) {
    await mkdir(own, { recursive: true, mode: 0o700 });
    return own;
  }
  const name = createHash("sha256").update(folder).digest("hex").slice(0, 12);
  const path = join(tmpdir(), `doge-${process.getuid?.() ?? 0}-${name}`);
  await mkdir(path, { recursive: true, mode: 0o700 });
  const { uid, mode } = await stat(path);
  if (uid !== (process.getuid?.() ?? uid) || (mode & 0o077) !== 0) throw new Error(`${path} belongs to somebody else`);
  return path;
}
