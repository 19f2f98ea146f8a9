import { createHash } from "node:crypto";
import type { Attributes } from "@doge/engine";
import { expect, test } from "vitest";
import { droplet } from "../src/digitalocean/index.ts";
import * as fake from "./digitalocean-fake.ts";
import { type Answer, configured, describedBy, routes, trouble, work } from "./kit.ts";
import { describedVendor, openApi } from "./spec.ts";

const notFound = fake.refusal(404, "not_found", "The resource you requested could not be found.");
const problems = openApi("digitalocean.openapi.json");
const { server, serve, excuse } = await describedVendor(problems, notFound);
const client = fake.client(server.url);

const config = configured(droplet.schema, {
  name: "web",
  region: "FRA1",
  size: "s-1vcpu-1gb",
  image: "ubuntu-24-04-x64",
  ssh_keys: ["512189"],
  user_data: "#cloud-config\n",
  tags: ["doge"],
});
const one = (changes: Record<string, unknown> = {}): Answer => ({ body: { droplet: fake.droplet(changes) } });
const links = { actions: [{ id: 1, rel: "create", href: "https://api.digitalocean.com/v2/actions/1" }] };
const accepted: Answer = {
  status: 202,
  body: { droplet: fake.droplet({ status: "new", networks: { v4: [], v6: [] } }), links },
};
const action = (status = "completed"): Answer => ({
  status: 201,
  body: {
    action: {
      id: 7,
      status,
      type: "resize",
      started_at: "2026-01-10T10:00:00Z",
      completed_at: null,
      resource_id: 3164494,
      resource_type: "droplet",
      region_slug: "fra1",
    },
  },
});
const done = { "GET /v2/droplets/3164494/actions/7": { ...action(), status: 200 } };

test("is saved as soon as it has an id, then waited for", async () => {
  let polls = 0;
  serve(
    routes({
      "POST /v2/droplets": accepted,
      "GET /v2/droplets/3164494": () => (polls++ < 4 ? one({ status: "new", locked: true }) : one()),
    }),
  );
  const order: string[] = [];
  const waiting = work();
  const state = await droplet.reconcile(
    client,
    {
      config,
      prior: undefined,
      created: async (partial) =>
        void order.push(
          `saved ${String(partial["id"])} ${String(partial["status"])} after ${server.requests.length} request`,
        ),
    },
    waiting,
  );
  expect(order).toEqual(["saved 3164494 new after 1 request"]);
  expect(server.requests[0]?.body).toEqual({
    name: "web",
    region: "fra1",
    size: "s-1vcpu-1gb",
    image: "ubuntu-24-04-x64",
    ssh_keys: [512189],
    tags: ["doge"],
    user_data: "#cloud-config\n",
    backups: false,
    ipv6: false,
    monitoring: false,
  });
  expect(describedBy(droplet.schema, state)).toEqual([]);
  expect(state).toMatchObject({
    id: "3164494",
    urn: "do:droplet:3164494",
    region: "fra1",
    status: "active",
    ipv4_address: "192.241.165.154",
    ipv4_address_private: "10.128.192.124",
    ipv6_address: "",
    user_data: createHash("sha1").update("#cloud-config\n").digest("hex"),
    ssh_keys: ["512189"],
    tags: ["doge"],
    price_monthly: 6,
    public_networking: true,
    resize_disk: true,
  });
  expect(waiting.messages).toEqual(["booting, 2 s"]);
});

test("a wait that was interrupted goes on from the saved droplet", async () => {
  let polls = 0;
  serve(routes({ "GET /v2/droplets/3164494": () => (polls++ < 1 ? one({ status: "new" }) : one()) }));
  const prior = { id: "3164494", status: "new" };
  const state = await droplet.reconcile(client, { config, prior, created: async () => {} }, work());
  expect(state["status"]).toBe("active");
  expect(server.lines.filter((line) => !line.startsWith("GET"))).toEqual([]);
});

test("an unanswered create finds what it made, and makes no second one", async () => {
  const now = "2026-01-10T10:00:00Z";
  serve(({ method, path }) => {
    if (method === "POST") return { drop: true };
    return path.startsWith("/v2/droplets?") ? fake.page("droplets", [fake.droplet({ created_at: now })]) : one();
  });
  const state = await droplet.reconcile(client, { config, prior: undefined, created: async () => {} }, work());
  expect(state["id"]).toBe("3164494");
  expect(server.lines.filter((line) => line.startsWith("POST"))).toHaveLength(1);
  excuse();
});

