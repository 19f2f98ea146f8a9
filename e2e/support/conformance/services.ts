import { Secret } from "../../../packages/core/src/index.ts";
import type { Host, Layout } from "../../../packages/deploy/src/index.ts";
import { edgeFile, type EdgeSettings, type Slot } from "../../../packages/deploy/src/edge/configuration.ts";
import type { Compose } from "../../../packages/deploy/src/containers/docker.ts";
import { databaseScript } from "../../../packages/deploy/src/database/script.ts";
import { releaseComposeFile, taskComposeFile } from "../../../packages/deploy/src/release/compose-file.ts";
import type { ReleaseSettings } from "../../../packages/deploy/src/index.ts";
import { renderedFiles } from "../app.ts";
import type { Rig } from "./rig.ts";

export const canary = "canary-5b1c";
const target = { project: "ports", environment: "suite" };

export const edgeSettings = (rig: Rig): EdgeSettings => ({
  domains: [rig.domain, `www.${rig.domain}`],
  port: 3000,
  readyPath: "/readyz",
  ...(rig.acmeDirectory ? { acmeDirectory: rig.acmeDirectory } : {}),
});

const releaseSettings = (rig: Rig): ReleaseSettings => ({
  ...edgeSettings(rig),
  alivePath: "/readyz",
  appEnvFiles: [],
  drainSeconds: 3,
});

/** The services of the template as a first deploy starts them: Postgres and the edge, before there is any release. */
export async function startServices(rig: Rig, host: Host, layout: Layout): Promise<Compose> {
  const services = layout.services(["compose.production.yaml"]);
  await host.writeFile(layout.file("compose.production.yaml"), renderedFiles()["compose.production.yaml"] ?? "");
  const postgres = `POSTGRES_USER=such\nPOSTGRES_PASSWORD=${canary}\nPOSTGRES_DB=such\n`;
  await host.writeFile(layout.file(".envs/.production/.postgres"), new Secret(postgres), { mode: 0o600 });
  const backup = new Secret("BACKUP_KEY=such-key\n");
  await host.writeFile(layout.file(".envs/.production/.backup"), backup, { mode: 0o600 });
  await host.writeFile(layout.edgeFile, edgeFile(edgeSettings(rig)));
  await host.writeFile(layout.databaseScript, databaseScript({ ...target, services }), { mode: 0o755 });
  await run(host, services.up({ wait: true }));
  return services;
}

/** Starts the suites' app in a slot, as a release is started; it says its number. */
export async function startSlot(rig: Rig, host: Host, layout: Layout, slot: Slot, number: number): Promise<void> {
  const environment = { RELEASE: `release ${number}` };
  const settings: ReleaseSettings = { ...releaseSettings(rig), environment };
  const file = { target, slot, number, image: rig.image, settings };
  await host.writeFile(layout.slotFile(slot), releaseComposeFile(file));
  await run(host, layout.slot(slot).up({ recreate: true, services: ["app"] }));
}

/** Single commands in the suites' app. */
export async function writeTask(rig: Rig, host: Host, layout: Layout): Promise<void> {
  const file = { target, slot: "blue", number: 1, image: rig.image, settings: releaseSettings(rig) } as const;
  await host.writeFile(layout.taskFile, taskComposeFile(file));
}

export async function stopServices(host: Host, layout: Layout, services: Compose): Promise<void> {
  for (const slot of ["blue", "green"] as const) {
    if ((await host.readFile(layout.slotFile(slot))) !== undefined) await run(host, layout.slot(slot).down());
  }
  await run(host, services.down({ volumes: true }));
  await run(host, ["rm", "-rf", layout.root]);
}

/** Runs to a good end; returns what was said. */
export async function run(host: Host, argv: readonly string[], stdin?: string): Promise<string> {
  const { exitCode, stdout, stderr } = await host.run({ argv, ...(stdin === undefined ? {} : { stdin }) });
  if (exitCode !== 0) throw new Error(`${argv.join(" ").slice(0, 200)} ended with ${exitCode}:\n${stderr}${stdout}`);
  return stdout;
}
