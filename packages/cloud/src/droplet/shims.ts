import { existsSync, renameSync, writeFileSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { shimScript } from "./docker/protocol.ts";
import type { Disk } from "./engine/disk.ts";
import type { PublishedPorts } from "./engine/ports.ts";

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Writes the droplet's own commands: they stand first on every session's PATH. */
export async function writeShims(disk: Disk, socket: string): Promise<void> {
  await mkdir(disk.bin, { recursive: true });
  const script = join(dirname(disk.bin), "docker.cjs");
  await writeFile(script, shimScript(socket));
  const curl = (process.env["PATH"] ?? "")
    .split(":")
    .map((folder) => join(folder, "curl"))
    .find((path) => existsSync(path));
  const shims: Record<string, string> = {
    docker: `exec ${quote(process.execPath)} ${quote(script)} "$@"`,
    // Everybody here is the user who started the local cloud.
    sudo: `while :; do case "$1" in
  -u|-g|-h|-p|-U) shift 2;;
  -l|-v|-k) exit 0;;
  --) shift; break;;
  -*) shift;;
  *=*) export "$1"; shift;;
  *) break;;
esac; done
[ $# -eq 0 ] && exit 0
exec "$@"`,
    "cloud-init": `case "$1" in
  status) printf 'status: done\\n';;
  *) printf "the local droplet's cloud-init doesn't know %s\\n" "$1" >&2; exit 1;;
esac`,
    crontab: `case "$1" in
  -l) cat ${quote(crontabFile(disk))} 2>/dev/null || { echo "no crontab for $USER" >&2; exit 1; };;
  -r) rm -f ${quote(crontabFile(disk))};;
  *) cat "$1" > ${quote(`${crontabFile(disk)}.new`)} && mv -f ${quote(`${crontabFile(disk)}.new`)} ${quote(crontabFile(disk))};;
esac`,
    // The droplet's own listeners, not this machine's.
    ss: `cat ${quote(listenersFile(disk))}`,
    // The droplet's 127.0.0.1 is not this machine's.
    ...(curl ? { curl: `exec ${quote(curl)} -K ${quote(curlFile(disk))} "$@"` } : {}),
  };
  for (const [name, body] of Object.entries(shims)) {
    await writeFile(join(disk.bin, name), `#!/bin/sh\n${body}\n`);
    await chmod(join(disk.bin, name), 0o755);
  }
  await writeFile(curlFile(disk), "");
  await writeFile(listenersFile(disk), "");
}

/** The deploy user's crontab. */
export const crontabFile = (disk: Disk): string => join(dirname(disk.bin), "crontab");

const listenersFile = (disk: Disk): string => join(dirname(disk.bin), "listeners");

const curlFile = (disk: Disk): string => join(dirname(disk.bin), "curl.conf");

/** Tells `curl` and `ss` of the droplet's published ports. */
export function writePorts(disk: Disk, ports: Pick<PublishedPorts, "list">): void {
  const lines = ports.list().flatMap(({ hostPort, actual }) => {
    const { host, port } = actual();
    return ["127.0.0.1", "localhost"].map((name) => `connect-to = "${name}:${hostPort}:${host}:${port}"\n`);
  });
  replace(curlFile(disk), lines.join(""));
  const listeners = ports
    .list()
    .map(({ hostIp, hostPort }) => `LISTEN 0 4096 ${hostIp || "0.0.0.0"}:${hostPort} 0.0.0.0:*\n`);
  replace(listenersFile(disk), listeners.join(""));
}

/** In one step: a `curl` that starts meanwhile would find an empty file, and nothing at the port. */
function replace(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}
