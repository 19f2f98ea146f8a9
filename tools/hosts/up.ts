import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { prepareApp } from "./app.ts";
import { endGroup, enterGroup, makeGroup } from "./cgroups.ts";
import { openAuthority } from "./authority.ts";
import { project } from "./cloud-init.ts";
import { bootDroplet, createDroplet, onConsole, tryOnConsole } from "./droplet.ts";
import { makeNetwork, plug, removeNetwork } from "./network.ts";
import { droplets, type HostsRecord, network, places, registry } from "./places.ts";
import type { Prepared } from "./prepare.ts";
import { readImages } from "./images.ts";
import { attempt, run, until } from "./shell.ts";

/** Ends every host and whatever belongs to it, also what a killed run left. */
export async function down(): Promise<void> {
  await endGroup();
  removeNetwork();
  for (const line of run(["losetup", "--list", "--noheadings", "--output", "NAME,BACK-FILE"]).split("\n")) {
    const [device = "", file = ""] = line.trim().split(/\s+/);
    if (file.startsWith(places.state)) attempt(["losetup", "--detach", device]);
  }
  rmSync(places.state, { recursive: true, force: true });
}

/** Argv that runs in the hosts' network, with their DNS and their authorities: as anyone on the internet would. */
export function inNetwork(argv: readonly string[]): readonly string[] {
  const enter = ["nsenter", `--net=/run/netns/${network.namespace}`, "unshare", "--mount", "--propagation", "private"];
  const names = ["sh", "-ceu", 'mount --bind "$0" /etc/resolv.conf; exec "$@"', join(places.state, "resolv.conf")];
  const proxies = ["HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy", "DOGE_RESOLVER"];
  const env = ["env", ...proxies.flatMap((name) => ["-u", name]), `NODE_EXTRA_CA_CERTS=${places.roots}`];
  return [...enter, ...names, ...env, ...argv];
}

// Its exit code tells of warnings, too: groups that packages of the root file system have made before.
const booted = 'cloud-init status --wait | grep "status: done" && systemctl is-active --quiet docker';

/** Boots stage and prod afresh, from their user data to images on their disks. */
export async function up(prepared: Prepared, say: (message: string) => void): Promise<void> {
  await down();
  mkdirSync(places.state, { recursive: true, mode: 0o700 });
  const authority = await openAuthority();
  authority.close();
  writeFileSync(join(places.state, "resolv.conf"), `nameserver ${network.address}\n`);
  writeFileSync(places.roots, authority.rootPem);
  makeNetwork();
  say("starting registry, DNS and the ACME directories");
  startServices(prepared.distribution);

  const privateKey = join(places.state, "deploy_key");
  run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "deploy", "-f", privateKey]);
  const deployKey = readFileSync(`${privateKey}.pub`, "utf8").trim();
  say(`booting ${droplets.map(({ name, address }) => `${name} (${address})`).join(", ")}`);
  const made = droplets.map((droplet) => {
    const { hostKey } = createDroplet(droplet.name, { deployKey, authorityPem: authority.rootPem });
    plug(droplet.name, droplet.address);
    bootDroplet(droplet.name, prepared.rootfs);
    return { ...droplet, port: project.ssh.port, user: project.ssh.user, hostKey };
  });
  await prepareApp();
  const ready = join(places.state, "services/ready");
  await until("the services beside the hosts", 30, () => existsSync(ready));
  say("pushing the images of node, postgres and caddy to the registry");
  run(inNetwork([process.execPath, join(import.meta.dirname, "push.ts"), prepared.images]));

  for (const { name } of droplets) {
    await until(`the first boot of ${name}`, 60, () => tryOnConsole(name, "sh", "-c", booted));
  }
  say("loading them on the hosts");
  await Promise.all(
    droplets.map(async ({ name }) => {
      for (const image of readImages(prepared.images)) {
        const reference = `${registry.host}/${image.repository}:${image.tag}`;
        onConsole(name, "docker", "pull", "--quiet", reference);
        onConsole(name, "docker", "tag", reference, image.name);
      }
    }),
  );
  const record: HostsRecord = { droplets: made, privateKey, rootfs: prepared.rootfs };
  writeFileSync(places.hosts, JSON.stringify(record, null, 2));
}

function startServices(distributionTree: string): void {
  makeGroup("services");
  const log = openSync(join(places.state, "services.log"), "a");
  const script = `${enterGroup("services")}\nexec "$@"`;
  const argv = inNetwork([process.execPath, join(import.meta.dirname, "services.ts"), distributionTree]);
  spawn("bash", ["-c", script, "bash", ...argv], { detached: true, stdio: ["ignore", log, log] }).unref();
  closeSync(log);
}