test.each([
  ["2026-01-10T09:59:58Z", {}, "3164494"],
  ["2026-01-10T11:00:00Z", {}, undefined],
  ["2026-01-10T09:59:58Z", { name: "web2" }, undefined],
  ["2026-01-10T09:59:58Z", { size_slug: "s-2vcpu-2gb" }, undefined],
])("found again since %s with %j: %s", async (since, changes, id) => {
  serve(() => fake.page("droplets", [fake.droplet(changes)]));
  const found = await droplet.find?.(client, { config, since: new Date(since) }, work());
  expect(found?.["id"]).toBe(id);
});

test("refresh keeps the image asked for and the hash; what is gone is undefined", async () => {
  serve(routes({ "GET /v2/droplets/3164494": one({ image: { ...fake.droplet().image, slug: null } }) }));
  const prior: Attributes = { id: "3164494", image: "ubuntu-24-04-x64", user_data: "abc", ssh_keys: ["1"] };
  expect(await droplet.read(client, prior, work())).toMatchObject({
    image: "ubuntu-24-04-x64",
    user_data: "abc",
    ssh_keys: ["1"],
  });
  serve(routes({ "GET /v2/droplets/3164494": one() }));
  expect(await droplet.read(client, { id: "3164494" }, work())).toMatchObject({ image: "ubuntu-24-04-x64" });
  serve(() => undefined);
  expect(await droplet.read(client, prior, work())).toBeUndefined();
});

test("update renames, resizes while off, and settles tags", async () => {
  const statuses = ["active", "off", "active"];
  let reads = 0;
  serve(
    routes({
      "GET /v2/droplets/3164494": () => one({ status: statuses[Math.min(reads++, 2)], tags: ["old"] }),
      "POST /v2/droplets/3164494/actions": action(),
      ...done,
      "POST /v2/tags": { status: 201, body: { tag: { name: "doge" } } },
      "POST /v2/tags/doge/resources": { status: 204 },
      "DELETE /v2/tags/old/resources": { status: 204 },
    }),
  );
  const wanted = { ...config, name: "app", size: "S-2vcpu-2gb", resize_disk: false };
  await droplet.reconcile(
    client,
    { config: wanted, prior: { id: "3164494", size: "s-1vcpu-1gb" }, created: async () => {} },
    work(),
  );
  const writes = server.requests.filter((r) => r.method !== "GET").map((r) => [`${r.method} ${r.path}`, r.body]);
  expect(writes).toEqual([
    ["POST /v2/droplets/3164494/actions", { type: "rename", name: "app" }],
    ["POST /v2/droplets/3164494/actions", { type: "power_off" }],
    ["POST /v2/droplets/3164494/actions", { type: "resize", size: "s-2vcpu-2gb", disk: false }],
    ["POST /v2/droplets/3164494/actions", { type: "power_on" }],
    ["POST /v2/tags", { name: "doge" }],
    ["POST /v2/tags/doge/resources", { resources: [{ resource_id: "3164494", resource_type: "droplet" }] }],
    ["DELETE /v2/tags/old/resources", { resources: [{ resource_id: "3164494", resource_type: "droplet" }] }],
  ]);
});

test("an action that fails is told with its number", async () => {
  serve(
    routes({
      "GET /v2/droplets/3164494": one(),
      "POST /v2/droplets/3164494/actions": action("in-progress"),
      "GET /v2/droplets/3164494/actions/7": { ...action("errored"), status: 200 },
    }),
  );
  const update = droplet.reconcile(
    client,
    { config: { ...config, name: "x" }, prior: { id: "3164494" }, created: async () => {} },
    work(),
  );
  expect(await trouble(update)).toMatchObject({
    code: "digitalocean-action-failed",
    detail: expect.stringContaining("action 7"),
  });
});

test("removal waits until it is gone, and for whoever holds it", async () => {
  let deletes = 0;
  serve(({ method }) => {
    if (method === "DELETE")
      return deletes++ === 0
        ? fake.refusal(422, "unprocessable_entity", "Droplet already has a pending event.")
        : { status: 204 };
    return deletes < 2 ? one() : undefined;
  });
  await droplet.remove(client, { id: "3164494" }, work());
  expect(deletes).toBe(2);
  serve(() => undefined);
  await droplet.remove(client, { id: "3164494" }, work());
  expect(server.lines).toEqual(["GET /v2/droplets/3164494"]);
});

test("a droplet that never boots ends the wait with a diagnostic", async () => {
  serve(routes({ "POST /v2/droplets": accepted, "GET /v2/droplets/3164494": one({ status: "new" }) }));
  const made = droplet.reconcile(client, { config, prior: undefined, created: async () => {} }, work());
  expect(await trouble(made)).toMatchObject({
    code: "digitalocean-droplet-wait",
    detail: expect.stringContaining("booting"),
  });
});
