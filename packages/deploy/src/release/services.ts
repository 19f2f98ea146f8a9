import { createHash } from "node:crypto";
import { fail, type ProcessResult } from "@doge/core";
import { parse } from "yaml";
import type { Containers } from "../containers/containers.ts";
import { docker } from "../containers/docker.ts";
import { externalDatabase } from "../database/external.ts";
import { ensureLogin, loginOf } from "../database/role.ts";
import { databaseScript } from "../database/script.ts";
import { edgeFile } from "../edge/configuration.ts";
import type { Edge } from "../edge/admin.ts";
import { bytesOf } from "../host/files.ts";
import type { Host, HostFile } from "../host/host.ts";
import type { Lease } from "../lease/lease.ts";
import type { Layout } from "./layout.ts";
import { maintenanceOn } from "./maintenance.ts";
import type { DeployOptions } from "./model.ts";

/**
 * Writes the project's files to the host and starts its services. A service that is as it should be is left alone;
 * where all of them are, compose is not even asked.
 */
export async function startServices(options: {
  readonly deploy: DeployOptions;
  readonly lease: Lease;
  readonly layout: Layout;
  readonly containers: Containers;
  readonly edge: Edge;
}): Promise<void> {
  const { deploy, lease, layout, containers, edge } = options;
  const { host } = deploy;
  const services = layout.services(deploy.composeFiles.map(({ name }) => name));
  const [maintenance, before, started, running] = await Promise.all([
    maintenanceOn(host, layout),
    host.readFile(layout.edgeFile),
    host.readFile(layout.servicesFile),
    runningServices(host),
  ]);
  const names = serviceNames(deploy.composeFiles);
  const wanted = edgeFile({ ...deploy.settings, ...(maintenance ? { maintenance } : {}) });
  const inputs: readonly HostFile[] = [
    ...deploy.composeFiles.map(({ name, content }) => ({ path: name, content })),
    ...deploy.envFiles.map((file) => ({ ...file, mode: 0o600 })),
  ];
  const external = externalDatabase(deploy.envFiles, deploy.settings.appEnvFiles);
  const script = databaseScript({ ...deploy.target, services, ...(external ? { external: externalFile } : {}) });
  const changed = await lease.host.writeFiles(layout.root, [
    ...inputs,
    { path: layout.within(layout.edgeFile), content: wanted },
    ...(external ? [{ path: externalFile, content: external, mode: 0o600 }] : []),
    ...(external || names.includes("postgres")
      ? [{ path: layout.within(layout.databaseScript), content: script, mode: 0o755 }]
      : []),
  ]);
  const mark = (containers: string | undefined): string => `${hashOf(inputs)}\n${containers ?? ""}`;
  const asTheyWere = running !== undefined && started === mark(running);
  if (!asTheyWere || inputs.some(({ path }) => changed.includes(path))) {
    // A database elsewhere needs none here.
    const wantedServices = external ? { services: names.filter((name) => name !== "postgres") } : {};
    const argv = services.up({ wait: true, ...wantedServices });
    const result = await host.run({ argv });
    if (result.exitCode !== 0) await failed(host, containers, argv, result);
    const login = loginOf(inputs, deploy.settings.appEnvFiles);
    if (login && names.includes("postgres")) await ensureLogin(host, services, login);
    const now = await runningServices(host);
    if (now !== undefined) await host.writeFile(layout.servicesFile, mark(now), { mode: 0o600 });
  }
  // A Caddy that was running reads its file only when told; a new one has read it already.
  if (before !== undefined && before !== wanted) await edge.load(wanted);
}

/** Ids of the services' containers, a line each; undefined where one is not, or not yet, healthy. */
async function runningServices(host: Host): Promise<string | undefined> {
  const { exitCode, stdout } = await host.run({ argv: docker.status("services") });
  const lines = stdout.split("\n").filter((line) => line !== "");
  if (exitCode !== 0 || lines.length === 0 || lines.some((line) => !/ Up (?!.*\((?!healthy))/.test(line)))
    return undefined;
  return lines
    .map((line) => line.split(" ")[0] ?? "")
    .toSorted((a, b) => (a < b ? -1 : 1))
    .join("\n");
}

const hashOf = (files: readonly HostFile[]): string => {
  const hash = createHash("sha256");
  for (const { path, content } of files) hash.update(JSON.stringify([path, bytesOf(content)]));
  return hash.digest("hex");
};

/** Compose says which service is not well, its log says why. */
async function failed(
  host: Host,
  containers: Containers,
  argv: readonly string[],
  result: ProcessResult,
): Promise<never> {
  const name = /[Cc]ontainer (services-[\w.-]+) (?:is unhealthy|exited)/.exec(result.stderr)?.[1];
  if (name === undefined) return containers.failed(argv, result, "starting the services");
  const service = name.replace(/^services-/, "").replace(/-\d+$/, "");
  return fail({
    code: "service-unhealthy",
    summary: "A service does not become healthy",
    detail: `${service}, by its last lines:\n${await containers.lastLines(name, 15)}`,
    address: `${host.name} ${name}`,
    remedy: `Mend what the lines name, and deploy again. More of them: doge logs ENVIRONMENT --service ${service}`,
  });
}

/** Relative to the project's folder: where a database elsewhere is. */
const externalFile = "database.env";

const serviceNames = (files: DeployOptions["composeFiles"]): readonly string[] => [
  ...new Set(
    files.flatMap(({ content }) => {
      const { services } = (parse(content) ?? {}) as { readonly services?: Readonly<Record<string, unknown>> };
      return Object.keys(services ?? {});
    }),
  ),
];

/** Of everything that decides how a release runs. Secrets go in, only their hash comes out. */
export function fingerprintOf({ target, settings, image, envFiles }: DeployOptions): string {
  const hash = createHash("sha256").update(JSON.stringify([target, settings, image.reference]));
  for (const { path, content } of envFiles.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    hash.update(JSON.stringify([path, content.reveal()]));
  }
  return hash.digest("hex");
}
