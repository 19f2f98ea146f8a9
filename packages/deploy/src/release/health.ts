import { type Clock, fail, type HttpResponse, TransportError, type Trouble } from "@doge/core";
import type { Containers } from "../containers/containers.ts";
import { docker } from "../containers/docker.ts";
import { type Slot, slotName } from "../edge/configuration.ts";
import type { Host } from "../host/host.ts";
import { slotPort } from "./compose-file.ts";
import type { ReleaseSettings } from "./model.ts";

/** What the readiness path of a slot answered, seen from outside the container. */
export type Answer =
  | { readonly kind: "ready" }
  | { readonly kind: "status"; readonly status: number; readonly body: string; readonly location?: string }
  | { readonly kind: "silent"; readonly reason: TransportError["reason"] };

/** Asks as the edge does: under the site's own name, as if over TLS. */
export async function askReady(
  host: Host,
  slot: Slot,
  { readyPath, domains }: Pick<ReleaseSettings, "readyPath" | "domains">,
  name: string = domains[0],
): Promise<Answer> {
  let response: HttpResponse;
  try {
    response = await host.http({
      method: "GET",
      port: slotPort[slot],
      path: readyPath,
      headers: { host: name, "x-forwarded-proto": "https", "x-forwarded-host": name },
      timeoutMilliseconds: 2_000,
    });
  } catch (thrown) {
    if (thrown instanceof TransportError) return { kind: "silent", reason: thrown.reason };
    throw thrown;
  }
  if (response.status >= 200 && response.status < 300) return { kind: "ready" };
  const { status, headers } = response;
  const location = headers["location"];
  return { kind: "status", status, body: response.text().trim().slice(0, 300), ...(location ? { location } : {}) };
}

export const defaultHealthSeconds = 60;
const successesNeeded = 3;
const pauseMilliseconds = 100;
/** How often to look whether a release that is not ready still runs at all. */
const lookMilliseconds = 500;

/**
 * Waits until a new release answers its readiness path several times in a row; returns when it first did. `onReady` is
 * called at the first of them: from then on the edge sends it requests.
 * Throws `release-unhealthy` with the cause: what an engineer would find out by logging in.
 */
export async function waitHealthy(options: {
  readonly host: Host;
  readonly clock: Clock;
  readonly containers: Containers;
  readonly slot: Slot;
  readonly settings: ReleaseSettings;
  readonly onReady: () => Promise<void>;
  readonly signal?: AbortSignal | undefined;
}): Promise<Date> {
  const { host, clock, containers, slot, settings, onReady, signal } = options;
  const container = slotName(slot);
  const end = clock.now().getTime() + (settings.healthSeconds ?? defaultHealthSeconds) * 1000;
  let successes = 0;
  let since = clock.now();
  let looked = since.getTime();
  for (;;) {
    const answer = await askReady(host, slot, settings);
    successes = answer.kind === "ready" ? successes + 1 : 0;
    if (successes === 1) {
      since = clock.now();
      await onReady();
    }
    if (successes >= successesNeeded) return since;
    if (answer.kind !== "ready" && clock.now().getTime() - looked >= lookMilliseconds) {
      looked = clock.now().getTime();
      const state = await containers.inspect(container);
      const crashed = !state || state.restarts > 0 || !["running", "created"].includes(state.status);
      if (crashed) fail(await explain(options, answer));
    }
    if (clock.now().getTime() > end) fail(await explain(options, answer));
    await clock.sleep(pauseMilliseconds, signal);
  }
}

async function explain(
  { host, containers, slot, settings }: Parameters<typeof waitHealthy>[0],
  answer: Answer,
): Promise<Trouble> {
  const container = slotName(slot);
  const state = await containers.inspect(container);
  const lines = await containers.lastLines(container, 15);
  const inside = answer.kind === "silent" && state?.running ? await lookInside(host, container, settings) : undefined;
  const tasks = await host.run({ argv: docker.running("label=com.docker.compose.project=app-task") });
  const { cause, remedy } = diagnose({
    answer,
    settings,
    lines,
    migrating: tasks.exitCode === 0 && tasks.stdout.trim() !== "",
    // Refused under the site's name, but not under its own: an app with a list of names that it answers to.
    refusesName: refused(answer) && !refused(await askReady(host, slot, settings, "localhost")),
    ...(state ? { state } : {}),
    ...(inside ? { inside } : {}),
  });
  return {
    code: "release-unhealthy",
    summary: "The new release did not become healthy; the old one goes on serving",
    detail: `${cause}${lines ? `\nIts last lines:\n${lines}` : ""}`,
    address: `${host.name} ${container}`,
    remedy,
  };
}

const refused = (answer: Answer): boolean => answer.kind === "status" && [400, 403, 421].includes(answer.status);

/** What a probe within the container saw. */
export interface Inside {
  /** The readiness path answers on 127.0.0.1. */
  readonly answers: boolean;
  /** Ports on which the app's own process listens. */
  readonly ports: readonly number[];
}

