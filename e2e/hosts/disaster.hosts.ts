/** docs/deploy.md's disaster guide, followed to the letter: the host is lost, with its disk and its host key; the database. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Host, projectLayout, removeAll } from "../../packages/deploy/src/index.ts";
import { adoptDjango } from "../support/adopted.ts";
import { domain, type HostedProject, makeBucket, page } from "../support/hosted.ts";
import { connectReal, machine, replaceDroplet } from "../support/real.ts";

const slug = "such-lost";
const site = `https://${domain}`;
let project: HostedProject;
let host: Host;

beforeAll(async () => {
  project = await adoptDjango(slug, "prod");
  await project.provisioned("prod");
  await makeBucket(`${slug}-prod`);
  host = await connectReal("prod");
});

afterAll(async () => {
  project?.remove();
  await host?.close();
  const last = await connectReal("prod");
  await removeAll(last, machine.clock, slug, "ada");
  await last.close();
});

/** On the droplet, as the deploy user. */
async function there(argv: readonly string[], stdin = ""): Promise<string> {
  const { exitCode, stdout, stderr } = await host.run({ argv, stdin });
  if (exitCode !== 0) throw new Error(`${argv.join(" ")} ended with ${exitCode}:\n${stderr}${stdout}`);
  return stdout.trim();
}
const sql = (text: string): Promise<string> =>
  there(["docker", "exec", "-i", "services-postgres-1", "psql", "-qAtX", "-U", "such_lost", "-d", "such_lost"], text);

/** Every row of every table of the app, but the one that is written to, as text. */
const settled = `SELECT table_name || ' ' || query_to_xml(format('SELECT * FROM %I t ORDER BY t::text', table_name), false, false, '')::text
  FROM information_schema.tables WHERE table_schema = 'public' AND table_name <> 'pages_visit' ORDER BY 1`;
const visits = "SELECT id || ' ' || words || ' ' || at FROM pages_visit ORDER BY id";

/** Writes a visit in each transaction until a table \`enough\` is there. */
const busy = `DO $$ BEGIN
  WHILE to_regclass('enough') IS NULL LOOP
    INSERT INTO pages_visit (words, at) VALUES (md5(random()::text), clock_timestamp()); COMMIT;
  END LOOP; END $$;`;

test("the host is lost: a new one, a deploy, the last backup, and every row is there", async () => {
  await project.data("deploy", "prod", "--unproven");
  const { root } = await projectLayout(host, slug);

  // The backup that cron takes, while the database is written to.
  const writing = sql(busy);
  await machine.clock.sleep(500);
  await there([`${root}/bin/db`, "scheduled"]);
  const written = Number(await sql("SELECT count(*) FROM pages_visit"));
  await sql("CREATE TABLE enough ()");
  await writing;
  await sql("DROP TABLE enough");
  const [rows, rest] = [(await sql(visits)).split("\n"), await sql(settled)];
  expect(rows.length).toBeGreaterThanOrEqual(written);
  const kept = (await there(["ls", `${root}/backups/scheduled`])).split("\n")[0] ?? "";

  // `doge apply prod` makes another droplet: it has nothing of the old one, not even its host key.
  await host.close();
  await replaceDroplet("prod");
  const { exitCode, said } = await project.ask("db", "list", "prod");
  expect(exitCode).toBe(1);
  expect(said).toContain("another host key than it was born with");
  await project.provisioned("prod");
  host = await connectReal("prod");

  await project.data("deploy", "prod");
  expect(await page(`${site}/`)).toBe("such Django, 0 visits, much WORD");
  const file = await project.data<{ readonly file: string }>("db", "download", "prod", kept);
  const proof = await project.data<{ readonly file: string }>("db", "verify", "prod", file.file);
  await project.data("db", "restore", "prod", proof.file, "--yes");

  const restored = (await sql(visits)).split("\n");
  // Of one moment: all that was written before it, row by row, and nothing of what came after.
  expect(restored.length).toBeGreaterThan(10);
  expect(restored.length).toBeLessThan(rows.length);
  expect(restored).toEqual(rows.slice(0, restored.length));
  expect(await sql(settled)).toBe(rest);
  // The app's own connections to the database were ended by the restore: it opens new ones.
  await expect.poll(() => page(`${site}/`)).toBe(`such Django, ${restored.length} visits, much WORD`);
}, 300_000);

test("the database is lost, with its volume: a deploy, the last backup, and every row is there", async () => {
  const { file } = await project.data<{ readonly file: string }>("db", "backup", "prod");
  const [rows, rest] = [await sql(visits), await sql(settled)];
  await there(["docker", "rm", "--force", "services-postgres-1"]);
  await there(["docker", "volume", "rm", "services_postgres"]);
  expect((await project.ask("db", "verify", "prod", file)).said).toContain("`doge deploy` starts it");

  await project.data("deploy", "prod");
  const stored = await project.data<readonly { readonly file: string }[]>("db", "list", "prod");
  expect(stored[0]?.file).toBe(file);
  await project.data("db", "verify", "prod", file);
  await project.data("db", "restore", "prod", file, "--yes");
  expect([await sql(visits), await sql(settled)]).toEqual([rows, rest]);
  await expect.poll(() => page(`${site}/`)).toBe(`such Django, ${rows.split("\n").length} visits, much WORD`);
}, 300_000);
