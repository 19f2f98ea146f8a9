import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { prepareApp } from "./app.ts";
import { endGroup, enterGroup, goFirst, makeGroup } from "./cgroups.ts";
import { openAuthority } from "./authority.ts";
import { project } from "./cloud-init.ts";
import { bootDroplet, createDroplet, firstBoot } from "./droplet.ts";
import { makeNetwork, plug, removeNetwork } from "./network.ts";
import { droplets, type HostsRecord, network, places, visitors } from "./places.ts";
import type { Prepared } from "./prepare.ts";
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

/** Boots stage and prod afresh, from their user data to images on their disks. */
export async function up(prepared: Prepared, say: (message: string) => void): Promise<void> {
  await down();
  mkdirSync(places.state, { recursive: true, mode: 0o700 });
  const authority = await openAuthority();
  authority.close();
  writeFileSync(join(places.state, "resolv.conf"), `nameserver ${network.address}\n`);
  writeFileSync(places.roots, authority.rootPem);
  makeNetwork();
  makeGroup(visitors);
  await goFirst(visitors);
  say("starting registry, DNS and the ACME directories");
  startServices(prepared.docker);

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
  say("pushing the images of node, postgres, caddy and Django to the registry");
  run(inNetwork([process.execPath, join(import.meta.dirname, "push.ts"), prepared.images]));

  say("loading them on the hosts");
  for (const { name } of droplets) await firstBoot(name, prepared.images);
  const record: HostsRecord = { droplets: made, privateKey, ...prepared };
  writeFileSync(places.hosts, JSON.stringify(record, null, 2));
}

function startServices(dockerTree: string): void {
  makeGroup("services");
  const log = openSync(join(places.state, "services.log"), "a");
  const script = `${enterGroup("services")}\nexec "$@"`;
  const argv = inNetwork([process.execPath, join(import.meta.dirname, "services.ts"), dockerTree]);
  spawn("bash", ["-c", script, "bash", ...argv], { detached: true, stdio: ["ignore", log, log] }).unref();
  closeSync(log);
}
