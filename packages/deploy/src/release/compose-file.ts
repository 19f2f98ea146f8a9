import { stringify } from "yaml";
import { type Slot, slotName } from "../edge/configuration.ts";
import type { DeployTarget, ReleaseImage, ReleaseSettings } from "./model.ts";

/** Port on the droplet's 127.0.0.1 that leads to a slot: how Doge, by its tunnel, sees a release from outside. */
export const slotPort: Readonly<Record<Slot, number>> = { blue: 4301, green: 4302 };

/** The network that services and releases share. */
export const network = "doge";

/** The compose file of one release: everything literal, so that it means the same when someone runs it by hand. */
export function releaseComposeFile(options: {
  readonly target: DeployTarget;
  readonly slot: Slot;
  readonly number: number;
  readonly image: ReleaseImage;
  readonly settings: ReleaseSettings;
}): string {
  const { target, slot, number, image, settings } = options;
  const name = slotName(slot);
  const document = {
    name,
    services: {
      app: {
        image: image.reference,
        container_name: name,
        restart: "unless-stopped",
        init: true,
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
        // The service's own name is shared by every release on the network; this alias is not.
        networks: { [network]: { aliases: [name] } },
        ports: [`127.0.0.1:${slotPort[slot]}:${settings.port}`],
        stop_grace_period: `${settings.drainSeconds ?? 30}s`,
        logging: { driver: "json-file", options: { "max-size": "10m", "max-file": "5" } },
      },
    },
    networks: { [network]: { external: true } },
  };
  return `# Written by doge deploy: release ${number} of ${target.project}.\n${stringify(document, { lineWidth: 0 })}`;
}

/** A container of the new image that only runs a command: no name and no port, which the old release may hold. */
export function taskComposeFile(options: Parameters<typeof releaseComposeFile>[0]): string {
  const { target, number, image, settings } = options;
  const document = {
    name: "app-task",
    services: {
      app: {
        image: image.reference,
        init: true,
        ...(settings.appEnvFiles.length > 0 ? { env_file: [...settings.appEnvFiles] } : {}),
        environment: {
          ...settings.environment,
          PORT: String(settings.port),
          DOGE_ENVIRONMENT: target.environment,
          DOGE_RELEASE: String(number),
          DOGE_COMMIT: image.commit,
        },
        networks: [network],
      },
    },
    networks: { [network]: { external: true } },
  };
  return `# Written by doge deploy: commands of release ${number} of ${target.project}.\n${stringify(document, { lineWidth: 0 })}`;
}
