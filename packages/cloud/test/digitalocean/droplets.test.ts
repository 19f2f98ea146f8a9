import { afterAll, beforeAll, expect, test } from "vitest";
import { createRig, type Answer, type Rig } from "./client.ts";
import { contractPresent } from "./contract.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await createRig();
});
afterAll(() => rig.stop());

const wish = { region: "fra1", size: "s-1vcpu-1gb", image: "ubuntu-24-04-x64" };
const key = `ssh-ed25519 ${Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from("ssh-ed25519"), Buffer.from([0, 0, 0, 32]), Buffer.alloc(32, 7)]).toString("base64")} doge`;

const settled = (id: number): Promise<Answer> =>
  expect
    .poll(async () => (await rig.send("GET", `/v2/droplets/${id}`)).body.droplet.locked as boolean)
    .toBe(false)
    .then(() => rig.send("GET", `/v2/droplets/${id}`));

test.skipIf(!contractPresent)("the contract would notice: a wrong body is refused", async () => {
  const { loadContract } = await import("./contract.ts");
  const contract = loadContract();
  expect(() => contract.check("GET", "/v2/droplets/1", 200, { droplet: { id: "1" } })).toThrow("must be integer");
  expect(() => contract.check("GET", "/v2/nothing", 200, {})).toThrow("no GET /v2/nothing");
});

test("no token, a wrong one, and one that may only read", async () => {
  const none = await rig.send("GET", "/v2/account", undefined, "wrong");
  expect(none.status).toBe(401);
  expect(none.body).toMatchObject({ id: "unauthorized", message: "Unable to authenticate you" });
  const reads = await rig.send("GET", "/v2/account", undefined, "reads");
  expect(reads.status).toBe(200);
  expect(reads.headers.get("ratelimit-limit")).toBe("5000");
  const writes = await rig.send("POST", "/v2/tags", { name: "x" }, "reads");
  expect(writes.body).toMatchObject({ id: "forbidden" });
  expect(writes.status).toBe(403);
});

test("a droplet is new until its machine has booted", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  rig.machines.gate = promise;
  const { body: keyBody } = await rig.send("POST", "/v2/account/keys", { name: "mine", public_key: key });
  const created = await rig.send("POST", "/v2/droplets", {
    ...wish,
    name: "web-1",
    tags: ["doge:shop"],
    ssh_keys: [keyBody.ssh_key.fingerprint],
    user_data: "#cloud-config\n",
    monitoring: true,
  });
  expect(created.status).toBe(202);
  const { id } = created.body.droplet as { id: number };
  expect(created.body.droplet).toMatchObject({ status: "new", locked: true, size: { price_monthly: 6 }, memory: 1024 });
  const [action] = created.body.links.actions as { id: number; rel: string }[];
  expect(action?.rel).toBe("create");
  expect((await rig.send("GET", `/v2/actions/${action?.id}`)).body.action.status).toBe("in-progress");
  const busy = await rig.send("POST", `/v2/droplets/${id}/actions`, { type: "reboot" });
  expect(busy.body).toMatchObject({ id: "unprocessable_entity", message: "Droplet already has a pending event." });

  resolve();
  expect((await settled(id)).body.droplet).toMatchObject({ status: "active", tags: ["doge:shop"] });
  expect((await rig.send("GET", `/v2/droplets/${id}/actions/${action?.id}`)).body.action.status).toBe("completed");
  const address = (created.body.droplet.networks.v4 as { type: string; ip_address: string }[]).find(
    (n) => n.type === "public",
  );
  expect(rig.machines.running.get(String(id))).toEqual({
    id: String(id),
    name: "web-1",
    address: address?.ip_address,
    userData: "#cloud-config\n",
    sshKeys: [key],
    memoryMegabytes: 1024,
    vcpus: 1,
  });
});

test("power, rename and resize", async () => {
  const { body } = await rig.send("POST", "/v2/droplets", { ...wish, name: "web-2" });
  const { id } = body.droplet as { id: number };
  await settled(id);
  const act = (request: unknown): Promise<Answer> => rig.send("POST", `/v2/droplets/${id}/actions`, request);
  expect((await act({ type: "resize", size: "s-2vcpu-2gb" })).body.message).toBe(
    "Droplet must be powered off to resize",
  );
  expect((await act({ type: "power_off" })).status).toBe(201);
  expect((await settled(id)).body.droplet.status).toBe("off");
  expect(rig.machines.running.has(String(id))).toBe(false);
  await act({ type: "resize", size: "s-2vcpu-2gb" });
  expect((await settled(id)).body.droplet).toMatchObject({ status: "off", size_slug: "s-2vcpu-2gb", vcpus: 2 });
  await act({ type: "power_on" });
  expect((await settled(id)).body.droplet.status).toBe("active");
  await act({ type: "rename", name: "web-2b" });
  expect((await settled(id)).body.droplet).toMatchObject({ status: "active", name: "web-2b" });
  expect((await act({ type: "dance" })).status).toBe(422);
});

