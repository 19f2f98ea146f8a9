import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import ssh2 from "ssh2";
import { pack } from "tar-stream";
import { createCertificateAuthority } from "../../src/ca/index.ts";
import { createDroplets } from "../../src/droplet/index.ts";
import { startEdge } from "../../src/edge/edge.ts";
import { createContext } from "../../src/kit/context.ts";
import { createNetwork } from "../../src/network/index.ts";
import type { MachineSpec } from "../../src/ports.ts";

const { generateKeyPairSync } = ssh2.utils;

export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Rig {
  readonly folder: string;
  readonly spec: MachineSpec;
  readonly network: ReturnType<typeof createNetwork>;
  readonly droplets: ReturnType<typeof createDroplets>;
  readonly hostPublic: string;
  /** Runs a command on the droplet with OpenSSH's client, host key pinned. */
  ssh(
    command: string,
    options?: { readonly stdin?: string | Buffer; readonly args?: readonly string[] },
  ): Promise<Output>;
  /** The same, and throws where it fails. */
  ok(command: string, stdin?: string | Buffer): Promise<string>;
  /** The local cloud is stopped and started again, over the same folder. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** A local cloud with one droplet, booted as the workflow boots it. */
export async function startRig(
  options: {
    readonly registries?: Readonly<Record<string, string>>;
    readonly zones?: Readonly<Record<string, string>>;
    readonly postgres?: string;
    /** Port on which every vendor of the local cloud is. */
    readonly vendor?: number;
  } = {},
): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), "doge-droplet-"));
  const host = generateKeyPairSync("ed25519");
  const user = generateKeyPairSync("ed25519");
  const resolve = (name: string): readonly string[] => {
    const found = name === "shop.example" ? spec.address : options.zones?.[name];
    return found === undefined ? [] : [found];
  };
  const network = createNetwork();
  const make = async () => {
    const { vendor } = options;
    const context = createContext({ folder, ...(vendor === undefined ? {} : { port: () => vendor }) });
    const ca = await createCertificateAuthority(context, { resolve });
    return {
      context,
      ...createDroplets(context, {
        network,
        ca,
        startEdge,
        resolve,
        registries: options.registries ?? {},
        ...(options.postgres ? { postgres: options.postgres } : {}),
      }),
    };
  };
  let cloud = await make();
  const spec: MachineSpec = {
    id: "4711",
    name: "shop-prod",
    address: cloud.machines.allocateAddress(),
    userData: `#cloud-config\n${JSON.stringify({
      users: [{ name: "doge", groups: "docker", ssh_authorized_keys: [user.public] }],
      disable_root: true,
      ssh_keys: { ed25519_private: host.private, ed25519_public: host.public },
      write_files: [
        { path: "/etc/ssh/sshd_config.d/10-doge.conf", content: "Port 2222\nPermitRootLogin no\n" },
        {
          path: "/home/doge/motd",
          content: Buffer.from("wow\n").toString("base64"),
          encoding: "b64",
          permissions: "0640",
        },
      ],
      packages: ["docker.io"],
      runcmd: [["systemctl", "restart", "ssh"]],
    })}`,
    sshKeys: [],
    memoryMegabytes: 1024,
    vcpus: 1,
  };
  await cloud.machines.boot(spec);
  const files = mkdtempSync(join(tmpdir(), "doge-ssh-"));
  const hostPublic = host.public.split(" ").slice(0, 2).join(" ");
  writeFileSync(join(files, "known_hosts"), `[${spec.address}]:2222 ${hostPublic}\n`);
  writeFileSync(join(files, "key"), user.private, { mode: 0o600 });

  const settings: Readonly<Record<string, string>> = {
    Port: "2222",
    User: "doge",
    IdentityFile: join(files, "key"),
    UserKnownHostsFile: join(files, "known_hosts"),
    StrictHostKeyChecking: "yes",
    BatchMode: "yes",
    // One connection for all: many channels side by side.
    ControlMaster: "auto",
    ControlPath: join(files, "mux"),
    ControlPersist: "2",
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  const ssh: Rig["ssh"] = (command, { stdin, args = [] } = {}) =>
    // ssh takes the first of several values.
    run("ssh", ["-F", "none", ...args, ...flags, spec.address, command], stdin);
  return {
    folder,
    spec,
    network,
    get droplets() {
      return cloud;
    },
    hostPublic,
    ssh,
    async ok(command, stdin) {
      const result = await ssh(command, stdin === undefined ? {} : { stdin });
      if (result.code !== 0) throw new Error(`${command} ended with ${result.code}\n${result.stdout}${result.stderr}`);
      return result.stdout;
    },
    async restart() {
      await cloud.service.stop?.();
      cloud.context.store.close();
      cloud = await make();
      await cloud.service.start?.();
    },
    async close() {
      await cloud.service.stop?.();
      cloud.context.store.close();
      await rm(folder, { recursive: true, force: true });
      await rm(files, { recursive: true, force: true });
    },
  };
}

