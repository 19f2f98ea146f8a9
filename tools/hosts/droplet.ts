import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { endGroup, enterGroup, makeGroup, pidsOf } from "./cgroups.ts";
import { userData } from "./cloud-init.ts";
import { readImages } from "./images.ts";
import { type DropletName, network, places, registry } from "./places.ts";
import { attempt, run, until } from "./shell.ts";

/** Of a droplet; with room for its images, and small enough to fill it. */
const diskSize = "6G";

const folderOf = (name: DropletName): string => join(places.state, name);

/** Makes a droplet's disk, with what its provider puts there: the user data, resolver, and trust. */
export function createDroplet(
  name: DropletName,
  options: { readonly deployKey: string; readonly authorityPem: string },
): { readonly hostKey: string } {
  const folder = folderOf(name);
  mkdirSync(join(folder, "disk"), { recursive: true });
  const key = join(folder, "host_key");
  run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", key]);
  const hostKey = readFileSync(`${key}.pub`, "utf8").trim();

  const seed = "var/lib/cloud/seed/nocloud";
  const files: Readonly<Record<string, string>> = {
    [`${seed}/user-data`]: userData({
      deployKey: options.deployKey,
      hostPrivate: readFileSync(key, "utf8"),
      hostPublic: hostKey,
    }),
    [`${seed}/meta-data`]: `instance-id: ${name}\nlocal-hostname: ${name}\n`,
    "etc/cloud/cloud.cfg.d/90-hosts.cfg": "datasource_list: [NoCloud]\nnetwork: {config: disabled}\n",
    // Swap is the machine's: a namespace has none of its own to turn on.
    "usr/local/sbin/swapon": "#!/bin/sh\nexit 0\n",
    "etc/resolv.conf": `nameserver ${network.address}\n`,
    [`etc/docker/certs.d/${registry.host}/ca.crt`]: options.authorityPem,
    "etc/ssl/certs/ca-certificates.crt": options.authorityPem,
  };
  const seeds = join(folder, "seeds");
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(seeds, "upper", dirname(path)), { recursive: true });
    writeFileSync(join(seeds, "upper", path), content, { mode: content.startsWith("#!") ? 0o755 : 0o644 });
  }
  const image = join(folder, "disk.img");
  run(["truncate", "--size", diskSize, image]);
  run(["mkfs.ext4", "-q", "-E", "lazy_itable_init=1,lazy_journal_init=1", "-m", "0", "-d", seeds, image]);
  return { hostKey };
}

/** Turns a droplet on. It goes on from what is on its disk: after a `cutPower`, that is a boot after a crash. */
export function bootDroplet(name: DropletName, rootfs: string): void {
  const folder = folderOf(name);
  makeGroup(name);
  const log = openSync(join(folder, "console.log"), "a");
  const script = `${enterGroup(name)}\nexec bash "$@"`;
  const argv = ["-c", script, "bash", join(import.meta.dirname, "boot.sh"), name, folder, rootfs];
  spawn("bash", argv, { detached: true, stdio: ["ignore", log, log] }).unref();
  closeSync(log);
}

/** Everything in it ends at once, nothing is told. */
export async function cutPower(name: DropletName): Promise<void> {
  await endGroup(name);
  await until(
    `the disk of ${name}`,
    10,
    () => !run(["losetup", "--associated", join(folderOf(name), "disk.img")]).trim(),
  );
}

/** Its disk is gone for ever, with its host key. */
export async function loseDroplet(name: DropletName): Promise<void> {
  await cutPower(name);
  rmSync(folderOf(name), { recursive: true });
}

// Its exit code tells of warnings, too: groups that packages of the root file system have made before.
const booted = 'cloud-init status --wait | grep "status: done" && systemctl is-active --quiet docker';

/** Waits until a droplet is through its first boot, and gives it the images that compose files name. */
export async function firstBoot(name: DropletName, images: string): Promise<void> {
  const done = (): boolean => findFirstProcess(name) !== undefined && tryOnConsole(name, "sh", "-c", booted);
  await until(`the first boot of ${name}`, 60, done);
  for (const image of readImages(images).filter(({ builds }) => !builds)) {
    const reference = `${registry.host}/${image.repository}:${image.tag}`;
    onConsole(name, "docker", "pull", "--quiet", reference);
    onConsole(name, "docker", "tag", reference, image.name);
  }
}

/** Pid, on this machine, of a droplet's own first process; undefined where it is off. */
const findFirstProcess = (name: DropletName): number | undefined =>
  pidsOf(name).find((pid) => {
    const status = existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, "utf8") : "";
    return /^NSpid:\s+\d+\s+1$/m.test(status);
  });

function firstProcess(name: DropletName): number {
  const found = findFirstProcess(name);
  if (found === undefined) throw new Error(`${name} is off: run make hosts-up`);
  return found;
}

const within = (name: DropletName): readonly string[] => [
  "nsenter",
  "--target",
  String(firstProcess(name)),
  "--all",
  "--wdns=/",
  "--",
];

/** The socket of a droplet's engine, as this machine reaches it. */
export const engineSocket = (name: DropletName): string => `/proc/${firstProcess(name)}/root/run/docker.sock`;

/** As root on the droplet's console: what a person at the machine, or bad luck, would do. */
export const onConsole = (name: DropletName, ...argv: readonly string[]): string => run([...within(name), ...argv]);
export const tryOnConsole = (name: DropletName, ...argv: readonly string[]): boolean =>
  attempt([...within(name), ...argv]);
