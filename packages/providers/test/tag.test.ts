import { expect, test } from "vitest";
import { digitalocean, tag } from "../src/digitalocean/index.ts";
import * as fake from "./digitalocean-fake.ts";
import { configured, describedBy, routes, work } from "./kit.ts";
import { describedVendor, openApi } from "./spec.ts";

const notFound = fake.refusal(404, "not_found", "The resource you requested could not be found.");
const { server, serve } = await describedVendor(openApi("digitalocean.openapi.json"), notFound);
const client = fake.client(server.url);

const none = { count: 0 };
const answer = {
  name: "web",
  resources: { count: 2, droplets: { count: 2 }, images: none, volumes: none, volume_snapshots: none, databases: none },
};

test("digitalocean_tag: create, read, find, remove", async () => {
  serve(
    routes({
      "POST /v2/tags": { status: 201, body: { tag: answer } },
      "GET /v2/tags/web": { body: { tag: answer } },
      "DELETE /v2/tags/web": { status: 204 },
    }),
  );
  const config = configured(tag.schema, { name: "web" });
  const told: unknown[] = [];
  const created = async (state: unknown): Promise<void> => void told.push(state);
  const state = await tag.reconcile(client, { config, prior: undefined, created }, work());
  expect(describedBy(tag.schema, state)).toEqual([]);
  expect(state).toMatchObject({ id: "web", name: "web", total_resource_count: 2, droplets_count: 2, volumes_count: 0 });
  expect(told).toEqual([state]);
  expect(await tag.read(client, state, work())).toEqual(state);
  expect(await tag.find?.(client, { config, since: new Date(0) }, work())).toEqual(state);
  await tag.remove(client, state, work());
  expect(server.lines.at(-1)).toBe("DELETE /v2/tags/web");

  serve(() => undefined);
  expect(await tag.read(client, state, work())).toBeUndefined();
  await tag.remove(client, state, work());
});

test("it is one of the provider's", () => {
  expect(digitalocean.resources.map(({ type }) => type)).toContain("digitalocean_tag");
});
