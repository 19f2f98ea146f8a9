import { createHash } from "node:crypto";
import { type Clock, fail } from "@doge/core";
import { type Containers, tailOf } from "../containers/containers.ts";
import { docker } from "../containers/docker.ts";
import { edgeFile } from "../edge/configuration.ts";
import type { Edge } from "../edge/admin.ts";
import type { Host } from "../host/host.ts";
import { shellScript } from "../host/quote.ts";
import type { Layout } from "./layout.ts";
import type { DeployOptions } from "./model.ts";

/** A fresh droplet installs its engine on the first boot, after SSH answers. */
const engineMilliseconds = 300_000;
const leastFreeKilobytes = 512 * 1024;

/** Waits for the engine of a droplet that is still booting; checks the disk. Throws `host-…`. */
export async function checkHost(host: Host, clock: Clock, root: string, say: (message: string) => void): Promise<void> {
  const end = clock.now().getTime() + engineMilliseconds;
  for (;;) {
    const version = await host.run({ argv: docker.version() });
    const plugin =
      version.exitCode === 0 ? await host.run({ argv: ["docker", "compose", "version", "--short"] }) : version;
    if (plugin.exitCode === 0) break;
    // "running" while the first boot is at work; anything else will not get better by waiting.
    const boot = await host.run({ argv: shellScript("command -v cloud-init >/dev/null && cloud-init status || true") });
    if (!boot.stdout.includes("running") || clock.now().getTime() > end) {
      fail({
        code: "host-engine",
        summary: "The droplet has no working container engine",
        detail: tailOf(plugin, 4),
        address: host.name,
        remedy:
          "See /var/log/cloud-init-output.log with `doge ssh`; `doge apply` with a replaced droplet starts afresh.",
      });
    }
    say("waiting for the droplet's first boot to end");
    await clock.sleep(2_000);
  }
  const disk = await host.run({ argv: shellScript('mkdir -p "$1"; df -Pk "$1" | tail -n 1', root) });
  const free = Number(disk.stdout.trim().split(/\s+/)[3]);
  if (disk.exitCode !== 0 || (Number.isFinite(free) && free < leastFreeKilobytes)) {
    fail({
      code: "host-disk",
      summary: "The droplet's disk is full",
      detail: disk.exitCode === 0 ? `${Math.round(free / 1024)} MB are free` : disk.stderr.trim(),
      address: host.name,
      remedy: "Make room with `doge ssh` (`docker system prune`), or choose a larger droplet.",
    });
  }
}

/** Writes the project's files to the host and starts its services. A service that is as it should be is left alone. */
export async function startServices(options: {
  readonly deploy: DeployOptions;
  readonly layout: Layout;
  readonly containers: Containers;
  readonly edge: Edge;
}): Promise<void> {
  const { deploy, layout, containers, edge } = options;
  const { host } = deploy;
  for (const { name, content } of deploy.composeFiles) await host.writeFile(layout.file(name), content);
  for (const { path, content } of deploy.envFiles) await host.writeFile(layout.file(path), content, { mode: 0o600 });

  const wanted = edgeFile(deploy.settings);
  const before = await host.readFile(layout.edgeFile);
  if (before !== wanted) await host.writeFile(layout.edgeFile, wanted);

  const services = layout.services(deploy.composeFiles.map(({ name }) => name));
  await containers.run(services.up({ wait: true }), { doing: "starting the services" });
  // A Caddy that was running reads its file only when told; a new one has read it already.
  if (before !== undefined && before !== wanted) await edge.load(wanted);
}

/** Of everything that decides how a release runs. Secrets go in, only their hash comes out. */
export function fingerprintOf({ target, settings, image, envFiles }: DeployOptions): string {
  const hash = createHash("sha256").update(JSON.stringify([target, settings, image.reference]));
  for (const { path, content } of envFiles.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    hash.update(JSON.stringify([path, content.reveal()]));
  }
  return hash.digest("hex");
}
