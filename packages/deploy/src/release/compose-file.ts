import { stringify } from "yaml";
import { type Slot, slotName } from "../edge/configuration.ts";
import { engineName, isSent } from "../registry/sent.ts";
import type { DeployTarget, ReleaseImage, ReleaseProcess, ReleaseSettings } from "./model.ts";

/** Port on the droplet's 127.0.0.1 that leads to a slot: how Doge, by its tunnel, sees a release from outside. */
export const slotPort: Readonly<Record<Slot, number>> = { blue: 4301, green: 4302 };

/** The network that services and releases share. */
export const network = "doge";

const logging = { driver: "json-file", options: { "max-size": "10m", "max-file": "5" } };

const confined = { read_only: true, tmpfs: ["/tmp"], cap_drop: ["ALL"], security_opt: ["no-new-privileges:true"] };

/**
 * Shares of the processor, which count while it is wanted by more than there is of it. What starts, or only runs a command,
 * gives way to what serves; a release is raised when it is ready. On a droplet (cgroup v2) 2,600 is the weight that a
 * container has without any, 256 a tenth of it.
 */
export const cpuShares = { serving: 2_600, starting: 256 } as const;

interface ReleaseFile {
  readonly target: DeployTarget;
  readonly slot: Slot;
  readonly number: number;
  readonly image: ReleaseImage;
  readonly settings: ReleaseSettings;
}

/** What every container of a release has: its image, its settings, its network. */
function common({ target, number, image, settings }: ReleaseFile): object {
  return {
    image: engineName(image.reference),
    // No registry could have it.
    ...(isSent(image.reference) ? { pull_policy: "never" } : {}),
    init: true,
    ...(settings.readOnly ? confined : {}),
    ...(settings.appEnvFiles.length > 0 ? { env_file: [...settings.appEnvFiles] } : {}),
    environment: {
      ...settings.environment,
      PORT: String(settings.port),
      DOGE_ENVIRONMENT: target.environment,
      DOGE_RELEASE: String(number),
      DOGE_COMMIT: image.commit,
    },
    labels: {
      "dev.doge.project": target.project,
      "dev.doge.release": String(number),
      "dev.doge.tree": image.tree,
    },
    logging,
  };
}

const limits = ({ memory, cpus }: { readonly memory?: string; readonly cpus?: number }): object => ({
  ...(memory === undefined ? {} : { mem_limit: memory }),
  ...(cpus === undefined ? {} : { cpus }),
});

/** A worker, or a job: only `docker compose run` starts what has a schedule, so that `up` leaves it alone. */
function processService(file: ReleaseFile, process: ReleaseProcess): object {
  return {
    ...common(file),
    command: [...process.command],
    ...(process.schedule === undefined ? { restart: "unless-stopped" } : { profiles: ["jobs"] }),
    ...((process.replicas ?? 1) > 1 ? { scale: process.replicas } : {}),
    networks: [network],
    stop_signal: process.stopSignal ?? "SIGTERM",
    stop_grace_period: `${process.graceSeconds ?? 60}s`,
    ...limits(process),
  };
}

/** The compose file of one release: everything literal, so that it means the same when someone runs it by hand. */
export function releaseComposeFile(file: ReleaseFile): string {
  const { target, slot, number, settings } = file;
  const name = slotName(slot);
  const document = {
    name,
    services: {
      app: {
        ...common(file),
        container_name: name,
        restart: "unless-stopped",
        // The service's own name is shared by every release on the network; this alias is not.
        networks: { [network]: { aliases: [name] } },
        ports: [`127.0.0.1:${slotPort[slot]}:${settings.port}`],
        stop_grace_period: `${settings.drainSeconds ?? 30}s`,
        // Until it is ready: then the deploy raises it.
        cpu_shares: cpuShares.starting,
        ...limits(settings),
      },
      ...Object.fromEntries(
        Object.entries(settings.processes ?? {}).map(([key, process]) => [key, processService(file, process)]),
      ),
    },
    networks: { [network]: { external: true } },
  };
  return `# Written by doge deploy: release ${number} of ${target.project}.\n${stringify(document, { lineWidth: 0, aliasDuplicateObjects: false })}`;
}

/** A container of the new image that only runs a command: no name and no port, which the old release may hold. */
export function taskComposeFile(file: ReleaseFile): string {
  const { target, number } = file;
  const document = {
    name: "app-task",
    services: { app: { ...common(file), networks: [network], cpu_shares: cpuShares.starting } },
    networks: { [network]: { external: true } },
  };
  return `# Written by doge deploy: commands of release ${number} of ${target.project}.\n${stringify(document, { lineWidth: 0, aliasDuplicateObjects: false })}`;
}
