/** A Django app that was there before Doge: adopted, built from its Dockerfile by a real engine, deployed by the tool. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { removeAll } from "../../packages/deploy/src/index.ts";
import { adoptDjango } from "../support/adopted.ts";
import { domain, type HostedProject, page } from "../support/hosted.ts";
import { changeDjangoApp } from "../support/django-app.ts";
import { figuresOf, startLoad } from "../support/load.ts";
import { connectReal, machine } from "../support/real.ts";

const slug = "such-django";
const site = `https://staging.${domain}`;
let project: HostedProject;

beforeAll(async () => {
  project = await adoptDjango(slug, "stage");
  await project.provisioned("stage");
});

afterAll(async () => {
  project?.remove();
  const host = await connectReal("stage");
  await removeAll(host, machine.clock, slug, "ada");
  await host.close();
});

interface Deployed {
  readonly release: number;
  readonly receipt?: { readonly failed: number };
}

test("a Django app is adopted, deployed, changed under visitors, and rolled back", async () => {
  expect(await project.data<Deployed>("deploy", "stage")).toMatchObject({ release: 1 });
  expect(await page(`${site}/`)).toBe("such Django, 0 visits, much WORD");
  expect(await page(`${site}/admin/login/`)).toContain("Django administration");

  changeDjangoApp(project.folder, "wow");
  project.commit("Another word, and an index");
  const load = startLoad(`staging.${domain}`, 120);
  await machine.clock.sleep(1_500);
  expect(await project.data<Deployed>("deploy", "stage")).toMatchObject({ release: 2 });
  expect(await page(`${site}/`)).toMatch(/^such Django, \d+ visits, much wow$/);
  expect(await project.data<Deployed>("rollback", "stage")).toMatchObject({ release: 3 });
  const figures = figuresOf(await load.stop());
  expect(figures.failures).toEqual({});
  expect(figures.requests).toBeGreaterThan(200);
  expect(await page(`${site}/`)).toMatch(/^such Django, [1-9]\d* visits, much WORD$/);

  // Its database is backed up and proven as any other.
  const proof = await project.data<{ readonly rows: number }>("db", "backup", "stage");
  expect(proof.rows).toBeGreaterThan(10);
}, 300_000);
