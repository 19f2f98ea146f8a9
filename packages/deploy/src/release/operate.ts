import { type Clock, fail } from "@doge/core";
import { type ContainerState, dockerOn } from "../containers/containers.ts";
import { compose, docker } from "../containers/docker.ts";
import { slotName, slots, type Slot } from "../edge/configuration.ts";
import type { Host } from "../host/host.ts";
import { shellScript } from "../host/quote.ts";
import { takeLease } from "../lease/lease.ts";
import { slotPort, taskComposeFile } from "./compose-file.ts";
import { converge, withLease } from "./deploy.ts";
import { bringLive } from "./live.ts";
import { journalOn } from "./journal.ts";
import { layoutOn } from "./layout.ts";
import { obtainImage } from "./obtain.ts";
import type { PendingRelease, RegistryAccess, ReleaseContext, ReleaseRecord } from "./model.ts";

export interface ReleaseStatus {
  /** Undefined where nothing was ever deployed. */
  readonly current: ReleaseRecord | undefined;
  /** A deploy that is at work, or was cut off. */
  readonly pending: PendingRelease | undefined;
  readonly slots: readonly {
    readonly slot: Slot;
    readonly container: ContainerState | undefined;
    /** Whether its readiness path answers 2xx. */
    readonly ready: boolean;
  }[];
}

/** How an environment is, as its own host sees it. Changes nothing and needs no lease. */
export async function releaseStatus(host: Host, project: string): Promise<ReleaseStatus> {
  const layout = await layoutOn(host, project);
  const journal = journalOn(host, layout);
  const containers = dockerOn(host);
  const [current, pending] = await Promise.all([journal.current(), journal.pending()]);
  const path = current?.settings.readyPath ?? "/";
  return {
    current,
    pending,
    slots: await Promise.all(
      slots.map(async (slot) => {
        const container = await containers.inspect(slotName(slot));
        const answer = container?.running
          ? await host.http({ method: "GET", port: slotPort[slot], path }).catch(() => undefined)
          : undefined;
        return { slot, container, ready: answer !== undefined && answer.status >= 200 && answer.status < 300 };
      }),
    ),
  };
}

/** The history of an environment, newest first. */
export async function listReleases(host: Host, project: string): Promise<readonly ReleaseRecord[]> {
  return journalOn(host, await layoutOn(host, project)).releases();
}

export interface LogOptions {
  /** `app` (the live release) unless told; otherwise a service of the compose files: `postgres`, `caddy`. */
  readonly service?: string;
  readonly follow?: boolean;
  /** Lines from the end; 100 unless told. */
  readonly tail?: number;
  readonly onLine: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** Passes on log lines, until the end or, when following, until the signal. */
export async function releaseLogs(host: Host, project: string, options: LogOptions): Promise<void> {
  const layout = await layoutOn(host, project);
  const { service = "app", follow = false, tail = 100, onLine, signal } = options;
  const current = await journalOn(host, layout).current();
  if (service === "app" && !current) {
    fail({
      code: "release-none",
      summary: "Nothing was deployed here yet",
      address: host.name,
      remedy: "Deploy first: `doge deploy`, or merge into the environment's branch.",
    });
  }
  const argv =
    service === "app"
      ? docker.logs(slotName(current?.slot ?? "blue"), { tail, follow })
      : docker.logs(`services-${service}-1`, { tail, follow });
  const rest = { stdout: "", stderr: "" };
  const result = await host.run({
    argv,
    ...(signal ? { signal } : {}),
    onOutput(chunk, stream) {
      const lines = (rest[stream] + chunk).split("\n");
      rest[stream] = lines.pop() ?? "";
      for (const line of lines) onLine(line);
    },
  });
  for (const line of [rest.stdout, rest.stderr]) if (line !== "") onLine(line);
  if (result.exitCode !== 0) {
    fail({
      code: "release-logs",
      summary: "There are no logs of that service",
      detail: result.stderr.trim().split("\n").at(-1) ?? service,
      address: host.name,
      remedy: "Services are `app`, and those of compose.production.yaml.",
    });
  }
}

/**
 * Argv of a command in the live release: in its own container (`exec`), or in a new one of the same image
 * (`run`). With a terminal for people. Throws `release-none`.
 */
export async function releaseCommand(
  host: Host,
  project: string,
  argv: readonly string[],
  options: { readonly kind: "exec" | "run"; readonly terminal?: boolean },
): Promise<readonly string[]> {
  const layout = await layoutOn(host, project);
  const current = await journalOn(host, layout).current();
  if (!current) {
    return fail({
      code: "release-none",
      summary: "Nothing was deployed here yet",
      address: host.name,
      remedy: "Deploy first.",
    });
  }
  if (options.kind === "exec") return docker.exec(slotName(current.slot), argv, options);
  // The record may be newer than the file, after a rollback that was killed: it is written anew.
  await host.writeFile(layout.taskFile, taskComposeFile({ ...current, target: current, settings: current.settings }));
  return compose({ name: "app-task", files: [layout.taskFile], directory: layout.root }).runOnce("app", argv);
}

/** Runs a command in the live release's container; its exit code is the command's. */
export async function runInRelease(
  host: Host,
  project: string,
  argv: readonly string[],
  options: { readonly stdin?: string; readonly onOutput?: (chunk: string, stream: "stdout" | "stderr") => void } = {},
): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }> {
  const current = await journalOn(host, await layoutOn(host, project)).current();
  if (!current) {
    return fail({
      code: "release-none",
      summary: "Nothing was deployed here yet",
      address: host.name,
      remedy: "Deploy first.",
    });
  }
  return host.run({ argv: docker.exec(slotName(current.slot), argv), ...options });
}

