import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Session } from "../docker/daemon.ts";
import { haveImage } from "../docker/run.ts";
import { type ContainerRecord, DockerError } from "../engine/model.ts";
import type { Engine } from "../engine/engine.ts";
import { containerSpec, parseRestart, type Wanted } from "../engine/spec.ts";
import { removeVolume } from "../docker/resources.ts";
import { configHash } from "./load.ts";
import { label, type Project, type Service } from "./model.ts";

export interface UpOptions {
  readonly services: readonly string[];
  readonly withDependencies: boolean;
  readonly forceRecreate: boolean;
  readonly noRecreate: boolean;
  readonly removeOrphans: boolean;
  readonly start: boolean;
  readonly pull: string | undefined;
  readonly graceSeconds: number | undefined;
  readonly scale: Readonly<Record<string, number>>;
}

/** Containers of a project, one-off ones left out, oldest first. */
export function containersOf(engine: Engine, project: string, service?: string): ContainerRecord[] {
  return engine.containers
    .list()
    .filter(({ spec: { labels } }) => labels[label.project] === project && labels[label.oneOff] !== "True")
    .filter(({ spec: { labels } }) => service === undefined || labels[label.service] === service);
}

/** Keys of the networks that services are in. */
const networksOf = (services: readonly Service[]): ReadonlySet<string> =>
  new Set(services.flatMap(({ networks }) => (Object.keys(networks).length > 0 ? Object.keys(networks) : ["default"])));

/** Names of the services without a profile, or with one that was asked for. */
export const activeServices = ({ services, profiles: asked }: Project): readonly string[] =>
  Object.entries(services)
    .filter(
      ([, { profiles }]) => profiles.length === 0 || asked.includes("*") || profiles.some((p) => asked.includes(p)),
    )
    .map(([name]) => name);

/** Services asked for (or all without a profile, or with an active one), after those they depend on. */
export function orderServices(
  project: Project,
  asked: readonly string[],
  withDependencies: boolean,
): readonly string[] {
  const wanted = asked.length > 0 ? asked : activeServices(project);
  const ordered: string[] = [];
  const visit = (name: string, path: readonly string[]): void => {
    const service = project.services[name];
    if (!service) throw new DockerError(`no such service: ${name}`, 1);
    if (path.includes(name)) throw new DockerError(`dependency cycle detected: ${[...path, name].join(" -> ")}`, 1);
    if (ordered.includes(name)) return;
    const needs = Object.keys(service.dependsOn).filter((other) => project.services[other]);
    if (withDependencies || asked.length === 0) for (const other of needs) visit(other, [...path, name]);
    ordered.push(name);
  };
  for (const name of wanted) visit(name, []);
  return ordered;
}

/** `docker compose up`: brings the services to what the files say. Containers that already are stay. */
export async function up(
  engine: Engine,
  session: Session,
  project: Project,
  options: UpOptions,
): Promise<readonly ContainerRecord[]> {
  const order = orderServices(project, options.services, options.withDependencies);
  makeNetworksAndVolumes(engine, session, project, order);
  if (options.removeOrphans) await removeOrphans(engine, session, project, options.graceSeconds);
  const images = new Map<string, string>();
  for (const name of order) {
    const service = project.services[name] as Service;
    const image = await haveImage(engine, quiet(session), service.image ?? "", options.pull ?? service.pullPolicy);
    images.set(name, image.id);
  }
  for (const name of order) {
    const service = project.services[name] as Service;
    const count = options.scale[name] ?? service.replicas ?? 1;
    const there = containersOf(engine, project.name, name);
    for (const extra of there.slice(count)) await discard(engine, session, extra, options.graceSeconds);
    if (options.start) await awaitDependencies(engine, session, project, service);
    for (let number = 1; number <= count; number++) {
      const known = there[number - 1];
      const same =
        known !== undefined &&
        !options.forceRecreate &&
        (options.noRecreate ||
          (known.spec.labels[label.hash] === configHash(service) && known.spec.imageId === images.get(name)));
      if (known && !same) await discard(engine, session, known, options.graceSeconds, "Recreate");
      const record = same ? known : create(engine, session, project, name, number);
      if (options.start && !engine.containers.isLive(record.id)) await start(engine, session, record);
      else say(session, record, "Running");
    }
  }
  return order.flatMap((name) => containersOf(engine, project.name, name));
}

