/** A Django project that Doge was brought to, with the real tool in it, on a real host. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Secret } from "../../packages/core/src/index.ts";
import { emptyState, folderFiles, sealer, versionedStateStore } from "../../packages/engine/src/index.ts";
import { createSpaces } from "../../packages/providers/src/digitalocean/index.ts";
import { engineSocket } from "../../tools/hosts/droplet.ts";
import { acme, type DropletName, places, registry, spaces } from "../../tools/hosts/places.ts";
import { run } from "../../tools/hosts/shell.ts";
import { doge } from "../tool.ts";
import { writeDjangoApp } from "./django-app.ts";
import { machine, record, sshReal } from "./real.ts";

export interface AdoptedProject {
  /** Of the app's sources. */
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

/**
 * Writes the app, commits it, adopts it. Images are built with the engine of the droplet `builder`, and go through the
 * hosts' registry; without one, there is none to be reached.
 */
export async function adoptDjango(
  slug: string,
  builder: DropletName,
  images: "ghcr" | "none" = "ghcr",
): Promise<AdoptedProject> {
  const root = mkdtempSync(join(tmpdir(), "doge-adopted-"));
  const folder = join(root, "app");
  const env = {
    PATH: `${dockerClient(join(root, "bin"))}:${process.env["PATH"]}`,
    DOCKER_HOST: `unix://${engineSocket(builder)}`,
    DOGE_REGISTRY_URL: images === "none" ? "https://registry.invalid" : `https://${registry.host}`,
    GITHUB_TOKEN: registry.token,
    GITHUB_ACTOR: registry.username,
    SPACES_ENDPOINT_URL: spaces.url,
    SPACES_ACCESS_KEY_ID: spaces.accessKeyId,
    SPACES_SECRET_ACCESS_KEY: spaces.secretAccessKey,
    // For the builder's client, which asks the registry for its token: the public authorities of the hosts' network.
    SSL_CERT_FILE: places.roots,
    SSH_KEY: readFileSync(record().privateKey, "utf8"),
    ACME_DIRECTORY: acme.directory,
  };
  const git = (...argv: readonly string[]): string =>
    run(["git", "-c", "user.name=ada", "-c", "user.email=ada@such.test", ...argv], { cwd: folder });
  const ask = async (...words: readonly string[]) => {
    const { exitCode, stdout, stderr } = await doge(words, { cwd: folder, env });
    return { exitCode, stdout, said: `${stderr}${stdout}` };
  };
  const tool = async (...words: readonly string[]): Promise<string> => {
    const { exitCode, stdout, said } = await ask(...words);
    if (exitCode !== 0) throw new Error(`doge ${words.join(" ")} ended with ${exitCode}:\n${said}`);
    return stdout;
  };
  const commit = (message: string): void => {
    git("add", "--all");
    git("commit", "--quiet", "--message", message);
  };

  writeDjangoApp(folder, `${registry.host}/doge/django:trixie`);
  git("init", "--quiet", "--initial-branch", "main");
  commit("such Django");
  const identity = ["--name", "Such Django", "--slug", slug, "--domain", domain, "--owner", "doge"];
  await tool("adopt", "--yes", "--no-install", "--organization", "doge", ...identity);
  const config = join(folder, "doge.config.ts");
  // Chosen otherwise: there is no HCP Terraform beside the hosts, and this app knows how to drain.
  const chosen = readFileSync(config, "utf8")
    .replace(
      "\n} satisfies",
      `\n  executor: "native",\n  state: { backend: "folder" },\n  registry: "${images}",\n} satisfies`,
    )
    .replace("drainSignal: null", 'drainSignal: "SIGUSR1"');
  writeFileSync(config, chosen);
  commit("Adopt Doge");
  return {
    folder,
    commit,
    ask,
    data: async <T>(...words: readonly string[]) =>
      (JSON.parse(await tool(...words, "--json")) as { readonly data: T }).data,
    provisioned: (environment) => noteDroplet(folder, environment),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** A `docker` as a CI machine has it, with its builder; the engine is a droplet's. */
function dockerClient(bin: string): string {
  const { docker: tree } = record();
  mkdirSync(bin, { recursive: true });
  const plugin = `${tree}/usr/libexec/docker/cli-plugins/docker-buildx`;
  const script = `#!/bin/sh
if [ -n "\${DOCKER_CONFIG:-}" ]; then mkdir -p "$DOCKER_CONFIG/cli-plugins"; ln -sf ${plugin} "$DOCKER_CONFIG/cli-plugins/"; fi
exec ${tree}/usr/bin/docker "$@"
`;
  writeFileSync(join(bin, "docker"), script);
  chmodSync(join(bin, "docker"), 0o755);
  return bin;
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
