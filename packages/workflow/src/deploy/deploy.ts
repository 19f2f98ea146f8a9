import { step } from "@doge/core";
import {
  type Allowance,
  deployRelease,
  type Registry,
  type ReleaseImage,
  type ReleaseRecord,
  type ReleaseSettings,
  releaseStatus,
  rollbackRelease,
} from "@doge/deploy";
import { dropletEnvFiles, type EnvFiles, envFilesFromSecrets } from "../env/files.ts";
import { projectEnvFiles } from "../env/project.ts";
import type { Project } from "../project.ts";
import { type EnvironmentName, hostsOf } from "../workspaces/names.ts";
import { connectEnvironment, onEnvironment } from "./connect.ts";
import { type Droplets, withDroplets } from "./droplets.ts";
import { registryAccess } from "./home.ts";
import { gitIn } from "../repository/git.ts";
import { orderAfter } from "../repository/order.ts";
import { markProven, proofFailed, requireProven } from "./proof.ts";
import { deployResult, type DeployResult } from "./receipt.ts";

interface Reason {
  readonly image: ReleaseImage & { readonly send?: (store: Registry) => Promise<unknown> };
  readonly owner: string;
  readonly runUrl?: string;
  /** A deploy that is to prove the image, under way: production makes its host ready meanwhile. */
  readonly after?: Promise<unknown>;
  /** The release that serves: it is deployed again as it is, with today's env files. */
  readonly live?: ReleaseRecord;
  /** Where the image was rolled back: refused, or, with `stay`, the environment is left as it is. */
  readonly takenBack?: "refuse" | "stay";
  /** Rules that the owner sets aside. */
  readonly allow?: readonly Allowance["what"][];
}

/** Puts an image on an environment's droplet, with the env files that this machine or job has. */
export async function deployEnvironment(
  project: Project,
  droplets: Droplets,
  environment: EnvironmentName,
  reason: Reason,
): Promise<DeployResult> {
  const { machine, emit, signal, config } = project;
  const allowed = (reason.allow ?? []).map((what) => ({ what, by: reason.owner }));
  return step(
    emit,
    () => machine.clock.now(),
    { step: `deploy.${environment}`, title: `Deploying to ${environment}` },
    async () => {
      const { after, live } = reason;
      const { send, ...image } = reason.image;
      const mustBeProven = environment === "prod" && live === undefined && !reason.allow?.includes("unproven-image");
      const proof = async (): Promise<void> => {
        await after?.catch(proofFailed);
        if (mustBeProven) await requireProven(project, droplets, image);
      };
      // None of them needs another: files here, the image's proof where images are.
      const [{ production, staging }, composed] = await Promise.all([
        envFilesHere(project),
        composeFiles(project, environment, live?.image.commit),
        droplets.locate(environment),
        mustBeProven && !after ? requireProven(project, droplets, image) : undefined,
      ]);
      const envFiles = dropletEnvFiles(environment, production, staging);
      const { host, droplet } = await droplets.to(environment);
      const record = await deployRelease({
        dns: { names: machine.names, address: droplet.address },
        host,
        clock: machine.clock,
        http: machine.http,
        emit,
        signal,
        target: { project: config.slug, environment },
        owner: reason.owner,
        ...(reason.runUrl ? { runUrl: reason.runUrl } : {}),
        image,
        ...(send ? { send } : {}),
        orderAfter: (live) => orderAfter(project, image.commit, live),
        ...(allowed.length > 0 ? { allowed } : {}),
        ...(after ? { proof } : {}),
        ...(reason.takenBack ? { takenBack: reason.takenBack } : {}),
        ...registryAccess(project),
        settings: live
          ? { ...live.settings, appEnvFiles: envFiles.app }
          : releaseSettings(project, environment, envFiles),
        composeFiles: composed,
        envFiles: envFiles.files,
      });
      await markProven(project, droplets, environment, record.image);
      return deployResult(environment, record);
    },
    (result) => ({
      outcome: result.unchanged ? "unchanged" : "done",
      detail: `release ${result.release} at ${result.url}`,
    }),
  );
}