/** Waits until all run and those with a check are healthy. Throws where one ends or is unhealthy. */
export async function waitHealthy(
  engine: Engine,
  session: Session,
  records: readonly ContainerRecord[],
  timeoutSeconds: number | undefined,
): Promise<void> {
  const deadline = timeoutSeconds === undefined ? undefined : AbortSignal.timeout(timeoutSeconds * 1000);
  const signal = deadline ? AbortSignal.any([session.gone, deadline]) : session.gone;
  for (const { id, spec } of records) {
    for (;;) {
      const record = engine.containers.find(id);
      if (!record || record.status === "exited") {
        throw new DockerError(`container ${spec.name} exited (${record?.exitCode ?? 0})`, 1);
      }
      if (record.health?.status === "unhealthy") throw new DockerError(`container ${spec.name} is unhealthy`, 1);
      if (record.status === "running" && (!record.spec.healthcheck || record.health?.status === "healthy")) break;
      if (deadline?.aborted) throw new DockerError("application not healthy after context deadline exceeded", 1);
      if (signal.aborted) throw new DockerError("canceled", 130);
      await once(engine.containers, "change", { signal }).catch(() => {});
    }
    session.err(` Container ${spec.name}  Healthy\n`);
  }
}

/** A container of a service, not yet started. */
export function create(
  engine: Engine,
  session: Session,
  project: Project,
  name: string,
  number: number,
  change: Partial<Wanted> = {},
): ContainerRecord {
  const service = project.services[name] as Service;
  const image = engine.images.require(service.image ?? "");
  const oneOff = change.labels?.[label.oneOff] === "True";
  const networks = Object.keys(service.networks).length > 0 ? service.networks : { default: { aliases: [] } };
  const optional = (key: keyof Wanted, value: unknown): object => (value === undefined ? {} : { [key]: value });
  const wanted: Wanted = {
    image: service.image ?? "",
    name:
      (oneOff ? undefined : service.containerName) ??
      `${project.name}-${name}-${oneOff ? `run-${randomBytes(6).toString("hex")}` : number}`,
    env: { ...service.environment, ...change.env },
    mounts: [...service.mounts, ...(change.mounts ?? [])].map((mount) =>
      mount.type === "volume" && project.volumes[mount.source]
        ? { ...mount, source: project.volumes[mount.source]?.name ?? "" }
        : mount,
    ),
    ports: change.ports ?? service.ports,
    networks: Object.fromEntries(
      Object.entries(networks).map(([key, { aliases }]) => [
        project.networks[key]?.name ?? key,
        // A one-off container has no share in the service's name.
        { aliases: oneOff ? [] : [name, ...aliases] },
      ]),
    ),
    labels: {
      ...service.labels,
      [label.project]: project.name,
      [label.service]: name,
      [label.oneOff]: "False",
      [label.number]: String(number),
      [label.hash]: configHash(service),
      [label.image]: image.id,
      [label.files]: project.files.join(","),
      [label.directory]: project.directory,
      ...change.labels,
    },
    ...optional("command", change.command ?? service.command),
    ...optional("entrypoint", change.entrypoint ?? service.entrypoint),
    ...optional("hostname", service.hostname),
    ...optional("restart", oneOff || service.restart === undefined ? undefined : parseRestart(service.restart)),
    ...optional("stopSignal", service.stopSignal),
    ...optional("stopGraceSeconds", service.stopGraceSeconds),
    ...optional("user", change.user ?? service.user),
    ...optional("workingDir", change.workingDir ?? service.workingDir),
    ...optional("memoryBytes", service.memoryBytes),
    ...optional("cpus", service.cpus),
    ...optional("cpuShares", service.cpuShares),
    ...optional("healthcheck", service.healthcheck),
    ...optional("autoRemove", change.autoRemove),
    ...optional("openStdin", change.openStdin),
    ...(change.name === undefined ? {} : { name: change.name }),
  };
  const record = engine.containers.create(containerSpec(wanted, image));
  say(session, record, "Created");
  return record;
}

export async function start(engine: Engine, session: Session, record: ContainerRecord): Promise<void> {
  say(session, record, "Starting");
  await engine.containers.start(record.id);
  say(session, record, "Started");
}

export async function discard(
  engine: Engine,
  session: Session,
  record: ContainerRecord,
  graceSeconds: number | undefined,
  word = "Stopping",
): Promise<void> {
  say(session, record, word);
  await engine.containers.stop(record.id, { seconds: graceSeconds });
  if (engine.containers.find(record.id)) await engine.containers.remove(record.id);
  say(session, record, "Removed");
}

