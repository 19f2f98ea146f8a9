import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { diagnosticsOf, type DogeEvent, type Machine } from "../packages/core/src/index.ts";
import {
  connectHost,
  deployRelease,
  inspectEnvironment,
  projectLayout,
  releaseCommand,
  restoreBackup,
  runScheduledBackup,
  setMaintenance,
  takeBackup,
  verifyBackup,
  type DeployOptions,
  type Host,
  releaseLogs,
  type ReleaseImage,
  releaseStatus,
  rollbackRelease,
  runInRelease,
} from "../packages/deploy/src/index.ts";
import {
  buildApp,
  canary,
  deployOptions,
  lockApp,
  type Place,
  renderApp,
  stylesheetOf,
  templateMigrations,
} from "./support/app.ts";
import { type LocalDroplet, startLocalDroplet } from "./support/local-droplet.ts";

const domain = "such.test";

let droplet: LocalDroplet;
let folder: string;
let machine: Machine;
let host: Host;
const events: DogeEvent[] = [];

beforeAll(async () => {
  droplet = await startLocalDroplet("release", domain);
  ({ folder, machine } = droplet);
  host = await connectHost(droplet.ssh);
  renderApp(join(folder, "app"));
  lockApp(join(folder, "app"));
});

afterAll(async () => {
  await host?.close();
  await droplet?.stop();
});

const place = (): Place => ({
  machine,
  host,
  domain,
  environment: "prod",
  registryUrl: droplet.registryUrl,
  access: droplet.access,
  app: join(folder, "app"),
  cache: join(folder, "cache"),
});

const build = (name: string): Promise<ReleaseImage> => buildApp(place(), name);
const options = (image: ReleaseImage): DeployOptions => deployOptions(place(), image, (event) => events.push(event));

const page = async (path = "/"): Promise<string> =>
  (await machine.http.send({ method: "GET", url: `https://${domain}${path}` })).text();

