/** A project on this machine whose environments are real hosts, and the real tool in it. */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { Secret } from "../../packages/core/src/index.ts";
import { emptyState, folderFiles, sealer, versionedStateStore } from "../../packages/engine/src/index.ts";
import { createSpaces } from "../../packages/providers/src/digitalocean/index.ts";
import { acme, type DropletName, registry, spaces } from "../../tools/hosts/places.ts";
import { run } from "../../tools/hosts/shell.ts";
import { doge } from "../tool.ts";
import { machine, record, sshReal } from "./real.ts";

export interface HostedProject {
  /** Of the app's sources: a git repository. */
  readonly folder: string;
  commit(message: string): void;
  /** Notes in the environment's state what an apply leaves there: where its droplet is, and its host key. */
  provisioned(environment: DropletName): Promise<void>;
  /** The data of a command; throws with what it said where it fails. */
  data<T>(...words: readonly string[]): Promise<T>;
  /** Exit code and everything that a command says. */
  ask(...words: readonly string[]): Promise<{ readonly exitCode: number | null; readonly said: string }>;
  remove(): void;
}

export const domain = "such.test";

/** An empty repository below \`root\`, and what the tool needs of the hosts' network: \`env\` comes on top. */
export function hostedProject(root: string, env: Readonly<Record<string, string>> = {}): HostedProject {
  const folder = join(root, "app");
  const all = {
    DOGE_REGISTRY_URL: `https://${registry.host}`,
    GITHUB_TOKEN: registry.token,
    GITHUB_ACTOR: registry.username,
    SPACES_ENDPOINT_URL: spaces.url,
    SPACES_ACCESS_KEY_ID: spaces.accessKeyId,
    SPACES_SECRET_ACCESS_KEY: spaces.secretAccessKey,
    SSH_KEY: readFileSync(record().privateKey, "utf8"),
    ACME_DIRECTORY: acme.directory,
    ...env,
  };
  const git = (...argv: readonly string[]): string =>
    run(["git", "-c", "user.name=ada", "-c", "user.email=ada@such.test", ...argv], { cwd: folder });
  const ask = async (...words: readonly string[]) => {
    const { exitCode, stdout, stderr } = await doge(words, { cwd: folder, env: all });
    return { exitCode, stdout, said: `${stderr}${stdout}` };
  };
  mkdirSync(folder, { recursive: true });
  git("init", "--quiet", "--initial-branch", "main");
  return {
    folder,
    ask,
    commit(message) {
      git("add", "--all");
      git("commit", "--quiet", "--message", message);
    },
    async data<T>(...words: readonly string[]) {
      const { exitCode, stdout, said } = await ask(...words, "--json");
      if (exitCode !== 0) throw new Error(`doge ${words.join(" ")} ended with ${exitCode}:\n${said}`);
      return (JSON.parse(stdout) as { readonly data: T }).data;
    },
    provisioned: (environment) => noteDroplet(folder, environment),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

async function noteDroplet(folder: string, environment: DropletName): Promise<void> {
  const { files, clock, processes } = machine;
  const store = versionedStateStore({
    files: folderFiles(files, join(folder, ".doge/state")),
    name: `${environment}.tfstate`,
    sealer: sealer([], "state"),
    clock,
    processes,
  });
  const { host: address, hostKey } = sshReal(environment);
  const lease = await store.lock("a test");
  const before = (await store.read()) ?? emptyState();
  const text = (value: string) => ({ value, type: "string" as const });
  const outputs = { droplet_ipv4: text(address), host_public_key: text(hostKey) };
  await lease.save({ ...before, serial: before.serial + 1, outputs });
  await lease.release();
}

/** The bucket that the environment's workspace makes. */
export async function makeBucket(name: string): Promise<void> {
  const { http, clock } = machine;
  const client = createSpaces({
    http,
    clock,
    accessKeyId: new Secret(spaces.accessKeyId),
    secretAccessKey: new Secret(spaces.secretAccessKey),
    endpoint: spaces.url,
    region: "fra1",
  });
  if (!(await client.exists(name))) await client.create(name, "private");
}

export const page = async (url: string): Promise<string> => (await machine.http.send({ method: "GET", url })).text();

/** Serial number and end of the certificate that a site shows, checked against the ACME server's root. */
export const certificate = (host: string): Promise<{ readonly serial: string; readonly until: Date }> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, servername: host, port: 443 }, () => {
      const { serialNumber, valid_to: until } = socket.getPeerCertificate();
      socket.end();
      resolve({ serial: serialNumber, until: new Date(until) });
    });
    socket.on("error", reject);
  });
