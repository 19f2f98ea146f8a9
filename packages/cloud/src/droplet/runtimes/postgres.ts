import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { appendFile, chmod, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DockerError, type ContainerRecord } from "../engine/model.ts";
import type { Streams } from "../engine/process.ts";
import { containerPath, hostMounts } from "./mounts.ts";
import { executable } from "./node.ts";
import { findPostgres, serverAccount, writeClients } from "./postgres-programs.ts";
import type { Grounds, Runtime } from "./runtime.ts";

/** The image `postgres`: a real server of this machine, with the official image's variables and first start. */
export function postgresRuntime(grounds: Grounds): Runtime {
  const path = (container: ContainerRecord, inside: string): string =>
    containerPath(grounds.disk, container, grounds.folder(container), inside);
  // A socket's path may have 107 bytes at most: ours stands beside the docker socket, which is short.
  const socketFolder = (container: ContainerRecord): string =>
    join(dirname(grounds.socket), `pg-${container.id.slice(0, 12)}`);
  const bin = (container: ContainerRecord): string => join(grounds.folder(container), "bin");

  return {
    async prepare(container) {
      await hostMounts(grounds.disk, container, grounds.folder(container));
      await mkdir(socketFolder(container), { recursive: true, mode: 0o700 });
      await mkdir(join(grounds.folder(container), "root"), { recursive: true });
      await writeClients({
        bin: bin(container),
        programs: grounds.postgres ?? findPostgres(),
        socketFolder: socketFolder(container),
        loopback: container.loopback,
        hosts: grounds.hosts(container),
      });
    },

    async program(container, { argv, env, main }) {
      const programs = grounds.postgres ?? findPostgres();
      const words = argv[0]?.endsWith("docker-entrypoint.sh") ? argv.slice(1) : [...argv];
      if (words[0]?.startsWith("-")) words.unshift("postgres");
      const full = {
        HOME: grounds.folder(container),
        PGHOST: socketFolder(container),
        ...env,
        PATH: `${bin(container)}:${programs}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`,
      };
      const mapped = words.map((word) => {
        const inside = word.startsWith("/") ? path(container, word) : word;
        return existsSync(inside) ? inside : word;
      });
      if (!main || words[0] !== "postgres") {
        const file = executable(mapped[0] ?? "", full.PATH);
        if (file === undefined) {
          throw new DockerError(
            `OCI runtime exec failed: exec: ${JSON.stringify(words[0] ?? "")}: executable file not found in $PATH`,
            127,
          );
        }
        return { kind: "process", file, args: mapped.slice(1), env: full, cwd: grounds.folder(container) };
      }
      const data = path(container, env["PGDATA"] ?? "/var/lib/postgresql/data");
      const { prefix } = await serverAccount();
      const server = [
        ...prefix,
        join(programs, "postgres"),
        ...mapped.slice(1),
        "-D",
        data,
        `--unix-socket-directories=${socketFolder(container)}`,
        `--listen-addresses=${container.address},${container.loopback}`,
        "--port=5432",
      ];
      const seed: Seed = {
        data,
        programs,
        prefix,
        env: full,
        scripts: path(container, "/docker-entrypoint-initdb.d"),
        socket: socketFolder(container),
      };
      return {
        kind: "process",
        file: server[0] ?? "",
        args: server.slice(1),
        env: full,
        cwd: grounds.folder(container),
        before: (streams) => initialize(seed, streams),
      };
    },

    locate: (container, port) => ({ host: container.address, port }),
  };
}

interface Seed {
  readonly data: string;
  readonly programs: string;
  readonly prefix: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly scripts: string;
  readonly socket: string;
}

