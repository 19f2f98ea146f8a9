import { basename } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  backupStatus,
  exportDatabase,
  type Host,
  importDatabase,
  type Layout,
  listBackups,
  moveBackup,
  projectLayout,
  restoreBackup,
  runScheduledBackup,
  takeBackup,
  verifyBackup,
} from "../../../packages/deploy/src/index.ts";
import { Secret } from "../../../packages/core/src/index.ts";
import { takeRestorePoint } from "../../../packages/deploy/src/database/backup.ts";
import { pendingMigrations, runMigrations } from "../../../packages/deploy/src/database/migrate.ts";
import { type Compose, compose } from "../../../packages/deploy/src/containers/docker.ts";
import { type Rig, troubleOf } from "./rig.ts";
import { canary, run, startServices, stopServices, writeTask } from "./services.ts";

/** Tables with what a dump may trip over, and accounts whose sum never changes. */
const schema = `
CREATE TABLE dog (id bigint PRIMARY KEY, name text NOT NULL, born timestamptz, looks jsonb, photo bytea, weight numeric(9,3));
INSERT INTO dog SELECT n, 'dög ' || n || E'\\n"''', to_timestamp(n * 86400), jsonb_build_object('spots', n, 'of', ARRAY[n, n + 1]),
  decode(md5(n::text), 'hex'), n / 7.0 FROM generate_series(1, 2000) n;
CREATE TABLE account (id int PRIMARY KEY, balance bigint NOT NULL);
INSERT INTO account SELECT n, 1000 FROM generate_series(1, 50) n;
CREATE TABLE secret (word text);
INSERT INTO secret VALUES ('${canary}');
CREATE VIEW heavy AS SELECT * FROM dog WHERE weight > 100;
CREATE SEQUENCE tickets START 500;
SELECT nextval('tickets');
`;

/** A sum over every row of every table, in full. */
const content = `SELECT 'dog ' || count(*) || ' ' || md5(string_agg(dog::text, E'\\n' ORDER BY id)) FROM dog
UNION ALL SELECT 'account ' || count(*) || ' ' || md5(string_agg(account::text, E'\\n' ORDER BY id)) FROM account
UNION ALL SELECT 'secret ' || count(*) || ' ' || md5(string_agg(secret::text, E'\\n' ORDER BY word)) FROM secret
UNION ALL SELECT 'heavy ' || count(*) FROM heavy UNION ALL SELECT 'tickets ' || last_value FROM tickets ORDER BY 1`;

type Ask = (host: Host, layout: Layout, file: string) => Promise<unknown>;

