import { readdirSync } from "node:fs";
import { network } from "./places.ts";
import { run } from "./shell.ts";

/** Namespace of a droplet. */
const namespaceOf = (name: string): string => `doge-${name}`;

const ip = (namespace: string, ...argv: readonly string[]): string => run(["ip", "-netns", namespace, ...argv]);

/** The bridge between the hosts. It has no default route: nothing sent here leaves the machine. */
export function makeNetwork(): void {
  const { namespace, address, prefix } = network;
  run(["ip", "netns", "add", namespace]);
  ip(namespace, "link", "set", "lo", "up");
  ip(namespace, "link", "add", "wan", "type", "bridge");
  ip(namespace, "address", "add", `${address}/${prefix}`, "dev", "wan");
  ip(namespace, "link", "set", "wan", "up");
}

/** Plugs a droplet into the bridge. */
export function plug(name: string, address: string): void {
  const own = namespaceOf(name);
  run(["ip", "netns", "add", own]);
  run([
    "ip",
    "link",
    "add",
    "eth0",
    "netns",
    own,
    "type",
    "veth",
    "peer",
    "name",
    `to-${name}`,
    "netns",
    network.namespace,
  ]);
  ip(network.namespace, "link", "set", `to-${name}`, "master", "wan", "up");
  ip(own, "link", "set", "lo", "up");
  ip(own, "address", "add", `${address}/${network.prefix}`, "dev", "eth0");
  ip(own, "link", "set", "eth0", "up");
}

export function removeNetwork(): void {
  try {
    for (const name of readdirSync("/run/netns")) if (name.startsWith("doge-")) run(["ip", "netns", "delete", name]);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "ENOENT") throw thrown;
  }
}
