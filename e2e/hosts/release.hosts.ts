import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { DogeEvent } from "../../packages/core/src/index.ts";
import { deployRelease, releaseStatus, rollbackRelease, runInRelease } from "../../packages/deploy/src/index.ts";
import { waitReachable } from "../../packages/deploy/src/release/probe.ts";
import { acme, type DropletName } from "../../tools/hosts/places.ts";
import { buildApp, canary, deployOptions, type Place, stylesheetOf, templateMigrations } from "../support/app.ts";
import { bootDroplet, cutPower } from "../../tools/hosts/droplet.ts";
import { certificate } from "../support/hosted.ts";
import { connectReal, realPlace, record as hostsRecord } from "../support/real.ts";

let folder: string;
const places: Partial<Record<DropletName, Place>> = {};
const events: DogeEvent[] = [];
const record = (event: DogeEvent): void => void events.push(event);

const at = (name: DropletName): Place => {
  const place = places[name];
  if (!place) throw new Error(`not connected to ${name}`);
  return place;
};
const page = async (name: DropletName, path = "/"): Promise<string> =>
  (await at(name).machine.http.send({ method: "GET", url: `https://${at(name).domain}${path}` })).text();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "doge-hosts-"));
  places.stage = await realPlace("stage", { folder: join(folder, "stage"), acmeDirectory: acme.shortDirectory });
  places.prod = await realPlace("prod", { folder: join(folder, "prod") });
});

afterAll(async () => {
  await places.stage?.host.close();
  await places.prod?.host.close();
  rmSync(folder, { recursive: true, force: true });
});

test("the template goes live on stage with a certificate of the ACME server, renewed before it ends", async () => {
  const staged = await deployRelease(deployOptions(at("stage"), await buildApp(at("stage"), "a1"), record));
  expect(staged).toMatchObject({ number: 1, outcome: "released", reachable: true, migrations: templateMigrations });

  const { host, machine, domain } = at("stage");
  const first = await certificate(domain);
  expect(first.until.getTime() - Date.now()).toBeLessThan(acme.shortSeconds * 1000);
  // Caddy looks every ten minutes; here it should look before the certificate of 45 seconds ends.
  await host.http({
    method: "PUT",
    port: 2019,
    path: "/config/apps/tls/automation/renew_interval",
    headers: { "content-type": "application/json" },
    body: '"1s"',
  });
  let renewed = first;
  const end = Date.now() + acme.shortSeconds * 1500;
  const failures: unknown[] = [];
  while (renewed.serial === first.serial && Date.now() < end) {
    await machine.clock.sleep(250);
    renewed = await certificate(domain).catch((thrown: unknown) => (failures.push(thrown), renewed));
  }
  expect(renewed.serial).not.toBe(first.serial);
  expect(renewed.until.getTime()).toBeGreaterThan(first.until.getTime());
  expect(failures).toEqual([]);
});

test("the image that ran on stage goes live on prod, changes, migrates, and goes back", async () => {
  const image = await buildApp(at("stage"), "a1");
  const live = await deployRelease(deployOptions(at("prod"), image, record));
  expect(live).toMatchObject({ number: 1, reachable: true, image: { digest: image.digest } });
  expect(await page("prod")).toContain('<span id="release">1</span>');

  writeFileSync(join(at("prod").app, "migrations/0004_more.sql"), 'ALTER TABLE "user" ADD country text;\n');
  writeFileSync(join(at("prod").app, "public/style.css"), "body { color: gold }\n");
  const second = await deployRelease(deployOptions(at("prod"), await buildApp(at("prod"), "b2"), record));
  expect(second).toMatchObject({ number: 2, slot: "green", migrations: ["0004_more.sql"] });
  expect(second.receipt).toMatchObject({ failed: 0, failures: [] });
  expect(second.restorePoint?.bytes).toBeGreaterThan(500);
  expect(await page("prod", stylesheetOf(await page("prod")))).toContain("gold");

  const back = await rollbackRelease({
    ...deployOptions(at("prod"), second.image, record),
    confirm: async (migrations) => migrations.join() === "0004_more.sql",
  });
  expect(back).toMatchObject({ number: 3, outcome: "rolled-back", image: { digest: image.digest } });
  expect(await page("prod", stylesheetOf(await page("prod")))).not.toContain("gold");
  const status = await releaseStatus(at("prod").host, "such-app");
  expect(status.slots.map(({ ready }) => ready)).toEqual([true, false]);
  const ran = await runInRelease(at("prod").host, "such-app", ["node", "src/migrate.ts", "--list"]);
  expect(ran.stdout).toContain("applied  0001_accounts.sql");
  expect(JSON.stringify(events)).not.toContain(canary);
});

test("a droplet whose power was cut comes back with its release, certificate and data", async () => {
  const { domain, machine, host } = at("prod");
  const before = await certificate(domain);
  await cutPower("prod");
  await expect(host.run({ argv: ["true"] })).rejects.toMatchObject({ diagnostics: [{ code: "ssh-lost" }] });
  bootDroplet("prod", hostsRecord().rootfs);
  const again = await connectReal("prod");
  places.prod = { ...at("prod"), host: again };
  const seen = await waitReachable(machine.http, machine.clock, `https://${domain}/`, 30_000);
  expect(seen).toMatchObject({ ok: true });
  expect(await page("prod")).toContain('<span id="release">3</span>');
  expect(await certificate(domain)).toEqual(before);
  const image = await buildApp(at("prod"), "b2");
  const allowed = [{ what: "rolled-back", by: "ada" }] as const;
  const forward = await deployRelease({ ...deployOptions(at("prod"), image, record), allowed });
  expect(forward).toMatchObject({ number: 4, migrations: [] });
});