/**
 * `docker compose down`. Without files all that carries the project's labels; with files nothing of a service that only
 * a profile starts which was not asked for. One-off containers go with the orphans.
 */
export async function down(
  engine: Engine,
  session: Session,
  project: Project,
  options: { readonly volumes: boolean; readonly removeOrphans: boolean; readonly graceSeconds: number | undefined },
): Promise<void> {
  const of = (labels: Readonly<Record<string, string>>): boolean => labels[label.project] === project.name;
  const filed = project.files.length > 0;
  const active = activeServices(project);
  const mine = engine.containers.list().filter(({ spec: { labels } }) => {
    const service = labels[label.service] ?? "";
    const asleep = service in project.services && !active.includes(service);
    const orphan = labels[label.oneOff] === "True" || (filed && !active.includes(service));
    return of(labels) && !asleep && (options.removeOrphans || !orphan);
  });
  // The last started first: nothing is stopped before what depends on it.
  for (const record of mine.toReversed()) await discard(engine, session, record, options.graceSeconds);
  const used = active.map((name) => project.services[name] as Service);
  for (const network of engine.networks.list()) {
    if (!of(network.labels) || (filed && !networksOf(used).has(network.labels[label.network] ?? ""))) continue;
    const inUse = engine.networks.members(network.name).some(({ status }) => status === "running");
    if (!inUse) engine.networks.remove(network.name);
    session.err(` Network ${network.name}  ${inUse ? "Resource is still in use" : "Removed"}\n`);
  }
  if (!options.volumes) return;
  const volumes = new Set(used.flatMap(({ mounts }) => mounts.map(({ source }) => source)));
  for (const volume of engine.networks.volumes()) {
    if (!of(volume.labels) || (filed && !volumes.has(volume.labels[label.volume] ?? ""))) continue;
    await removeVolume(engine, volume.name);
    session.err(` Volume ${volume.name}  Removed\n`);
  }
}

export function makeNetworksAndVolumes(
  engine: Engine,
  session: Session,
  project: Project,
  services: readonly string[],
): void {
  const used = services.map((name) => project.services[name] as Service);
  for (const [key, { name, external, internal }] of Object.entries(project.networks)) {
    if (!networksOf(used).has(key) || engine.networks.find(name)) continue;
    if (external) throw new DockerError(`network ${name} declared as external, but could not be found`, 1);
    const labels = { [label.project]: project.name, [label.network]: key };
    engine.networks.create(name, { driver: "bridge", internal, labels });
    session.err(` Network ${name}  Created\n`);
  }
  for (const [key, { name, external }] of Object.entries(project.volumes)) {
    if (engine.networks.volumes().some((volume) => volume.name === name)) continue;
    if (external) throw new DockerError(`external volume "${name}" not found`, 1);
    engine.networks.volume(name, { [label.project]: project.name, [label.volume]: key });
    session.err(` Volume "${name}"  Created\n`);
  }
}

async function removeOrphans(
  engine: Engine,
  session: Session,
  project: Project,
  graceSeconds: number | undefined,
): Promise<void> {
  for (const record of engine.containers.list()) {
    const { labels } = record.spec;
    if (labels[label.project] !== project.name || labels[label.oneOff] === "True") continue;
    if (!project.services[labels[label.service] ?? ""]) await discard(engine, session, record, graceSeconds);
  }
}

export async function awaitDependencies(
  engine: Engine,
  session: Session,
  project: Project,
  service: Service,
): Promise<void> {
  for (const [name, { condition, required }] of Object.entries(service.dependsOn)) {
    const records = containersOf(engine, project.name, name);
    if (records.length === 0 && !required) continue;
    if (condition === "service_healthy") {
      await waitHealthy(engine, session, records, undefined).catch((thrown: unknown) => {
        if (required)
          throw new DockerError(
            `dependency failed to start: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
            1,
          );
      });
    }
    if (condition === "service_completed_successfully") {
      for (const record of records) {
        const code = await engine.containers.wait(record.id);
        if (code !== 0 && required) {
          throw new DockerError(`service "${name}" didn't complete successfully: exit ${code}`, 1);
        }
      }
    }
  }
}

const say = (session: Session, { spec }: ContainerRecord, what: string): void =>
  session.err(` Container ${spec.name}  ${what}\n`);

/** Image lines of `up` are progress. */
const quiet = (session: Session): Session => ({ ...session, err: () => {} });