/** What the database of a droplet must do: backups that are one moment, prove themselves, and come back. */
export function databaseConformance(rig: () => Rig): void {
  describe("Database", () => {
    let host: Host;
    let layout: Layout;
    let services: Compose;
    beforeAll(async () => {
      host = await rig().connect();
      layout = await projectLayout(host, "ports");
      services = await startServices(rig(), host, layout);
      await writeTask(rig(), host, layout);
      await sql(schema);
    });
    afterAll(async () => {
      if (services) await stopServices(host, layout, services);
      await host?.close();
    });

    const sql = async (text: string, database = "such"): Promise<string> => {
      const psql = `exec psql --username "$POSTGRES_USER" --dbname "$1" -qAtX -v ON_ERROR_STOP=1`;
      return (await run(host, services.exec("postgres", ["sh", "-c", psql, "sh", database]), text)).trim();
    };
    const databases = () => sql("SELECT datname FROM pg_database WHERE datname LIKE 'doge%'", "template1");
    const refusal = async (work: Promise<unknown>): Promise<string> => {
      const { code, detail } = await troubleOf(work);
      expect(code).toBe("backup-failed");
      return detail;
    };

    test("a backup goes to Spaces encrypted, and comes back whole", async ({ skip }) => {
      const { spaces } = rig();
      if (!spaces) return skip("there is no Spaces beside it");
      const settings = layout.file(".envs/.production/.backup");
      const before = (await host.readFile(settings)) ?? "";
      const write = (secret: string): Promise<void> => {
        const words = [
          `SPACES_ENDPOINT=${spaces.endpoint}`,
          "SPACES_REGION=fra1",
          `SPACES_ACCESS_KEY_ID=${spaces.id}`,
          `SPACES_SECRET_ACCESS_KEY=${secret}`,
        ];
        return host.writeFile(settings, new Secret(`${before}${words.join("\n")}\n`), { mode: 0o600 });
      };
      try {
        const proof = await takeBackup(host, layout);
        await write("another");
        expect((await troubleOf(moveBackup(host, layout, "upload", proof.file))).code).toBe("backup-spaces");
        await write(spaces.secret);
        // It is there already where the suite runs on the same host again.
        const bucket = `curl -sS --aws-sigv4 aws:amz:fra1:s3 -K - -X PUT -H "x-amz-content-sha256: $(sha256sum < /dev/null | cut -d ' ' -f 1)" "$1"`;
        const script = ["sh", "-c", bucket, "sh", `${spaces.endpoint}/ports-suite`];
        await run(host, script, `user = "${spaces.id}:${spaces.secret}"\n`);

        const name = await moveBackup(host, layout, "upload", proof.file);
        await host.run({ argv: ["rm", proof.file] });
        await rig().machine.clock.sleep(1_100);
        const now = (await run(host, ["date", "-u", "+%Y-%m-%dT%H:%M:%SZ"])).trim();
        const fetched = await moveBackup(host, layout, "download", name);
        expect(fetched).toBe(`${proof.file}.enc`);
        expect((await host.run({ argv: ["grep", "-qE", `${canary}|PGDMP`, fetched] })).exitCode).toBe(1);
        const { tables, rows } = proof;
        expect(await verifyBackup(host, layout, fetched)).toMatchObject({ file: fetched, tables, rows });
        // It is as old as it was in Spaces.
        const listed = (await listBackups(host, layout)).find(({ file }) => file === fetched);
        expect([listed !== undefined, (listed?.at ?? now) < now]).toEqual([true, true]);
        // One that is encrypted already is not encrypted again.
        expect(await moveBackup(host, layout, "upload", fetched)).toBe(name);
        await moveBackup(host, layout, "download", name);
        expect(await verifyBackup(host, layout, fetched)).toMatchObject({ tables, rows });
        expect((await troubleOf(moveBackup(host, layout, "download", "none.tar.enc"))).code).toBe("backup-spaces");
      } finally {
        await host.writeFile(settings, new Secret(before), { mode: 0o600 });
      }
    });

    test("a backup proves itself by a restore, and leaves no throw-away database", async () => {
      const proof = await takeBackup(host, layout);
      expect(proof).toMatchObject({ tables: 3, rows: 2051 });
      expect(await verifyBackup(host, layout, proof.file)).toEqual(proof);
      const point = await takeRestorePoint(host, layout);
      expect(point.command).toContain(`restore ${point.file}`);
      expect(await verifyBackup(host, layout, basename(proof.file))).toEqual(proof);
      const [newest] = await listBackups(host, layout);
      expect(newest?.bytes).toBe(point.bytes);
      expect(await databases()).toBe("");
    });

    test("taken while it is written to, a backup is one moment, and whole", async () => {
      // Moves money about and adds rows until it is told to stop.
      const busy = `DO $$ BEGIN
        WHILE NOT EXISTS (SELECT FROM pg_class WHERE relname = 'enough') LOOP
          UPDATE account SET balance = balance - 5 WHERE id = 3;
          UPDATE account SET balance = balance + 5 WHERE id = 4;
          INSERT INTO dog (id, name) SELECT max(id) + 1, 'new' FROM dog; COMMIT;
        END LOOP; END $$;`;
      const writing = sql(busy);
      await rig().machine.clock.sleep(300);
      const before = Number(await sql("SELECT count(*) FROM dog"));
      const proof = await takeBackup(host, layout);
      const after = Number(await sql("SELECT count(*) FROM dog"));
      await sql("CREATE TABLE enough ()");
      await writing;
      await sql("DROP TABLE enough");
      expect(after).toBeGreaterThan(before);
      expect(proof.rows - 51).toBeGreaterThanOrEqual(before);
      expect(proof.rows - 51).toBeLessThanOrEqual(after);
      await restoreBackup(host, layout, proof.file);
      expect(Number(await sql("SELECT count(*) FROM dog"))).toBe(proof.rows - 51);
      expect(await sql("SELECT sum(balance) FROM account")).toBe("50000");
      expect(await sql("SELECT count(*) = max(id) FROM dog")).toBe("t");
    });

    test("restored, every row is as it was, and what was there stays under another name", async () => {
      const was = await sql(content);
      const { file } = await takeBackup(host, layout);
      await sql(
        "DELETE FROM dog WHERE id % 2 = 0; UPDATE account SET balance = 0; DROP TABLE secret; CREATE TABLE new ()",
      );
      const { before } = await restoreBackup(host, layout, file);
      expect(await sql(content)).toBe(was);
      // Nobody writes to it by mistake; whoever wants it opens it first.
      await sql(`ALTER DATABASE "${before}" WITH ALLOW_CONNECTIONS true`, "template1");
      expect(await sql("SELECT to_regclass('new') IS NOT NULL AND to_regclass('secret') IS NULL", before)).toBe("t");
      await sql(`DROP DATABASE "${before}"`, "template1");
    });

    test("whatever harms a backup is found by verify, and never restored", async () => {
      const was = await sql(content);
      const { file, bytes } = await takeBackup(host, layout);
      const harm = async (name: string, script: string, ask = verifyBackup as Ask): Promise<string> => {
        const spoiled = `${layout.backups}/${name}.tar`;
        await run(host, ["sh", "-ceu", script, "sh", file, spoiled]);
        const said = await refusal(ask(host, layout, spoiled));
        await run(host, ["rm", "-f", spoiled]);
        return said;
      };
      const cut = (at: number): string => `head -c ${at} "$1" > "$2"`;
      expect(await harm("empty", ': > "$2"')).toContain("is empty");
      expect(await harm("cut-early", cut(600))).toContain("is damaged");
      expect(await harm("cut-half", cut(Math.floor(bytes / 2)))).toContain("is damaged");
      const flip = (at: number): string =>
        `cp "$1" "$2"; printf '\\377\\001\\377\\001' | dd of="$2" bs=1 seek=${at} conv=notrunc status=none`;
      expect(await harm("flipped-early", flip(Math.floor(bytes * 0.2)))).toContain("is damaged");
      expect(await harm("flipped-late", flip(Math.floor(bytes * 0.85)))).toContain("is damaged");
      expect(await harm("restored-cut", cut(Math.floor(bytes * 0.7)), restoreBackup)).toContain("is damaged");
      expect(await harm("restored-flipped", flip(Math.floor(bytes / 2)), restoreBackup)).toContain("is damaged");
      expect(await harm("other", 'head -c 20000 /dev/zero > "$2"')).toContain("is damaged");
      expect(await troubleOf(verifyBackup(host, layout, `${layout.backups}/absent.tar`))).toMatchObject({
        code: "backup-absent",
        detail: expect.stringContaining("absent.tar is not there") as unknown,
      });
      expect(await sql(content)).toBe(was);
      expect(await databases()).toBe("");
    });

    test("the scheduled one is encrypted, noted, and fails loudly where rows are missing", async () => {
      await runScheduledBackup(host, layout);
      expect(await backupStatus(host, layout)).toMatchObject({ ok: true, offsite: false, backup: { tables: 3 } });
      const kept = `${layout.backups}/scheduled`;
      const found = await host.run({ argv: ["grep", "-rlE", `${canary}|PGDMP`, kept] });
      expect([found.exitCode, found.stdout]).toEqual([1, ""]);
      const file = (await run(host, ["sh", "-c", 'ls "$1"/daily-*.enc', "sh", kept])).trim();
      expect(await verifyBackup(host, layout, file)).toMatchObject({ tables: 3 });
      const key = layout.file(".envs/.production/.backup");
      await host.writeFile(key, "BACKUP_KEY=another\n", { mode: 0o600 });
      expect(await refusal(verifyBackup(host, layout, file))).toContain("can't be decrypted");
      await host.writeFile(key, "BACKUP_KEY=such-key\n", { mode: 0o600 });
      await sql("DELETE FROM dog");
      expect(await refusal(runScheduledBackup(host, layout))).toContain("the last one held");
      expect(await backupStatus(host, layout)).toMatchObject({ ok: false });
      await restoreBackup(
        host,
        layout,
        (await listBackups(host, layout)).find(({ file: f }) => f.endsWith(".tar"))?.file ?? "",
      );
    });

    test("a copy leaves without what is private, and comes back proven", async () => {
      const copy = await exportDatabase(host, layout, "UPDATE secret SET word = 'nothing';");
      expect(Buffer.from(copy, "base64").includes(canary)).toBe(false);
      const proof = await importDatabase(host, layout, copy);
      await restoreBackup(host, layout, proof.file);
      expect(await sql("SELECT word FROM secret")).toBe("nothing");
    });

    test("migrations are listed by the new image, run once, and end where they fail or hang", async () => {
      const task = compose({ name: "app-task", files: [layout.taskFile], directory: layout.root });
      const command = (verb: string): readonly string[] => ["node", "migrate.mjs", verb];
      expect(await pendingMigrations(host, task, command("--list"))).toEqual({
        applied: ["0001.sql"],
        pending: ["0002.sql"],
      });
      const lines: string[] = [];
      const options = { timeoutMilliseconds: 30_000, onLine: (line: string): void => void lines.push(line) };
      await runMigrations(host, task, command("run"), options);
      expect(lines.filter((line) => /^(0002|done)/.test(line))).toEqual(["0002.sql", "done"]);
      const failed = await troubleOf(runMigrations(host, task, command("fail"), options));
      expect(failed.code).toBe("migration-failed");
      expect(failed.detail).toMatch(/exit code 4[^]*no such table/);
      const hung = await troubleOf(
        runMigrations(host, task, command("hang"), { ...options, timeoutMilliseconds: 2_500 }),
      );
      expect(hung).toMatchObject({ code: "migration-failed" });
      expect(hung.detail).toContain("still running after");
      // What hangs does not stay, to migrate later.
      const running = ["docker", "ps", "--quiet", "--filter", "label=com.docker.compose.project=app-task"];
      await expect.poll(() => run(host, running), { timeout: 15_000 }).toBe("");
    });
  });
}