test("a machine that does not boot: the event is errored, the droplet off", async () => {
  const { body } = await rig.send("POST", "/v2/droplets", { ...wish, name: "dud", user_data: "never boots" });
  expect((await settled(body.droplet.id as number)).body.droplet.status).toBe("off");
  expect((await rig.send("GET", `/v2/actions/${body.links.actions[0].id}`)).body.action.status).toBe("errored");
});

test("several at once, listed by tag and page by page, deleted by tag", async () => {
  const names = ["a-1", "a-2", "a-3"];
  const created = await rig.send("POST", "/v2/droplets", { ...wish, names, tags: ["batch"] });
  expect(created.body.droplets).toHaveLength(3);
  const page = await rig.send("GET", "/v2/droplets?tag_name=batch&per_page=2&page=2");
  expect(page.body.droplets.map((d: { name: string }) => d.name)).toEqual(["a-3"]);
  expect(page.body.meta).toEqual({ total: 3 });
  expect(page.body.links.pages.first).toContain("page=1");
  expect(page.body.links.pages.next).toBeUndefined();
  expect((await rig.send("GET", "/v2/droplets?name=a-2")).body.droplets).toHaveLength(1);
  expect((await rig.send("GET", "/v2/tags/batch")).body.tag.resources.droplets.count).toBe(3);
  expect((await rig.send("DELETE", "/v2/droplets?tag_name=batch")).status).toBe(204);
  expect((await rig.send("GET", "/v2/droplets?tag_name=batch")).body.meta.total).toBe(0);
});

test("what makes no sense is refused with 422", async () => {
  const refusals: [unknown, string][] = [
    [{ ...wish }, "name can't be blank"],
    [{ ...wish, name: "no_underscore" }, "Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)"],
    [{ ...wish, name: "x", region: "mars1" }, "You specified an invalid region for Droplet creation."],
    [{ ...wish, name: "x", size: "huge" }, "You specified an invalid size for Droplet creation."],
    [{ ...wish, name: "x", image: "dos" }, "You specified an invalid image for Droplet creation."],
    [{ ...wish, name: "x", ssh_keys: [1] }, "1 are invalid key identifiers for Droplet creation."],
  ];
  for (const [body, message] of refusals) {
    const answer = await rig.send("POST", "/v2/droplets", body);
    expect([answer.status, answer.body.message]).toEqual([422, message]);
  }
});

test("destroying leaves nothing; the second time it is not found", async () => {
  const { droplets } = (await rig.send("GET", "/v2/droplets?per_page=200")).body as { droplets: { id: number }[] };
  for (const { id } of droplets) expect((await rig.send("DELETE", `/v2/droplets/${id}`)).status).toBe(204);
  expect(rig.machines.running.size).toBe(0);
  const again = await rig.send("DELETE", `/v2/droplets/${droplets[0]?.id}`);
  expect(again.body).toMatchObject({ id: "not_found", message: "The resource you were accessing could not be found." });
});

test("ssh keys: by id and fingerprint, once each", async () => {
  const { ssh_keys: keys } = (await rig.send("GET", "/v2/account/keys")).body as {
    ssh_keys: { id: number; fingerprint: string }[];
  };
  const [{ id, fingerprint } = { id: 0, fingerprint: "" }] = keys;
  expect(fingerprint).toMatch(/^([0-9a-f]{2}:){15}[0-9a-f]{2}$/);
  expect((await rig.send("GET", `/v2/account/keys/${fingerprint}`)).body.ssh_key.id).toBe(id);
  const again = await rig.send("POST", "/v2/account/keys", { name: "again", public_key: key });
  expect(again.body.message).toBe("SSH Key is already in use on your account");
  const nonsense = await rig.send("POST", "/v2/account/keys", { name: "bad", public_key: "ssh-ed25519 AAAA" });
  expect(nonsense.status).toBe(422);
  expect((await rig.send("PUT", `/v2/account/keys/${id}`, { name: "renamed" })).body.ssh_key.name).toBe("renamed");
  expect((await rig.send("DELETE", `/v2/account/keys/${id}`)).status).toBe(204);
  expect((await rig.send("GET", `/v2/account/keys/${id}`)).status).toBe(404);
});

test("the catalogue", async () => {
  expect((await rig.send("GET", "/v2/sizes")).body.sizes[0]).toMatchObject({ price_monthly: 4, price_hourly: 0.00595 });
  expect((await rig.send("GET", "/v2/regions")).body.regions[0].slug).toBe("nyc1");
  expect((await rig.send("GET", "/v2/images?type=application")).body.images).toMatchObject([{ slug: "docker-20-04" }]);
  expect((await rig.send("GET", "/v2/images/debian-12-x64")).body.image.distribution).toBe("Debian");
  const { vpcs } = (await rig.send("GET", "/v2/vpcs")).body as { vpcs: { id: string; region: string }[] };
  expect(vpcs).toMatchObject([{ region: "fra1", default: true }]);
  expect((await rig.send("GET", `/v2/vpcs/${vpcs[0]?.id}`)).status).toBe(200);
});
