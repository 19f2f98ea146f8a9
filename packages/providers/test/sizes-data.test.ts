import { expect, test } from "vitest";
import { digitalocean, sizesData } from "../src/digitalocean/index.ts";
import * as fake from "./digitalocean-fake.ts";
import { configured, describedBy, routes, work } from "./kit.ts";
import { describedVendor, openApi } from "./spec.ts";

const notFound = fake.refusal(404, "not_found", "The resource you requested could not be found.");
const { server, serve } = await describedVendor(openApi("digitalocean.openapi.json"), notFound);
const client = fake.client(server.url);

const size = (slug: string, vcpus: number, price: number, regions: readonly string[]) => ({
  slug,
  memory: 1024 * vcpus,
  vcpus,
  disk: 25,
  transfer: 0.5,
  price_monthly: price,
  price_hourly: price / 672,
  regions,
  available: true,
  description: "Basic",
});
const listed = [
  size("s-1vcpu-1gb", 1, 6, ["nyc1", "fra1"]),
  size("s-2vcpu-2gb", 2, 18, ["fra1"]),
  size("c-2", 2, 42, ["nyc1"]),
];

async function read(config: Record<string, unknown>) {
  serve(
    routes({
      "GET /v2/sizes": { body: { sizes: listed, links: {}, meta: { total: listed.length } } },
    }),
  );
  const state = await sizesData.read(client, configured(sizesData.schema, config), work());
  expect(describedBy(sizesData.schema, state)).toEqual([]);
  return state;
}
const slugs = async (config: Record<string, unknown>) =>
  ((await read(config))["sizes"] as { slug: string }[]).map(({ slug }) => slug);

test("digitalocean_sizes lists all, as the official provider does", async () => {
  const state = await read({});
  expect(state["sizes"]).toHaveLength(3);
  expect((state["sizes"] as unknown[])[0]).toEqual({
    slug: "s-1vcpu-1gb",
    available: true,
    transfer: 0.5,
    price_monthly: 6,
    price_hourly: 6 / 672,
    memory: 1024,
    vcpus: 1,
    disk: 25,
    regions: ["fra1", "nyc1"],
  });
});

test.each([
  [{ key: "slug", values: ["c-2", "s-1vcpu-1gb"] }, ["s-1vcpu-1gb", "c-2"]],
  [{ key: "slug", values: ["s-"], match_by: "substring" }, ["s-1vcpu-1gb", "s-2vcpu-2gb"]],
  [{ key: "slug", values: ["^c"], match_by: "re" }, ["c-2"]],
  [{ key: "vcpus", values: ["2.0"] }, ["s-2vcpu-2gb", "c-2"]],
  [{ key: "regions", values: ["nyc1", "fra1"], all: true }, ["s-1vcpu-1gb"]],
  [{ key: "slug", values: ["none"] }, []],
])("filter %j", async (filter, expected) => {
  expect(await slugs({ filter: [filter] })).toEqual(expected);
});

test("filters are taken one after the other, sorts by the first key first", async () => {
  const sort = [{ key: "vcpus", direction: "desc" }, { key: "price_monthly" }];
  expect(await slugs({ sort })).toEqual(["s-2vcpu-2gb", "c-2", "s-1vcpu-1gb"]);
  const filter = [
    { key: "vcpus", values: ["2"] },
    { key: "regions", values: ["fra1"] },
  ];
  expect(await slugs({ filter })).toEqual(["s-2vcpu-2gb"]);
});

test.each([
  [{ filter: [{ key: "prize", values: ["6"] }] }, /key is "prize".*/],
  [{ filter: [{ key: "slug", values: ["("], match_by: "re" }] }, /values is "\("/],
  [{ filter: [{ key: "slug", values: ["c"], match_by: "glob" }] }, /match_by is "glob"/],
  [{ sort: [{ key: "prize" }] }, /key is "prize"/],
])("what it can't choose by is named: %j", async (config, message) => {
  await expect(slugs(config)).rejects.toThrow(message);
});

test("it is one of the provider's", () => {
  expect(digitalocean.dataSources.map(({ type }) => type)).toContain("digitalocean_sizes");
});