test("the template goes live on a droplet, changes without a dropped request, migrates, and goes back", async () => {
  const first = await deployRelease(options(await build("a1")));
  expect(first).toMatchObject({ number: 1, outcome: "released", reachable: true, migrations: templateMigrations });
  expect(await page()).toContain('<span id="release">1</span>');
  const redirect = await machine.http.send({ method: "GET", url: `https://www.${domain}/about/`, redirect: "manual" });
  expect([redirect.status, redirect.headers["location"]]).toEqual([308, `https://${domain}/about/`]);

  const signed = await machine.http.send({
    method: "POST",
    url: `https://${domain}/accounts/signup/`,
    headers: { "content-type": "application/x-www-form-urlencoded", origin: `https://${domain}` },
    body: "username=kabosu&email=kabosu@example.com&password1=Wow7-such-entropy&password2=Wow7-such-entropy",
    redirect: "manual",
  });
  expect([signed.status, signed.headers["location"]]).toEqual([303, "/accounts/confirm-email/"]);

  writeFileSync(join(folder, "app/migrations/0004_more.sql"), 'ALTER TABLE "user" ADD country text;\n');
  writeFileSync(join(folder, "app/public/style.css"), "body { color: gold }\n");
  const second = await deployRelease(options(await build("b2")));
  expect(second).toMatchObject({ number: 2, slot: "green", migrations: ["0004_more.sql"] });
  expect(second.receipt.failures).toEqual([]);
  expect(second.restorePoint?.bytes).toBeGreaterThan(500);
  expect(await page(stylesheetOf(await page()))).toContain("gold");
  const users = await runInRelease(host, "such-app", ["node", "src/commands/users.ts"]);
  expect(users.stdout).toContain("kabosu");

  const again = await deployRelease(options(second.image));
  expect(again).toMatchObject({ number: 2, outcome: "unchanged" });

  const refused = await rollbackRelease(options(second.image)).catch(diagnosticsOf);
  expect(refused).toMatchObject([
    {
      code: "rollback-migrated",
      detail: "0004_more.sql: they stay, and release 1 was made before them",
      remedy: expect.stringContaining(`doge db restore prod ${second.restorePoint?.file}`) as unknown,
    },
  ]);
  const asked: (readonly string[])[] = [];
  const confirm = async (migrations: readonly string[]): Promise<boolean> => asked.push(migrations) > 0;
  const back = await rollbackRelease({ ...options(second.image), confirm });
  expect(asked).toEqual([["0004_more.sql"]]);
  expect(back).toMatchObject({ number: 3, outcome: "rolled-back", image: { digest: first.image.digest } });
  expect(await page(stylesheetOf(await page()))).not.toContain("gold");

  const status = await releaseStatus(host, "such-app");
  expect(status.slots.map(({ ready }) => ready)).toEqual([true, false]);
  const lines: string[] = [];
  await releaseLogs(host, "such-app", { onLine: (line) => lines.push(line), tail: 500 });
  expect(lines.join("\n")).toContain('"message":"listening"');
  const ran = await runInRelease(host, "such-app", ["node", "src/migrate.ts", "--list"]);
  expect(ran.stdout).toContain("applied  0001_accounts.sql");

  // Its backups, by the script on the droplet, with the droplet's own PostgreSQL.
  const layout = await projectLayout(host, "such-app");
  const proof = await takeBackup(host, layout);
  expect(proof.tables).toBeGreaterThan(14);
  expect(proof.rows).toBeGreaterThan(9);
  expect(await verifyBackup(host, layout, second.restorePoint?.file)).toMatchObject({ tables: proof.tables });
  const { before } = await restoreBackup(host, layout, proof.file);
  expect(before).toMatch(/^such_before_/);
  expect((await runInRelease(host, "such-app", ["node", "src/commands/users.ts"])).stdout).toContain("kabosu");
  await runScheduledBackup(host, layout);
  const seen = await inspectEnvironment({ host, clock: machine.clock, project: "such-app", staleHours: 26 });
  expect(seen.backup).toMatchObject({ ok: true, offsite: false, backup: { tables: proof.tables } });
  expect(seen.findings.filter(({ severity }) => severity === "error")).toEqual([]);
  expect(seen.certificate?.notAfter.getTime()).toBeGreaterThan(Date.now());

  // The maintenance page, and back; the droplet's edge keeps it on its disk.
  const about = { host, clock: machine.clock, project: "such-app", owner: "ada" };
  await setMaintenance({ ...about, page: { message: "Such <work> {so} wow" } });
  const closed = await machine.http.send({ method: "GET", url: `https://${domain}/` });
  expect([closed.status, closed.headers["retry-after"]]).toEqual([503, "120"]);
  expect(closed.text()).toContain("<p>Such &#60;work&#62; &#123;so&#125; wow</p>");
  await setMaintenance({ ...about, page: undefined });
  expect(await page()).toContain('id="sign-up-link"');
  // Held: nobody gets the page, a form and a visit are served when it ends.
  await setMaintenance({ ...about, page: { message: "Such wait", holdSeconds: 60 } });
  const held = await inspectEnvironment({ host, clock: machine.clock, project: "such-app", staleHours: 26 });
  expect(held.maintenance).toMatchObject({ holdSeconds: 60, by: "ada" });
  const form = { method: "POST", url: `https://${domain}/language/`, redirect: "manual" } as const;
  const headers = { "content-type": "application/x-www-form-urlencoded", origin: `https://${domain}` };
  const waiting = Promise.all([page(), machine.http.send({ ...form, headers, body: "language=en&next=%2Fwow" })]);
  await machine.clock.sleep(1_000);
  await setMaintenance({ ...about, page: undefined });
  const [home, sent] = await waiting;
  expect(home).toContain('id="sign-up-link"');
  expect([sent.status, sent.headers["location"]]).toEqual([303, "/wow"]);
  const argv = await releaseCommand(host, "such-app", ["node", "-p", "process.env.DOGE_RELEASE"], { kind: "run" });
  expect((await host.run({ argv })).stdout.trim()).toBe("3");
  expect((await host.run({ argv: ["crontab", "-l"] })).stdout).toContain("17 3 * * * flock");
  expect(JSON.stringify(events)).not.toContain(canary);
}, 300_000);
