import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Secret } from "@doge/core";
import { nodeClock } from "@doge/core/node";
import { connectHost, type Host } from "../../src/index.ts";
import { freePort } from "./droplet.ts";
import { makeKeys, startSshServer } from "./ssh-server.ts";

const bin = spawnSync("pg_config", ["--bindir"], { encoding: "utf8" }).stdout?.trim() ?? "";

/** Whether this machine has PostgreSQL's server. */
export const havePostgres = bin !== "" && spawnSync(join(bin, "initdb"), ["--version"]).status === 0;

/** Postgres refuses to run as root. */
function asServer(command: string): void {
  const argv = process.getuid?.() === 0 ? ["su", "postgres", "-s", "/bin/sh", "-c", command] : ["sh", "-c", command];
  execFileSync(argv[0] ?? "sh", argv.slice(1), { stdio: "ignore" });
}

/** `docker compose … exec -T postgres COMMAND` runs COMMAND: all that most tests need of an engine. */
export const inPostgres = '#!/bin/sh\nwhile [ "$1" != postgres ]; do shift; done; shift; exec "$@"\n';

/** A host by SSH beside a PostgreSQL server with the database `shop`, whose owner needs a password over TCP. */
export interface DatabaseHost {
  readonly folder: string;
  readonly host: Host;
  readonly port: number;
  /** Over TCP, where a password is asked for. What it answers, or `refused: ` and whether for the password. */
  sql(user: string, password: string, text: string): string;
  stop(): Promise<void>;
}

export async function startDatabaseHost(options: {
  readonly user: string;
  readonly password: string;
  /** What `docker` is on the host: a shell script that runs the command in no container. */
  readonly docker: string;
  /** Further variables of the host's commands. */
  readonly env?: (at: { readonly folder: string; readonly port: number }) => Readonly<Record<string, string>>;
}): Promise<DatabaseHost> {
  const { user, password } = options;
  const folder = mkdtempSync(join(tmpdir(), "doge-database-"));
  chmodSync(folder, 0o777);
  const port = await freePort();
  writeFileSync(join(folder, "password"), `${password}\n`, { mode: 0o644 });
  asServer(
    `${bin}/initdb -D ${folder}/data -U ${user} --auth-local=trust --auth-host=scram-sha-256 --pwfile=${folder}/password --no-sync`,
  );
  asServer(`${bin}/pg_ctl -D ${folder}/data -o "-p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -F" -w start`);
  execFileSync(join(bin, "createdb"), ["-h", folder, "-p", String(port), "-U", user, "shop"]);
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "bin/docker"), options.docker, { mode: 0o755 });
  const [hostKey, login] = [makeKeys(), makeKeys()];
  const server = await startSshServer({
    hostKey,
    user: login,
    env: { ...options.env?.({ folder, port }), PATH: `${folder}/bin:${bin}:${process.env["PATH"]}` },
  });
  const host = await connectHost({
    host: "127.0.0.1",
    port: server.port,
    user: "doge",
    privateKey: new Secret(login.privateKey),
    hostKey: hostKey.publicKey,
    clock: nodeClock,
  });
  return {
    folder,
    host,
    port,
    sql(as, secret, text) {
      const env = { ...process.env, PGPASSWORD: secret, PGHOST: "127.0.0.1", PGPORT: String(port), PGUSER: as };
      const { stdout, stderr, status } = spawnSync(join(bin, "psql"), ["-AtqXc", text, "shop"], {
        encoding: "utf8",
        env,
      });
      return status === 0 ? stdout.trim() : `refused: ${stderr.includes("password authentication failed")}`;
    },
    async stop() {
      await host.close();
      await server.stop();
      asServer(`${bin}/pg_ctl -D ${folder}/data -m immediate stop`);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
