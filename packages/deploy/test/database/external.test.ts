import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Secret } from "@doge/core";
import { compose } from "../../src/containers/docker.ts";
import { takeRestorePoint } from "../../src/database/backup.ts";
import { externalDatabase } from "../../src/database/external.ts";
import { databaseScript } from "../../src/database/script.ts";
import { type Host, type Layout, restoreBackup, takeBackup, verifyBackup } from "../../src/index.ts";
import { layoutAt } from "../../src/release/layout.ts";
import { type DatabaseHost, havePostgres, startDatabaseHost } from "../support/database-host.ts";

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

describe.skipIf(!havePostgres)("a database elsewhere (needs Postgres)", () => {
  let at: DatabaseHost;
  let host: Host;
  let layout: Layout;
  const services = compose({ name: "services", files: ["/c.yaml"], directory: "/" });
  const sql = (text: string): string => at.sql("ada", "such secret", text);

  beforeAll(async () => {
    at = await startDatabaseHost({
      user: "ada",
      password: "such secret",
      // `docker run … --env-file FILE IMAGE COMMAND`: runs COMMAND with the file's variables.
      docker: [
        "#!/bin/sh",
        'echo "$*" >> "$CALLS"',
        'while [ "$1" != --env-file ]; do shift; done',
        'while IFS= read -r line; do export "$line"; done < "$2"',
        'shift 3; exec "$@"',
        "",
      ].join("\n"),
      env: ({ folder }) => ({ CALLS: `${folder}/calls` }),
    });
    ({ host } = at);
    layout = layoutAt(join(at.folder, "doge/shop"));
    const found = externalDatabase([file(`postgres://ada:such%20secret@127.0.0.1:${at.port}/shop`)], app);
    await host.writeFiles(layout.root, [
      {
        path: "bin/db",
        content: databaseScript({ project: "shop", environment: "prod", services, external: "database.env" }),
        mode: 0o755,
      },
      { path: "database.env", content: found ?? "", mode: 0o600 },
    ]);
  });
  afterAll(() => at.stop());

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
    const calls = readFileSync(join(at.folder, "calls"), "utf8");
    expect(calls).toContain("run --rm -i --network doge --env-file");
    expect(calls).not.toContain("such secret");
  }, 60_000);
});