/** The reason why a release is not healthy, and its remedy. Pure. */
export function diagnose(seen: {
  readonly answer: Answer;
  readonly settings: Pick<ReleaseSettings, "port" | "readyPath" | "healthSeconds" | "domains">;
  readonly state?: {
    readonly running: boolean;
    readonly exitCode: number;
    readonly outOfMemory: boolean;
    readonly restarts: number;
  };
  readonly inside?: Inside;
  /** Its last lines. */
  readonly lines?: string;
  /** A container of a migration runs. */
  readonly migrating?: boolean;
  /** It answers under another name. */
  readonly refusesName?: boolean;
}): { readonly cause: string; readonly remedy: string } {
  const { answer, settings, state, inside, lines = "" } = seen;
  const { port, readyPath } = settings;
  if (!state) return { cause: "its container is gone", remedy: "Deploy again." };
  if (state.outOfMemory) {
    return {
      cause: "it ran out of memory and was killed",
      remedy: "Give the environment a larger droplet (`environments` in doge.config.ts), or let the app use less.",
    };
  }
  if (/exec format error/i.test(lines)) {
    return {
      cause: "its image is for another processor than the droplet's",
      remedy:
        "Build it for the droplet (`docker build --platform`), or choose a base image (`app.base`) that has both.",
    };
  }
  if (!state.running || state.restarts > 0) {
    const times = state.restarts > 0 ? `, and ended again ${state.restarts} times` : "";
    return {
      cause: `the app ended with exit code ${state.exitCode}${times}`,
      remedy:
        state.exitCode === 78
          ? "A setting is missing or wrong: see the last lines, mend the env file, send it with `doge apply dotenv`."
          : "The last lines say why. Mend it and deploy again.",
    };
  }
  if (seen.migrating) {
    return {
      cause: "a migration is still running, and the app waits for it",
      remedy: "See it with `doge ssh` (`docker ps`, `docker logs`); deploy again when it has ended.",
    };
  }
  if (answer.kind === "status" && answer.location !== undefined && answer.status < 400) {
    const to = new URL(answer.location, `https://${settings.domains[0]}${readyPath}`);
    const itself = to.host === settings.domains[0] && to.pathname === readyPath;
    return itself
      ? {
          cause: `redirect loop: ${readyPath} redirects to itself (${answer.status} to ${answer.location})`,
          remedy: "Let the app trust X-Forwarded-Proto from its proxy: TLS ends at the edge.",
        }
      : {
          cause: `${readyPath} redirects to ${answer.location} (${answer.status})`,
          remedy: "The readiness path must answer 200 itself, without a login: name it as `app.ready`.",
        };
  }
  if (answer.kind === "status" && seen.refusesName) {
    return {
      cause: `the app refuses the host name ${settings.domains[0]} (${answer.status})`,
      remedy: "Add the name to those that the app answers to (Django: ALLOWED_HOSTS), in the environment's env file.",
    };
  }
  if (answer.kind === "status" && answer.status === 404) {
    return {
      cause: `it answers, but ${readyPath} is 404`,
      remedy: "Add that path to the app, or name the right one as `app.ready` in doge.config.ts.",
    };
  }
  if (answer.kind === "status") {
    return {
      cause: `${readyPath} answers ${answer.status}${answer.body ? `: ${answer.body}` : ""}`,
      remedy: "The answer says what it is waiting for.",
    };
  }
  if (inside?.answers) {
    return {
      cause: `the app listens on 127.0.0.1:${port}, where only its own container reaches it`,
      remedy: "Listen on all interfaces: leave the host name away, or use 0.0.0.0.",
    };
  }
  const others = inside?.ports.filter((other) => other !== port) ?? [];
  if (others.length > 0) {
    return {
      cause: `the app listens on port ${others.join(", ")}, but ${port} is expected`,
      remedy: "Let the app listen on the port in PORT, or set `app.port` in doge.config.ts.",
    };
  }
  return {
    cause: `nothing answered on port ${port} within ${settings.healthSeconds ?? defaultHealthSeconds} s`,
    remedy: "The app is running but does not listen yet: see its last lines.",
  };
}

// Sockets of the container's first process, from /proc: works in any image that has node.
const insideScript = `
const fs = require("node:fs");
const [port, path] = process.argv.slice(1);
const own = new Set();
for (const pid of [1, ...fs.readdirSync("/proc").filter((n) => /^[0-9]+$/.test(n) && n !== String(process.pid))]) {
  try {
    if (pid !== 1 && !/PORT=/.test(fs.readFileSync("/proc/" + pid + "/environ", "utf8"))) continue;
    for (const fd of fs.readdirSync("/proc/" + pid + "/fd")) {
      const m = /socket:.(\\d+)/.exec(fs.readlinkSync("/proc/" + pid + "/fd/" + fd));
      if (m) own.add(m[1]);
    }
  } catch {}
}
const ports = new Set();
for (const file of ["/proc/net/tcp", "/proc/net/tcp6"]) {
  try {
    for (const line of fs.readFileSync(file, "utf8").split("\\n").slice(1)) {
      const f = line.trim().split(/\\s+/);
      if (f[3] === "0A" && own.has(f[9])) ports.add(parseInt(f[1].split(":")[1], 16));
    }
  } catch {}
}
fetch("http://127.0.0.1:" + port + path, { signal: AbortSignal.timeout(2000) })
  .then(() => true, () => false)
  .then((answers) => console.log(JSON.stringify({ answers, ports: [...ports] })));
`;

async function lookInside(host: Host, container: string, settings: ReleaseSettings): Promise<Inside | undefined> {
  const argv = docker.exec(container, ["node", "-e", insideScript, String(settings.port), settings.readyPath]);
  const result = await host.run({ argv });
  try {
    return result.exitCode === 0 ? (JSON.parse(result.stdout) as Inside) : undefined;
  } catch {
    return undefined; // an image without node: this evidence is missing
  }
}
