/** The Django app without a registry: built by a real engine, sent to stage, promoted to prod from there. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { removeAll, type ReleaseRecord } from "../../packages/deploy/src/index.ts";
import { engineName } from "../../packages/deploy/src/registry/sent.ts";
import { adoptDjango } from "../support/adopted.ts";
import { changeDjangoApp } from "../support/django-app.ts";
import { domain, type HostedProject, page } from "../support/hosted.ts";
import { figuresOf, startLoad } from "../support/load.ts";
import { connectReal, machine } from "../support/real.ts";

const slug = "such-sent";
const names = ["stage", "prod"] as const;
let project: HostedProject;

beforeAll(async () => {
  project = await adoptDjango(slug, "stage", "none");
  for (const name of names) await project.provisioned(name);
});

afterAll(async () => {
  project?.remove();
  for (const name of names) {
    const host = await connectReal(name);
    await removeAll(host, machine.clock, slug, "ada");
    await host.close();
  }
});

interface Deployed {
  readonly release: number;
  readonly digest: string;
  readonly record: ReleaseRecord;
}
const deploy = (name: string): Promise<Deployed> => project.data<Deployed>("deploy", name);

let first: Deployed;
let second: Deployed;

test("an image that an engine built goes to stage over SSH; of the next, only the layers that changed", async () => {
  first = await deploy("stage");
  expect(first).toMatchObject({ release: 1, record: { receipt: { sent: { present: 0 } } } });
  expect(first.record.receipt.sent?.bytes).toBeGreaterThan(10_000_000);
  expect(await page(`https://staging.${domain}/`)).toBe("such Django, 0 visits, much WORD");

  changeDjangoApp(project.folder, "wow");
  project.commit("Another word, and an index");
  const load = startLoad(`staging.${domain}`, 120);
  await machine.clock.sleep(1_500);
  second = await deploy("stage");
  expect(figuresOf(await load.stop()).failures).toEqual({});
  expect(await page(`https://staging.${domain}/`)).toMatch(/^such Django, \d+ visits, much wow$/);
  const { bytes = 0, blobs = 0, present = 0 } = second.record.receipt.sent ?? {};
  expect(present).toBeGreaterThan(0);
  expect(blobs).toBeLessThan(first.record.receipt.sent?.blobs ?? 0);
  expect(bytes).toBeLessThan((first.record.receipt.sent?.bytes ?? 0) / 10);
}, 300_000);

test("production gets the very image that ran on stage, from stage, and nothing else without being told", async () => {
  const promoted = await deploy("prod");
  expect(promoted).toMatchObject({ release: 1, digest: second.digest });
  expect(promoted.record.receipt.sent).toMatchObject({ present: 0 });
  expect(await page(`https://${domain}/`)).toMatch(/^such Django, \d+ visits, much wow$/);

  changeDjangoApp(project.folder, "unseen");
  project.commit("A word that stage never had");
  expect((await project.ask("deploy", "prod")).said).toContain("[image-unproven]");
}, 300_000);

test("a rollback finds its image on the droplet, also where the engine has lost it", async () => {
  const host = await connectReal("stage");
  const name = engineName(first.record.image.reference);
  await host.run({ argv: ["docker", "image", "rm", "--force", name] });
  expect((await host.run({ argv: ["docker", "image", "inspect", name] })).exitCode).not.toBe(0);
  await host.close();
  expect(await project.data<Deployed>("rollback", "stage", "--yes")).toMatchObject({ digest: first.digest });
  expect(await page(`https://staging.${domain}/`)).toMatch(/much WORD$/);
  const { said } = await project.ask("status");
  expect(said).not.toMatch(/release-(drift|down)/);
}, 300_000);