/** What the official image's entry script does on an empty data folder. Killed half way, it begins anew. */
async function initialize(seed: Seed, streams: Streams): Promise<void> {
  const { data, env } = seed;
  const unfinished = `${data}.initializing`;
  if (existsSync(join(data, "PG_VERSION")) && !existsSync(unfinished)) return;
  const password = env["POSTGRES_PASSWORD"] ?? (await secretFile(env["POSTGRES_PASSWORD_FILE"]));
  const trusting = env["POSTGRES_HOST_AUTH_METHOD"] === "trust";
  if (!password && !trusting) {
    throw new Error(
      "Error: Database is uninitialized and superuser password is not specified.\n       You must specify POSTGRES_PASSWORD to a non-empty value for the superuser.",
    );
  }
  const user = env["POSTGRES_USER"] ?? "postgres";
  const database = env["POSTGRES_DB"] ?? user;
  const method = env["POSTGRES_HOST_AUTH_METHOD"] ?? "scram-sha-256";
  await mkdir(dirname(data), { recursive: true });
  await writeFile(unfinished, "");
  await mkdir(data, { recursive: true, mode: 0o700 });
  for (const entry of await readdir(data)) await rm(join(data, entry), { recursive: true, force: true });
  await chmod(data, 0o700);
  const passwordFile = `${data}.password`;
  await writeFile(passwordFile, `${password ?? ""}\n`, { mode: 0o600 });
  const locale = process.platform === "linux" ? "C.UTF-8" : "C";
  await run(
    seed,
    [
      "initdb",
      `--pgdata=${data}`,
      `--username=${user}`,
      "--no-sync",
      "--encoding=UTF8",
      `--locale=${locale}`,
      "--auth-local=trust",
      `--auth-host=${method}`,
      ...(password ? [`--pwfile=${passwordFile}`] : []),
    ],
    "",
    streams,
  ).finally(() => rm(passwordFile));
  await appendFile(join(data, "pg_hba.conf"), `\nhost all all all ${method}\n`);
  if (database !== "postgres") {
    const create = `CREATE DATABASE "${database.replaceAll('"', '""')}";\n`;
    await run(seed, ["postgres", "--single", "-F", "-D", data, "postgres"], create, streams);
  }
  await runScripts(seed, user, database, streams);
  await rm(unfinished);
}

const secretFile = async (path: string | undefined): Promise<string | undefined> =>
  path === undefined ? undefined : (await readFile(path, "utf8")).replace(/\n$/, "");

/** `/docker-entrypoint-initdb.d`: .sql and .sh, in order, on a server that only its socket reaches. */
async function runScripts(seed: Seed, user: string, database: string, streams: Streams): Promise<void> {
  const names = existsSync(seed.scripts)
    ? readdirSync(seed.scripts)
        .filter((name) => /\.(sql|sh)$/.test(name))
        .sort()
    : [];
  if (names.length === 0) return;
  const own = { ...seed, env: { ...seed.env, PGHOST: seed.socket, PGUSER: user, PGDATABASE: database } };
  await run(
    own,
    [
      "pg_ctl",
      "-D",
      seed.data,
      "-w",
      "-o",
      `-c listen_addresses='' -k '${seed.socket}'`,
      "-l",
      `${seed.socket}/first.log`,
      "start",
    ],
    "",
    streams,
  );
  try {
    for (const name of names) {
      await streams.stdout(Buffer.from(`running /docker-entrypoint-initdb.d/${name}\n`));
      const script = join(seed.scripts, name);
      const argv = name.endsWith(".sh")
        ? ["sh", script]
        : ["psql", "-v", "ON_ERROR_STOP=1", "--no-psqlrc", "-f", script];
      await run({ ...own, prefix: [] }, argv, "", streams);
    }
  } finally {
    await run(own, ["pg_ctl", "-D", seed.data, "-m", "fast", "-w", "stop"], "", streams);
  }
}

/** Runs a program of PostgreSQL to its end; throws with its last words where it fails. */
async function run(seed: Seed, argv: readonly string[], input: string, streams: Streams): Promise<void> {
  const [name = "", ...rest] = argv;
  const program = existsSync(join(seed.programs, name)) ? join(seed.programs, name) : name;
  const [file = "", ...args] = [...seed.prefix, program, ...rest];
  const child = spawn(file, args, { env: seed.env, cwd: "/" });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString("utf8")).slice(-2000);
      void streams.stdout(chunk);
    });
  }
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  });
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${said.trim().split("\n").at(-1) ?? ""}`);
}
