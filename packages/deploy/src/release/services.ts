import { createHash } from "node:crypto";
import type { Containers } from "../containers/containers.ts";
import { parse } from "yaml";
import { databaseScript } from "../database/script.ts";
import { edgeFile } from "../edge/configuration.ts";
import type { Edge } from "../edge/admin.ts";
import type { Layout } from "./layout.ts";
import { maintenanceOn } from "./maintenance.ts";
import type { DeployOptions } from "./model.ts";

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

  const maintenance = await maintenanceOn(host, layout);
  const wanted = edgeFile({ ...deploy.settings, ...(maintenance ? { maintenance } : {}) });
  const before = await host.readFile(layout.edgeFile);
  if (before !== wanted) await host.writeFile(layout.edgeFile, wanted);

  const services = layout.services(deploy.composeFiles.map(({ name }) => name));
  if (hasPostgres(deploy.composeFiles)) {
    const script = databaseScript({ ...deploy.target, services });
    await host.writeFile(layout.databaseScript, script, { mode: 0o755 });
  }
  await containers.run(services.up({ wait: true }), { doing: "starting the services" });
  // A Caddy that was running reads its file only when told; a new one has read it already.
  if (before !== undefined && before !== wanted) await edge.load(wanted);
}

const hasPostgres = (files: DeployOptions["composeFiles"]): boolean =>
  files.some(({ content }) => {
    const { services } = (parse(content) ?? {}) as { readonly services?: Readonly<Record<string, unknown>> };
    return services !== undefined && "postgres" in services;
  });

/** Of everything that decides how a release runs. Secrets go in, only their hash comes out. */
export function fingerprintOf({ target, settings, image, envFiles }: DeployOptions): string {
  const hash = createHash("sha256").update(JSON.stringify([target, settings, image.reference]));
  for (const { path, content } of envFiles.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    hash.update(JSON.stringify([path, content.reveal()]));
  }
  return hash.digest("hex");
}