export function run(file: string, args: readonly string[], stdin?: string | Buffer): Promise<Output> {
  const child = spawn(file, [...args], { stdio: "pipe" });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on("error", () => {});
  child.stdin.end(stdin);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    // A master connection in the background keeps the pipes open: the command's own end counts.
    child.once("exit", (code) => setTimeout(() => resolve({ code: code ?? 255, stdout, stderr }), 20));
  });
}

export interface Files {
  readonly [path: string]: string;
}

export const sha256 = (bytes: Uint8Array | string): string =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

export async function tar(files: Files | Readonly<Record<string, string | Buffer>>): Promise<Buffer> {
  const archive = pack();
  // The same files are the same layer.
  const mtime = new Date(0);
  for (const [name, content] of Object.entries(files)) {
    if (name.endsWith("@"))
      archive.entry({ name: name.slice(0, -1), mtime, type: "symlink", linkname: content.toString() });
    else archive.entry({ name, mtime }, content as string);
  }
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export interface ImageParts {
  readonly config: Buffer;
  readonly layers: readonly Buffer[];
}

/** An image of a Node app. `layers` are lists of files, lowest first. */
export async function image(layers: readonly Files[], config: object = {}): Promise<ImageParts> {
  const packed = await Promise.all(layers.map(tar));
  const document = {
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: "linux",
    created: "2026-01-01T00:00:00Z",
    config: {
      Env: ["PATH=/usr/local/bin:/usr/bin:/bin", "NODE_VERSION=24.0.0", "NODE_ENV=production"],
      WorkingDir: "/app",
      Cmd: ["node", "/app/server.mjs"],
      ...config,
    },
    rootfs: { type: "layers", diff_ids: packed.map(sha256) },
  };
  return { config: Buffer.from(JSON.stringify(document)), layers: packed.map((layer) => gzipSync(layer)) };
}

/** As `docker save` writes it. */
export async function dockerArchive(name: string, parts: ImageParts): Promise<Buffer> {
  const layers = Object.fromEntries(parts.layers.map((layer, index) => [`layer${index}.tar.gz`, layer]));
  const manifest = JSON.stringify([{ Config: "config.json", RepoTags: [name], Layers: Object.keys(layers) }]);
  return tar({ "config.json": parts.config, ...layers, "manifest.json": manifest });
}

/** An app that says who it is, drains on SIGUSR1 and says good-bye on SIGTERM. */
export const app = `
import { createServer } from "node:http";
import { hostname } from "node:os";
let ready = true;
process.on("SIGUSR1", () => { ready = false; console.log("draining"); });
process.on("SIGTERM", () => { console.log("bye"); server.close(() => process.exit(0)); server.closeIdleConnections(); });
const server = createServer((request, response) => {
  if (request.url === "/readyz") return response.writeHead(ready ? 200 : 503).end(ready ? "ready" : "draining");
  if (request.url === "/env") return response.end(JSON.stringify(process.env));
  response.end(\`\${process.env.RELEASE ?? "app"} on \${hostname()}\`);
});
server.listen(Number(process.env.PORT ?? 3000), () => console.log("listening on " + server.address().address));
// For its own eyes only.
createServer((_, response) => response.end("inner")).listen(4000, "127.0.0.1");
console.error("to stderr");
`;
