import { step } from "@doge/core";
import { deployRelease, type ReleaseImage, type ReleaseRecord, rollbackRelease } from "@doge/deploy";
import { duration } from "../duration.ts";
import { dropletEnvFiles, type EnvFiles, envFilesFromSecrets, readEnvFiles } from "../env/files.ts";
import type { Project } from "../project.ts";
import { type EnvironmentName, hostsOf } from "../workspaces/names.ts";
import { connectEnvironment } from "./connect.ts";
import { registryAccess } from "./image.ts";

export { prepareImage } from "./image.ts";

export interface DeployResult {
  readonly environment: EnvironmentName;
  readonly url: string;
  readonly release: number;
  readonly digest: string;
  readonly unchanged: boolean;
  /** Receipt and restore point, a line each, for people. */
  readonly lines: readonly string[];
  readonly record: ReleaseRecord;
}

interface Reason {
  readonly image: ReleaseImage;
  readonly owner: string;
  readonly runUrl?: string;
}

/** Puts an image on an environment's droplet, with the env files that this machine or job has. */
export async function deployEnvironment(
  project: Project,
  environment: EnvironmentName,
  reason: Reason,
): Promise<DeployResult> {
  const { machine, emit, signal, config } = project;
  return step(
    emit,
    () => machine.clock.now(),
    { step: `deploy.${environment}`, title: `Deploying to ${environment}` },
    async () => {
      const { production, staging } = await envFilesHere(project);
      const envFiles = dropletEnvFiles(environment, production, staging);
      const host = await connectEnvironment(project, environment);
      try {
        const record = await deployRelease({
          host,
          clock: machine.clock,
          http: machine.http,
          emit,
          signal,
          target: { project: config.slug, environment },
          owner: reason.owner,
          ...(reason.runUrl ? { runUrl: reason.runUrl } : {}),
          image: reason.image,
          registry: registryAccess(project),
          settings: {
            domains: hostsOf(environment, config.domain),
            port: config.app.port,
            alivePath: config.app.alive,
            readyPath: config.app.ready,
            ...(config.app.migrate ? { migrate: config.app.migrate } : {}),
            ...(config.app.pending ? { pending: config.app.pending } : {}),
            environment: { DOGE_ENVIRONMENT: environment },
            appEnvFiles: envFiles.app,
            ...(project.settings.env["ACME_DIRECTORY"]
              ? { acmeDirectory: project.settings.env["ACME_DIRECTORY"] }
              : {}),
          },
          composeFiles: await composeFiles(project, environment),
          envFiles: envFiles.files,
        });
        return resultOf(environment, record);
      } finally {
        await host.close();
      }
    },
    (result) => ({
      outcome: result.unchanged ? "unchanged" : "done",
      detail: `release ${result.release} at ${result.url}`,
    }),
  );
}

/** An earlier release takes over again: the same life cycle, no rebuild. */
export async function rollbackEnvironment(
  project: Project,
  environment: EnvironmentName,
  options: { readonly to?: number; readonly owner: string },
): Promise<DeployResult> {
  const { machine, emit, signal, config } = project;
  const host = await connectEnvironment(project, environment);
  try {
    const record = await rollbackRelease({
      host,
      clock: machine.clock,
      http: machine.http,
      emit,
      signal,
      target: { project: config.slug, environment },
      owner: options.owner,
      registry: registryAccess(project),
      ...(options.to === undefined ? {} : { to: options.to }),
    });
    return resultOf(environment, record);
  } finally {
    await host.close();
  }
}

async function envFilesHere(project: Project): Promise<{ readonly production: EnvFiles; readonly staging: EnvFiles }> {
  const given = project.settings.env["DOGE_ENV_FILES"];
  if (given) return envFilesFromSecrets(given);
  const { files } = project.machine;
  return {
    production: await readEnvFiles(files, project.folder, "production"),
    staging: await readEnvFiles(files, project.folder, "staging"),
  };
}

async function composeFiles(
  project: Project,
  environment: EnvironmentName,
): Promise<{ name: string; content: string }[]> {
  const names = ["compose.production.yaml", ...(environment === "stage" ? ["compose.staging.yaml"] : [])];
  const found: { name: string; content: string }[] = [];
  for (const name of names) {
    const content = await project.machine.files.read(`${project.folder}/${name}`);
    if (content !== undefined) found.push({ name, content });
  }
  return found;
}

function resultOf(environment: EnvironmentName, record: ReleaseRecord): DeployResult {
  const { receipt, restorePoint, migrations } = record;
  const rate = receipt.requests > 0 ? `${receipt.requests} requests, ${receipt.failed} failed` : undefined;
  const latency =
    receipt.p99Milliseconds === undefined
      ? ""
      : `, p50 ${Math.round(receipt.p50Milliseconds ?? 0)} ms, p99 ${Math.round(receipt.p99Milliseconds)} ms`;
  const lines = [
    `image ${record.image.digest.slice(0, 19)}, commit ${record.image.commit.slice(0, 7)}, took ${duration(receipt.totalMilliseconds)}`,
    ...(rate ? [`the site meanwhile: ${rate}${latency}`] : []),
    ...(receipt.switchMilliseconds === undefined ? [] : [`switched in ${duration(receipt.switchMilliseconds)}`]),
    ...(migrations.length > 0 ? [`migrated: ${migrations.join(", ")}`] : []),
    ...(restorePoint ? [`restore point: ${restorePoint.command}`] : []),
    ...(record.reachable ? [] : ["not reachable under its public name yet: DNS may still point elsewhere"]),
  ];
  return {
    environment,
    url: record.url,
    release: record.number,
    digest: record.image.digest,
    unchanged: record.outcome === "unchanged",
    lines,
    record,
  };
}
