import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DogeError } from "@doge/core";
import { nodeClock } from "@doge/core/node";
import { compose } from "../../src/containers/docker.ts";
import { takeRestorePoint } from "../../src/database/backup.ts";
import { databaseScript } from "../../src/database/script.ts";
import {
  backupStatus,
  exportDatabase,
  type Host,
  importDatabase,
  type Layout,
  listBackups,
  restoreBackup,
  runScheduledBackup,
  takeBackup,
  verifyBackup,
} from "../../src/index.ts";
import { layoutAt } from "../../src/release/layout.ts";
import { type DatabaseHost, havePostgres, inPostgres, startDatabaseHost } from "../support/database-host.ts";

const canary = "canary-3e9a";

describe.skipIf(!havePostgres)("backups (needs Postgres)", () => {
  let at: DatabaseHost;
  let folder: string;
  let host: Host;
  let env: Record<string, string>;
  let layout: Layout;
  const services = compose({ name: "services", files: ["/c.yaml"], directory: "/" });
  const sql = (text: string): string =>
    execFileSync("psql", ["-AtqXc", text], { encoding: "utf8", env: { ...process.env, ...env } }).trim();

  beforeAll(async () => {
    const owner = (place: { readonly folder: string; readonly port: number }) => ({
      PGHOST: place.folder,
      PGPORT: String(place.port),
      PGUSER: "app",
      PGDATABASE: "shop",
      POSTGRES_USER: "app",
      POSTGRES_DB: "shop",
    });
    at = await startDatabaseHost({ user: "app", password: "one", docker: inPostgres, env: owner });
    ({ folder, host } = at);
    env = owner(at);
    layout = layoutAt(join(folder, "doge/shop"));
    const script = databaseScript({ project: "shop", environment: "prod", services });
    await host.writeFile(layout.databaseScript, script, { mode: 0o755 });
  });
  afterAll(() => at.stop());

  const backup = () => takeBackup(host, layout);
  const trouble = (thrown: DogeError) => thrown.diagnostics[0];
  const scratch = (): string => sql("SELECT count(*) FROM pg_database WHERE datname LIKE 'doge_%'");

  test("an empty database is no backup", async () => {
    expect(await takeRestorePoint(host, layout).then(() => undefined, trouble)).toMatchObject({
      code: "backup-failed",
      summary: "No restore point could be made, so nothing was migrated",
      detail: expect.stringContaining("holds nothing") as unknown,
    });
  });

  test("taken while it is written to, a backup is the same as its snapshot, row by row", async () => {
    sql('CREATE TABLE wows (id serial PRIMARY KEY, name text); CREATE TABLE "Odd Name" (x int)');
    const writing = new AbortController();
    const writer = (async () => {
      while (!writing.signal.aborted) {
        await host.run({ argv: ["psql", "-qXc", "INSERT INTO wows (name) SELECT 'w' FROM generate_series(1, 500)"] });
      }
    })();
    await nodeClock.sleep(300);
    const proof = await backup();
    writing.abort();
    await writer;
    expect(proof).toMatchObject({ tables: 2, file: expect.stringMatching(/backup_[\dT_]+\.tar$/) as unknown });
    expect(proof.rows % 500).toBe(0);
    expect(proof.rows).toBeGreaterThan(0);
    expect(await verifyBackup(host, layout)).toEqual(proof);
    expect(scratch()).toBe("0");
    expect((await listBackups(host, layout)).map(({ file, bytes }) => [file, bytes])).toContainEqual([
      proof.file,
      proof.bytes,
    ]);
  });

  test("a restore point's command brings the data back, and keeps what was there", async () => {
    sql("TRUNCATE wows; INSERT INTO wows (name) VALUES ('kabosu')");
    const point = await takeRestorePoint(host, layout);
    sql("DELETE FROM wows; ALTER TABLE wows ADD bad int");
    const restored = await host.run({ argv: ["sh", "-c", point.command] });
    expect(restored).toMatchObject({ exitCode: 0 });
    expect(sql("SELECT name FROM wows")).toBe("kabosu");
    const { before } = JSON.parse(restored.stdout.trim().split("\n").at(-1) ?? "") as { before: string };
    expect(before).toMatch(/^shop_before_/);
    expect(sql(`SELECT datallowconn FROM pg_database WHERE datname = '${before}'`)).toBe("f");
  });

  test("corrupted, truncated, foreign and missing ones are caught, and change nothing", async () => {
    const { file } = await backup();
    const bytes = readFileSync(file);
    const spoil = (name: string, content: Uint8Array): string => {
      const path = join(folder, name);
      writeFileSync(path, content);
      return path;
    };
    const middle = Buffer.from(bytes);
    middle.fill(0x5a, 2_400, 2_410);
    for (const path of [
      spoil("truncated.tar", bytes.subarray(0, 2_500)),
      spoil("corrupted.tar", middle),
      spoil("empty.tar", Buffer.alloc(0)),
      spoil("foreign.tar", Buffer.from("not a tar")),
    ]) {
      expect(await verifyBackup(host, layout, path).then(() => path, trouble)).toMatchObject({ code: "backup-failed" });
      expect(await restoreBackup(host, layout, path).then(() => path, trouble)).toMatchObject({
        summary: "Nothing was restored: the database is as it was",
      });
    }
    for (const ask of [verifyBackup, restoreBackup])
      expect(await ask(host, layout, "missing.tar").then(() => "", trouble)).toMatchObject({ code: "backup-absent" });
    expect(sql("SELECT name FROM wows")).toBe("kabosu");
    expect(scratch()).toBe("0");
  });

  test("the scheduled one is encrypted, proven and noted; failing and shrinking ones are noted too", async () => {
    const key = join(layout.root, ".envs/.production/.backup");
    const failed = await runScheduledBackup(host, layout).then(() => undefined, trouble);
    expect(failed?.detail).toContain("BACKUP_KEY is missing");
    expect(await backupStatus(host, layout)).toMatchObject({ ok: false, backup: null });

    mkdirSync(join(layout.root, ".envs/.production"), { recursive: true });
    writeFileSync(key, `BACKUP_KEY=${canary}\n`);
    sql("INSERT INTO wows (name) SELECT 'w' FROM generate_series(1, 400)");
    await runScheduledBackup(host, layout);
    const status = await backupStatus(host, layout);
    expect(status).toMatchObject({ ok: true, offsite: false, backup: { rows: 401, tables: 2 } });
    const [newest] = readdirSync(join(layout.backups, "scheduled"));
    expect(newest).toMatch(/^(daily|weekly|monthly)-\d+\.tar\.enc$/);
    const file = join(layout.backups, "scheduled", newest ?? "");
    expect(readFileSync(file).includes("kabosu")).toBe(false);
    expect(await verifyBackup(host, layout, file)).toMatchObject({ rows: 401 });

    sql("DELETE FROM wows WHERE name = 'w'");
    const shrunk = await runScheduledBackup(host, layout).then(() => undefined, trouble);
    expect(shrunk?.detail).toContain("it holds 1 rows, the last one held 401");
    expect(await backupStatus(host, layout)).toMatchObject({ ok: false, backup: { rows: 1 } });
    // By a person, from where they are. It is compared with the one that was too small.
    const byHand =
      'cd "$1/.." && "./$(basename "$1")/bin/db" scheduled && cd "$1" && bin/db verify backups/scheduled/"$2"';
    const ran = await host.run({ argv: ["sh", "-c", byHand, "sh", layout.root, newest ?? ""] });
    expect([ran.exitCode, ran.stderr]).toEqual([0, ""]);
    expect(await backupStatus(host, layout)).toMatchObject({ ok: true, backup: { rows: 1 } });
    // Few rows may become fewer, but not none; and what fails on its way is no measure for the next.
    writeFileSync(key, "");
    await runScheduledBackup(host, layout).catch(() => {});
    expect(await backupStatus(host, layout)).toMatchObject({ ok: false, backup: { rows: 1 } });
    writeFileSync(key, `BACKUP_KEY=${canary}\n`);
    sql("DELETE FROM wows");
    const empty = await runScheduledBackup(host, layout).then(() => undefined, trouble);
    expect(empty?.detail).toContain("it holds 0 rows, the last one held 1");
    sql("INSERT INTO wows (name) VALUES ('kabosu')");
    writeFileSync(key, "BACKUP_KEY=another\n");
    expect((await verifyBackup(host, layout, file).then(() => undefined, trouble))?.detail).toContain("another key");
  });

  test("a copy leaves the host only after it was sanitised", async () => {
    sql("UPDATE wows SET name = 'private person'");
    const copy = await exportDatabase(host, layout, "UPDATE wows SET name = 'nobody';");
    expect(Buffer.from(copy, "base64").includes("private person")).toBe(false);
    const arrived = await importDatabase(host, layout, copy);
    await restoreBackup(host, layout, arrived.file);
    expect(sql("SELECT name FROM wows")).toBe("nobody");
    expect(scratch()).toBe("0");
    expect(readdirSync(layout.backups).filter((name) => name.startsWith("work"))).toEqual([]);
  });
});
