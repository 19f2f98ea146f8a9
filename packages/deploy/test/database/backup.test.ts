import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type DogeError, Secret } from "@doge/core";
import { nodeClock } from "@doge/core/node";
import { compose } from "../../src/containers/docker.ts";
import { backUp } from "../../src/database/backup.ts";
import { connectHost, type Host } from "../../src/index.ts";
import { freePort } from "../support/droplet.ts";
import { makeKeys, type SshServer, startSshServer } from "../support/ssh-server.ts";

const bin = spawnSync("pg_config", ["--bindir"], { encoding: "utf8" }).stdout?.trim() ?? "";
const have = bin !== "" && spawnSync(join(bin, "initdb"), ["--version"]).status === 0;
// Postgres refuses to run as root.
const asServer = (command: string): void => {
  const argv = process.getuid?.() === 0 ? ["su", "postgres", "-s", "/bin/sh", "-c", command] : ["sh", "-c", command];
  execFileSync(argv[0] ?? "sh", argv.slice(1), { stdio: "ignore" });
};

describe.skipIf(!have)("a restore point (needs Postgres)", () => {
  let folder: string;
  let server: SshServer;
  let host: Host;
  let env: Record<string, string>;
  const services = compose({ name: "services", files: ["/c.yaml"], directory: "/" });
  const sql = (text: string): string =>
    execFileSync("psql", ["-AtqXc", text], { encoding: "utf8", env: { ...process.env, ...env } }).trim();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "doge-backup-"));
    chmodSync(folder, 0o777);
    const port = await freePort();
    asServer(`${bin}/initdb -D ${folder}/data -U app -A trust --no-sync`);
    asServer(`${bin}/pg_ctl -D ${folder}/data -o "-p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -F" -w start`);
    env = {
      PGHOST: "127.0.0.1",
      PGPORT: String(port),
      PGUSER: "app",
      PGDATABASE: "postgres",
      POSTGRES_USER: "app",
      POSTGRES_DB: "postgres",
    };
    // `docker compose … exec -T postgres COMMAND` runs COMMAND: that is all this host needs of an engine.
    mkdirSync(join(folder, "bin"));
    writeFileSync(
      join(folder, "bin/docker"),
      '#!/bin/sh\nwhile [ "$1" != postgres ]; do shift; done; shift; exec "$@"\n',
      { mode: 0o755 },
    );
    const [hostKey, user] = [makeKeys(), makeKeys()];
    server = await startSshServer({
      hostKey,
      user,
      env: { ...env, PATH: `${folder}/bin:${bin}:${process.env["PATH"]}` },
    });
    host = await connectHost({
      host: "127.0.0.1",
      port: server.port,
      user: "doge",
      privateKey: new Secret(user.privateKey),
      hostKey: hostKey.publicKey,
      clock: nodeClock,
    });
  });
  afterAll(async () => {
    await host.close();
    await server.stop();
    asServer(`${bin}/pg_ctl -D ${folder}/data -m immediate stop`);
    rmSync(folder, { recursive: true, force: true });
  });

  const backup = () => backUp({ host, clock: nodeClock, services, folder: join(folder, "backups") });

  test("an empty database is no restore point", async () => {
    const thrown = await backup().catch((reason: DogeError) => reason.diagnostics[0]);
    expect(thrown).toMatchObject({ code: "backup-failed", detail: "the dump holds nothing" });
    expect(readdirSync(join(folder, "backups"))).toEqual([]);
  });

  test("its command brings the data back", async () => {
    sql("CREATE TABLE wows (name text); INSERT INTO wows VALUES ('kabosu')");
    const point = await backup();
    expect(point.file).toMatch(/backups\/backup_\d{4}_\d\d_\d\dT\d\d_\d\d_\d\d\.dump$/);
    expect(point.bytes).toBeGreaterThan(500);
    sql("DELETE FROM wows; ALTER TABLE wows ADD bad int");
    const restored = await host.run({ argv: ["sh", "-c", point.command] });
    expect(restored.stderr).toBe("");
    expect(sql("SELECT * FROM wows")).toBe("kabosu");
  });
});