/**
 * Goes back to an earlier release (`to`, or the one before): its image and settings, today's env files, no
 * migration. The switch is the same as a deploy's. Where migrations stand between the two, `confirm` is asked whether
 * to go on. Throws `rollback-none`, `rollback-migrated`.
 */
export async function rollbackRelease(
  options: ReleaseContext & {
    readonly to?: number;
    readonly registry?: RegistryAccess;
    readonly confirm?: (migrations: readonly string[]) => Promise<boolean>;
  },
): Promise<ReleaseRecord> {
  const { host } = options;
  const journal = journalOn(host, await layoutOn(host, options.target.project));
  const [current, releases] = await Promise.all([journal.current(), journal.releases()]);
  const earlier = releases.find(({ number, image }) =>
    options.to === undefined
      ? current !== undefined && number < current.number && image.digest !== current.image.digest
      : number === options.to,
  );
  if (!current || !earlier) {
    return fail({
      code: "rollback-none",
      summary: "There is no such release to go back to",
      detail: `On record: ${releases.map(({ number }) => number).join(", ") || "none"}.`,
      address: host.name,
      remedy: "Name one of those on record: doge rollback ENVIRONMENT RELEASE.",
    });
  }
  await confirmMigrations(options, earlier, releases);
  const { image, settings } = earlier;
  const takenBack = [...(current.takenBack ?? []), current.image.digest].filter((digest) => digest !== image.digest);
  const deploy = { ...options, image, settings, composeFiles: [], envFiles: [] };
  return withLease(deploy, `rollback to release ${earlier.number}`, async (deploying) => {
    const { course, current: live, newest } = await deploying.walk.step("converge", () => converge(deploying));
    await deploying.walk.step("pull", () => obtainImage(deploying, image));
    const pending: PendingRelease = {
      number: newest + 1,
      slot: course.next,
      phase: "preparing",
      fingerprint: earlier.fingerprint,
      image,
      settings,
      startedAt: deploying.startedAt.toISOString(),
      owner: options.owner,
      migrations: [],
      takenBack: [...new Set(takenBack)],
    };
    return bringLive(deploying, { pending, live: course.live, current: live, outcome: "rolled-back" });
  });
}

/** The database keeps what later releases migrated: the earlier code must suit it. */
async function confirmMigrations(
  { confirm, host, target }: Parameters<typeof rollbackRelease>[0],
  earlier: ReleaseRecord,
  releases: readonly ReleaseRecord[],
): Promise<void> {
  const between = releases.filter(({ number, migrations }) => number > earlier.number && migrations.length > 0);
  const migrations = between.toReversed().flatMap((release) => release.migrations);
  if (migrations.length === 0 || (await confirm?.(migrations))) return;
  const point = between.at(-1)?.restorePoint;
  fail({
    code: "rollback-migrated",
    summary: "Migrations stand between the two releases",
    detail: `${migrations.join(", ")}: they stay, and release ${earlier.number} was made before them`,
    address: host.name,
    remedy: `Where the earlier release runs on the newer schema (expand first, contract later): doge rollback ${target.environment} ${earlier.number} --yes.${point ? ` The data of before, without what was written since: doge db restore ${target.environment} ${point.file}` : ""}`,
  });
}

/** Stops and removes everything of a project on a host, its data too. For tests and for droplets that stay. */
export async function removeAll(host: Host, clock: Clock, project: string, owner: string): Promise<void> {
  const layout = await layoutOn(host, project);
  const lease = await takeLease({ host, clock, folder: layout.lease, owner: { owner, purpose: "remove all" } });
  try {
    const containers = dockerOn(host);
    for (const slot of slots) {
      if (await containers.inspect(slotName(slot))) await containers.run(layout.slot(slot).down());
    }
    const { stdout } = await host.run({
      argv: shellScript('cd "$1"; ls compose.*.yaml | grep -v compose.app-', layout.root),
    });
    const files = stdout
      .split("\n")
      .filter((line) => line !== "")
      .sort();
    if (files.length > 0) await containers.run(layout.services(files).down({ volumes: true }));
  } finally {
    await lease.release();
  }
  await host.run({ argv: ["rm", "-rf", layout.root] });
}