/** How the app runs on an environment, by the project's configuration. */
function releaseSettings(
  project: Project,
  environment: EnvironmentName,
  envFiles: ReturnType<typeof dropletEnvFiles>,
): ReleaseSettings {
  const { app, domain, environments, processes, backups } = project.config;
  // Without a key nothing is encrypted, and so nothing is scheduled; `doge status` says so.
  const keyed = envFiles.files.some(({ path }) => path === ".envs/.production/.backup");
  const acmeDirectory = project.settings.env["ACME_DIRECTORY"];
  return {
    domains: hostsOf(environment, domain),
    port: app.port,
    alivePath: app.alive,
    readyPath: app.ready,
    drainSignal: app.drainSignal,
    soakSeconds: environments[environment].soakSeconds,
    ...(app.migrate ? { migrate: app.migrate } : {}),
    ...(app.pending ? { pending: app.pending } : {}),
    ...defined({ memory: app.memory, cpus: app.cpus, acmeDirectory }),
    readOnly: app.readOnly,
    processes: Object.fromEntries(
      Object.entries(processes).map(([name, { command, replicas, stopSignal, graceSeconds, ...rest }]) => [
        name,
        { command, replicas, stopSignal, graceSeconds, ...defined(rest) },
      ]),
    ),
    ...(backups.schedule && keyed ? { backupSchedule: backups.schedule } : {}),
    environment: { DOGE_ENVIRONMENT: environment },
    appEnvFiles: envFiles.app,
  };
}

/** Without the keys that have no value. */
const defined = <T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };

/** An earlier release takes over again: the same life cycle, no rebuild. */
export async function rollbackEnvironment(
  project: Project,
  environment: EnvironmentName,
  options: {
    readonly to?: number;
    readonly owner: string;
    /** Asked where migrations stand between. */
    readonly confirm: (migrations: readonly string[]) => Promise<boolean>;
  },
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
      ...registryAccess(project),
      confirm: options.confirm,
      ...(options.to === undefined ? {} : { to: options.to }),
    });
    return deployResult(environment, record);
  } finally {
    await host.close();
  }
}

/**
 * What an environment runs, deployed again with the env files of this machine; nothing of the code, the compose files
 * and the configuration here goes with it. Undefined where nothing is deployed yet.
 */
export async function redeployEnvironment(
  project: Project,
  environment: EnvironmentName,
  owner: string,
): Promise<DeployResult | undefined> {
  const live = await onEnvironment(
    project,
    environment,
    async (host) => (await releaseStatus(host, project.config.slug)).current,
  );
  return (
    live &&
    withDroplets(project, (droplets) =>
      deployEnvironment(project, droplets, environment, { image: live.image, owner, live }),
    )
  );
}

async function envFilesHere(project: Project): Promise<{ readonly production: EnvFiles; readonly staging: EnvFiles }> {
  const given = project.settings.env["DOGE_ENV_FILES"];
  if (given) return envFilesFromSecrets(given);
  return projectEnvFiles(project);
}

/** Of the folder here, or of a commit where this clone has it. */
async function composeFiles(
  project: Project,
  environment: EnvironmentName,
  commit?: string,
): Promise<{ name: string; content: string }[]> {
  const names = ["compose.production.yaml", ...(environment === "stage" ? ["compose.staging.yaml"] : [])];
  const found: { name: string; content: string }[] = [];
  for (const name of names) {
    const content =
      (await fileAt(project, commit, name)) ?? (await project.machine.files.read(`${project.folder}/${name}`));
    if (content !== undefined) found.push({ name, content });
  }
  return found;
}

async function fileAt(project: Project, commit: string | undefined, name: string): Promise<string | undefined> {
  if (commit === undefined) return undefined;
  const { exitCode, stdout } = await gitIn(project.machine, project.folder).ask("show", `${commit}:${name}`);
  return exitCode === 0 ? stdout : undefined;
}
