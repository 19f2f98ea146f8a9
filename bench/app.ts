/** The template's bars, measured on an installed project: start, memory, size, requests for each second of processor. */
import { spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { Agent, get } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

export interface AppFigures {
  /** Until `/healthz` answers, without a database; beside it the start of an empty Node program. */
  readonly readyMilliseconds: number;
  readonly emptyNodeMilliseconds: number;
  /** Resident, after ten idle seconds. */
  readonly idleMegabytes: number;
  /** What production installs, by the sizes of its files. */
  readonly productionMegabytes: number;
  /** Requests for each second of processor that the server used, on a core of its own where taskset is. */
  readonly homePerSecond: number;
  readonly profilePerSecond: number;
  /** A server that answers four letters, by the same client, as the measure of this machine. */
  readonly bareNodePerSecond: number;
}

const bare = `require("http").createServer((q, s) => s.end("wow!")).listen(process.env.PORT)`;

export async function measureApp(project: string, databaseUrl: string): Promise<AppFigures> {
  const env = {
    DATABASE_URL: databaseUrl,
    MAIL_URL: "folder:.data/bench-mail",
    STORAGE_URL: "folder:.data/bench-media",
  };
  run(project, ["src/commands/compile.ts"], {});
  run(project, ["src/migrate.ts"], env);
  run(project, ["src/commands/seed.ts"], env);

  const starts = [];
  for (let turn = 0; turn < 5; turn++) {
    const server = await start(project, production, {
      ...env,
      DATABASE_URL: "postgres://nobody@127.0.0.1:1/none",
    });
    starts.push(server.milliseconds);
    await server.stop();
  }
  const empty = [1, 2, 3, 4, 5].map(() => {
    const started = performance.now();
    run(project, ["-e", "0"], {});
    return performance.now() - started;
  });

  const server = await start(project, production, { ...env, JOBS_IN_WEB: "false" });
  await wait(10_000);
  const idleMegabytes = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))?.[1]) / 1024;
  const homePerSecond = await load(server, "/");
  const profilePerSecond = await load(server, "/users/admin/", await signIn(server.port));
  await server.stop();
  const node = await start(project, ["-e", bare], {});
  const bareNodePerSecond = await load(node, "/");
  await node.stop();
  return {
    readyMilliseconds: median(starts),
    emptyNodeMilliseconds: median(empty),
    idleMegabytes,
    productionMegabytes: productionBytes(project) / 1e6,
    homePerSecond,
    profilePerSecond,
    bareNodePerSecond,
  };
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;

function run(cwd: string, argv: readonly string[], env: Record<string, string>): void {
  const { status, stderr } = spawnSync(process.execPath, argv, {
    cwd,
    env: { ...process.env, ...env },
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${argv.join(" ")} ended with ${status}\n${stderr}`);
}

interface Running {
  readonly pid: number;
  readonly port: number;
  readonly milliseconds: number;
  stop(): Promise<void>;
}

/** Words before a program that keep it on one core, so that the load comes from the others. */
const pinned = spawnSync("taskset", ["--version"]).status === 0 ? ["taskset", "-c", "0"] : [];
const production = ["--max-semi-space-size=4", "dist/server.js"];

async function start(cwd: string, argv: readonly string[], env: Record<string, string>): Promise<Running> {
  const port = await new Promise<number>((resolve) => {
    const probe = createServer().listen(0, () => {
      const { port: free } = probe.address() as AddressInfo;
      probe.close(() => resolve(free));
    });
  });
  const started = performance.now();
  const [program = "", ...words] = [...pinned, process.execPath, ...argv];
  const child = spawn(program, words, {
    cwd,
    env: { ...process.env, PORT: String(port), ...env },
    stdio: "ignore",
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  while (
    !(await fetch(`http://localhost:${port}/healthz`).then(
      (r) => r.ok,
      () => false,
    ))
  ) {
    if (child.exitCode !== null) throw new Error(`${argv.join(" ")} ended at once`);
    await wait(5);
  }
  return {
    pid: child.pid ?? 0,
    port,
    milliseconds: performance.now() - started,
    async stop() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

async function signIn(port: number): Promise<string> {
  const answer = await fetch(`http://localhost:${port}/accounts/login/`, {
    method: "POST",
    headers: { origin: `http://localhost:${port}`, "content-type": "application/x-www-form-urlencoded" },
    body: "login=admin&password=Such-seed-1",
    redirect: "manual",
  });
  const cookie = answer.headers.getSetCookie().find((line) => line.includes("session_token"));
  if (!cookie) throw new Error(`signing in answered ${answer.status}`);
  return cookie.split(";")[0] as string;
}

/** On 16 connections that are kept alive, after a warm-up. */
async function load({ pid, port }: Running, path: string, cookie?: string): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      get({ port, path, agent, headers: cookie ? { cookie } : {} }, (answer) => {
        answer.resume();
        answer.on("end", () =>
          answer.statusCode === 200 ? resolve() : reject(new Error(`${path}: ${answer.statusCode}`)),
        );
      }).on("error", reject);
    });
  const many = async (count: number): Promise<void> => {
    let left = count;
    await Promise.all(
      Array.from({ length: 16 }, async () => {
        while (left-- > 0) await one();
      }),
    );
  };
  await many(3_000);
  const before = processorSeconds(pid);
  await many(10_000);
  agent.destroy();
  return 10_000 / (processorSeconds(pid) - before);
}

function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function productionBytes(project: string): number {
  const lock = JSON.parse(readFileSync(join(project, "package-lock.json"), "utf8")) as {
    packages: Record<string, { dev?: boolean; link?: boolean }>;
  };
  const nested = /\/node_modules\//;
  return Object.entries(lock.packages)
    .filter(([path, { dev, link }]) => path.startsWith("node_modules/") && !nested.test(path.slice(1)) && !dev && !link)
    .reduce((sum, [path]) => sum + bytesBelow(join(project, path)), 0);
}

function bytesBelow(folder: string): number {
  let sum = 0;
  try {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) sum += statSync(join(entry.parentPath, entry.name)).size;
    }
  } catch (thrown) {
    // An optional package of another platform.
    if ((thrown as NodeJS.ErrnoException).code !== "ENOENT") throw thrown;
  }
  return sum;
}

/** The table's lines: figure, bar. */
export const appLines = (f: AppFigures): readonly string[] => [
  `app: ready without a database       ${f.readyMilliseconds.toFixed(0).padStart(8)} ms   bar 400 (node -e 0: ${f.emptyNodeMilliseconds.toFixed(0)} ms)`,
  `app: idle memory                    ${f.idleMegabytes.toFixed(0).padStart(8)} MB   bar 90`,
  `app: production node_modules        ${f.productionMegabytes.toFixed(0).padStart(8)} MB   bar 60`,
  `app: home page, a core              ${f.homePerSecond.toFixed(0).padStart(8)} /s   bar 5000 (bare Node: ${f.bareNodePerSecond.toFixed(0)}/s)`,
  `app: signed-in profile, a core      ${f.profilePerSecond.toFixed(0).padStart(8)} /s   bar 1500`,
];
