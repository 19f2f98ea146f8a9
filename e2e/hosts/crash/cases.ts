import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ReleaseImage, releaseSteps } from "../../../packages/deploy/src/index.ts";
import { onConsole, tryOnConsole } from "../../../tools/hosts/droplet.ts";
import type { Deployer } from "./run-deployer.ts";

export interface CrashCase {
  readonly name: string;
  /** What the deploy that meets it should end with; any of them. */
  readonly ends: readonly string[];
  /** The edge itself is gone for a while: visitors can't be served by any release. */
  readonly edgeGone?: boolean;
  /** Failures of this kind are the trouble itself, no release could serve them: `new connection: ECONNREFUSED`. */
  readonly excused?: RegExp;
  /** Whether the trouble really happened; says what is missing. */
  readonly proof?: () => string | undefined;
  readonly healthSeconds?: number;
  /** In the short form, too. */
  readonly short?: boolean;
  /** The step that the deploy has to come to. */
  readonly step?: string;
  /** Changes the app's sources for good. */
  readonly change?: (app: string) => void;
  /** Changes the app's sources before the image is built; gives back what undoes it. */
  readonly spoil?: (app: string) => () => void;
  /** Changes the image that is asked for. */
  readonly image?: (image: ReleaseImage) => ReleaseImage;
  readonly before?: () => void;
  readonly atStep?: (step: string, deployer: Deployer) => void;
  /** Ends the trouble before the next deploy. */
  readonly after?: () => void;
}

/** Kills the deployer some time after a step has begun: anywhere within it. */
const killAt = (step: string, delay: number): CrashCase => ({
  name: `deployer killed at ${step} + ${delay} ms`,
  // Where it was quicker than the kill, it is done.
  ends: ["killed", "released"],
  short: ["migrate", "switch"].includes(step),
  step,
  ...(["restore-point", "migrate"].includes(step) ? { change: slowMigration(step) } : {}),
  atStep: (begun, deployer) => {
    if (begun === step) setTimeout(() => deployer.signal("SIGKILL"), delay);
  },
});

/** Migrations of an earlier run on the same hosts have run: this run's have names of their own. */
const mark = Date.now().toString(36);

/** Takes a second, so that a kill comes while it is at work. */
const slowMigration =
  (name: string) =>
  (app: string): void => {
    const sql = "CREATE TABLE IF NOT EXISTS such_crash (id bigint);\nSELECT pg_sleep(1);\n";
    writeFileSync(join(app, `migrations/0900_${mark}_${name === "migrate" ? "b" : "a"}.sql`), sql);
  };

const once = (wanted: string, work: () => void): NonNullable<CrashCase["atStep"]> => {
  let done = false;
  return (step) => {
    if (step !== wanted || done) return;
    done = true;
    work();
  };
};

function rewrite(file: string, content: string): (app: string) => () => void {
  return (app) => {
    writeFileSync(join(app, file), content);
    return () => rmSync(join(app, file));
  };
}

export function crashCases(random: () => number): readonly CrashCase[] {
  return [
    ...releaseSteps.map((step) => killAt(step, Math.floor(random() * 400))),
    {
      name: "connection cut at switch",
      ends: ["ssh-lost"],
      short: true,
      atStep: once("switch", () => void tryOnConsole("prod", "pkill", "-KILL", "-u", "deployer", "sshd")),
    },
    {
      name: "connection cut at drain",
      ends: ["ssh-lost", "released"],
      atStep: once("drain", () => void tryOnConsole("prod", "pkill", "-KILL", "-u", "deployer", "sshd")),
    },
    engineRestarted("health"),
    engineRestarted("start"),
    edgeKilled("health"),
    {
      name: "disk almost full",
      ends: ["host-disk"],
      before: () => void onConsole("prod", "sh", "-c", fillDisk, "sh", "100000000"),
      after: () => void onConsole("prod", "rm", "-f", "/home/ballast"),
    },
    {
      // Not even a lease can be written.
      name: "disk full to the last byte",
      ends: ["host-disk"],
      before: () => void onConsole("prod", "sh", "-c", fillDisk, "sh", "0"),
      after: () => void onConsole("prod", "rm", "-f", "/home/ballast"),
    },
    {
      name: "image that is not in the registry",
      ends: ["containers-failed"],
      image: ({ reference, digest, ...image }) => ({
        ...image,
        reference: reference.replace(/.{8}$/, "00000000"),
        digest: digest.replace(/.{8}$/, "00000000"),
      }),
    },
    {
      name: "app that ends at its start",
      ends: ["release-unhealthy"],
      spoil: (app) =>
        spoilFile(app, "src/log.ts", 'if (!process.argv[1]?.endsWith("migrate.ts")) throw new Error("such crash");\n'),
    },
    {
      name: "migration that fails",
      ends: ["migration-failed"],
      short: true,
      spoil: rewrite("migrations/0990_broken.sql", "ALTER TABLE no_such_table ADD broken text;\n"),
    },
    {
      name: "health check that hangs",
      ends: ["release-unhealthy"],
      healthSeconds: 5,
      spoil: (app) => spoilFile(app, "src/log.ts", hangingServer),
    },
  ];
}

const onProd = (...argv: readonly string[]): string => onConsole("prod", ...argv).trim();

/**
 * The engine makes its rules for published ports anew: who opens a connection at that instant is refused, whichever
 * release there is. Containers live on, and so does every connection through the edge's.
 */
function engineRestarted(step: string): CrashCase {
  const engine = (): string => onProd("systemctl", "show", "--property", "MainPID", "--value", "docker");
  const edge = (): string => onProd("docker", "inspect", "--format", "{{.State.Pid}}", "services-caddy-1");
  let before: readonly string[] = [];
  return {
    name: `engine restarted at ${step}`,
    ends: ["released", "containers-failed", "release-unhealthy"],
    excused: /^(new connection|upload): (ECONNREFUSED|ECONNRESET)$/,
    atStep: once(step, () => {
      before = [engine(), edge()];
      onProd("systemctl", "restart", "docker");
    }),
    proof: () => {
      if (engine() === before[0]) return "the engine was not restarted";
      return edge() === before[1] ? undefined : "the edge did not live on while the engine was restarted";
    },
  };
}

function edgeKilled(step: string): CrashCase {
  const restarts = (): number =>
    Number(onProd("docker", "inspect", "--format", "{{.RestartCount}}", "services-caddy-1"));
  let before = 0;
  return {
    name: `edge killed at ${step}`,
    ends: ["released", "release-unreachable"],
    edgeGone: true,
    atStep: once(step, () => {
      before = restarts();
      onProd("pkill", "-KILL", "-x", "caddy");
    }),
    proof: () => (restarts() > before ? undefined : "the edge was not killed"),
  };
}

/** Leaves `$1` bytes. */
const fillDisk = 'fallocate -l "$(($(df --output=avail -B1 /home | tail -n 1) - $1))" /home/ballast || true';

/** Accepts connections and never answers. */
const hangingServer = `import { createServer } from "node:net";
if (!process.argv[1]?.endsWith("migrate.ts")) {
  createServer(() => {}).listen(Number(process.env.PORT));
  await new Promise(() => {});
}
`;

function spoilFile(app: string, file: string, first: string): () => void {
  const path = join(app, file);
  const content = readFileSync(path, "utf8");
  writeFileSync(path, `${first}${content}`);
  return () => writeFileSync(path, content);
}
