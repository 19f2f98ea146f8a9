import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Secret } from "@doge/core";
import { nodeClock } from "@doge/core/node";
import { compose } from "../../src/containers/docker.ts";
import { takeRestorePoint } from "../../src/database/backup.ts";
import { externalDatabase } from "../../src/database/external.ts";
import { databaseScript } from "../../src/database/script.ts";
import { connectHost, type Host, type Layout, restoreBackup, takeBackup, verifyBackup } from "../../src/index.ts";
import { layoutAt } from "../../src/release/layout.ts";
import { freePort } from "../support/droplet.ts";
import { makeKeys, type SshServer, startSshServer } from "../support/ssh-server.ts";

const bin = spawnSync("pg_config", ["--bindir"], { encoding: "utf8" }).stdout?.trim() ?? "";
const have = bin !== "" && spawnSync(join(bin, "initdb"), ["--version"]).status === 0;
// Postgres refuses to run as root.
const asServer = (command: string): void => {
  const argv = process.getuid?.() === 0 ? ["su", "postgres", "-s", "/bin/sh", "-c", command] : ["sh", "-c", command];
  execFileSync(argv[0] ?? "sh", argv.slice(1), { stdio: "ignore" });
};
const app = [".envs/.production/.app", ".envs/.staging/.app"];
const file = (url: string) => ({ path: ".envs/.production/.app", content: new Secret(`DATABASE_URL=${url}\n`) });

test("a URL that leads elsewhere is told to PostgreSQL's programs; the droplet's own database is none", () => {
  expect(
    externalDatabase([file("postgres://ada:p%40ss%20word@db.example.com:25060/shop?sslmode=require")], app)?.reveal(),
  ).toBe(
    "PGHOST=db.example.com\nPGPORT=25060\nPGUSER=ada\nPGPASSWORD=p@ss word\nPGSSLMODE=require\nPGCONNECT_TIMEOUT=15\nPOSTGRES_USER=ada\nPOSTGRES_DB=shop\n",
  );
  const staging = { path: ".envs/.staging/.app", content: "DATABASE_URL=postgres://ada:x@db/shop\n" };
  expect(externalDatabase([file("postgres://a:b@postgres/shop"), staging], app)?.reveal()).toContain("PGHOST=db\n");
  expect(externalDatabase([file("postgres://a:b@postgres:5432/shop")], app)).toBeUndefined();
  expect(externalDatabase([file("mysql://a:b@db/shop")], app)).toBeUndefined();
  expect(externalDatabase([], app)).toBeUndefined();
});

describe.skipIf(!have)("a database elsewhere (needs Postgres)", () => {
  let folder: string;
  let server: SshServer;
  let host: Host;
  let port: number;
  let layout: Layout;
  const services = compose({ name: "services", files: ["/c.yaml"], directory: "/" });
  const sql = (text: string): string => {
    const env = { ...process.env, PGPASSWORD: "such secret", PGHOST: "127.0.0.1", PGPORT: String(port), PGUSER: "ada" };
    return execFileSync(join(bin, "psql"), ["-AtqXc", text, "shop"], { encoding: "utf8", env }).trim();
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "doge-external-"));
    chmodSync(folder, 0o777);
    port = await freePort();
    writeFileSync(join(folder, "password"), "such secret\n");
    asServer(
      `${bin}/initdb -D ${folder}/data -U ada --auth-local=trust --auth-host=scram-sha-256 --pwfile=${folder}/password --no-sync`,
    );
    asServer(`${bin}/pg_ctl -D ${folder}/data -o "-p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -F" -w start`);
    execFileSync(join(bin, "createdb"), ["-h", folder, "-p", String(port), "-U", "ada", "shop"]);
    mkdirSync(join(folder, "bin"));
    // `docker run … --env-file FILE IMAGE COMMAND`: runs COMMAND with the file's variables.
    const engine = [
      "#!/bin/sh",
      'echo "$*" >> "$CALLS"',
      'while [ "$1" != --env-file ]; do shift; done',
      'while IFS= read -r line; do export "$line"; done < "$2"',
      'shift 3; exec "$@"',
      "",
    ].join("\n");
    writeFileSync(join(folder, "bin/docker"), engine, { mode: 0o755 });
    const [hostKey, user] = [makeKeys(), makeKeys()];
    server = await startSshServer({
      hostKey,
      user,
      env: { CALLS: `${folder}/calls`, PATH: `${folder}/bin:${bin}:${process.env["PATH"]}` },
    });
    const { privateKey } = user;
    host = await connectHost({
      host: "127.0.0.1",
      port: server.port,
      user: "doge",
      privateKey: new Secret(privateKey),
      hostKey: hostKey.publicKey,
      clock: nodeClock,
    });
    layout = layoutAt(join(folder, "doge/shop"));
    const found = externalDatabase([file(`postgres://ada:such%20secret@127.0.0.1:${port}/shop`)], app);
    await host.writeFiles(layout.root, [
      {
        path: "bin/db",
        content: databaseScript({ project: "shop", environment: "prod", services, external: "database.env" }),
        mode: 0o755,
      },
      { path: "database.env", content: found ?? "", mode: 0o600 },
    ]);
  });
  afterAll(async () => {
    await host.close();
    await server.stop();
    asServer(`${bin}/pg_ctl -D ${folder}/data -m immediate stop`);
    rmSync(folder, { recursive: true, force: true });
  });

  test("is backed up, proven, and restored by pg_dump against its URL; no password is in any argv", async () => {
    sql("CREATE TABLE wows (id int); INSERT INTO wows SELECT generate_series(1, 300)");
    const point = await takeRestorePoint(host, layout);
    expect(point.bytes).toBeGreaterThan(500);
    const proof = await takeBackup(host, layout);
    expect(proof).toMatchObject({ tables: 1, rows: 300 });
    sql("DELETE FROM wows WHERE id > 100");
    expect(await verifyBackup(host, layout, proof.file)).toEqual(proof);
    const { before } = await restoreBackup(host, layout, proof.file);
    expect(sql("SELECT count(*) FROM wows")).toBe("300");
    expect(sql(`SELECT count(*) FROM pg_database WHERE datname = '${before}'`)).toBe("1");
    expect(sql("SELECT count(*) FROM pg_database WHERE datname LIKE 'doge_%'")).toBe("0");
    const calls = readFileSync(join(folder, "calls"), "utf8");
    expect(calls).toContain("run --rm -i --network doge --env-file");
    expect(calls).not.toContain("such secret");
  }, 60_000);
});
