import { createHash } from "node:crypto";
import type { Attributes } from "@doge/engine";
import { describe, expect, test } from "vitest";
import {
  digitalocean,
  domain,
  domainData,
  project,
  projectResources,
  record,
  sshKey,
} from "../src/digitalocean/index.ts";
import * as fake from "./digitalocean-fake.ts";
import { configured, describedBy, routes, trouble, work } from "./kit.ts";
import { describedVendor, openApi } from "./spec.ts";

const notFound = fake.refusal(404, "not_found", "The resource you requested could not be found.");
const problems = openApi("digitalocean.openapi.json");
const { server, serve, excuse } = await describedVendor(problems, notFound);
const client = fake.client(server.url);

/** Reconciles from nothing; also what `created` was told. */
async function create(
  resource: typeof sshKey | typeof domain | typeof project | typeof record | typeof projectResources,
  values: Attributes,
) {
  const told: Attributes[] = [];
  const config = configured(resource.schema, values);
  const state = await resource.reconcile(
    client,
    { config, prior: undefined, created: async (s) => void told.push(s) },
    work(),
  );
  expect(describedBy(resource.schema, state)).toEqual([]);
  return { state, told, config };
}

const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMBVvRUC2SFoZ5lfsy5CV9RQ3C2Ei9nbc0qWsyQ4Bq4r";
const key = {
  id: 512189,
  fingerprint: "3b:16:bf:e4:8b:00:8b:b8:59:8c:a9:d3:f0:19:45:fa",
  public_key: publicKey,
  name: "doge",
};

describe("digitalocean_ssh_key", () => {
  test("create, rename, read, remove", async () => {
    serve(routes({ "POST /v2/account/keys": { status: 201, body: { ssh_key: key } } }));
    const { state, told } = await create(sshKey, { name: "doge", public_key: `${publicKey}\n` });
    expect(server.requests[0]?.body).toEqual({ name: "doge", public_key: `${publicKey}\n` });
    expect(state).toEqual({ id: "512189", name: "doge", public_key: publicKey, fingerprint: key.fingerprint });
    expect(told).toEqual([state]);

    serve(routes({ "PUT /v2/account/keys/512189": { body: { ssh_key: { ...key, name: "new" } } } }));
    const config = { name: "new", public_key: publicKey };
    expect(await sshKey.reconcile(client, { config, prior: state, created: async () => {} }, work())).toMatchObject({
      name: "new",
    });
    expect(server.requests[0]?.body).toEqual({ name: "new" });

    serve(() => undefined);
    expect(await sshKey.read(client, state, work())).toBeUndefined();
    await sshKey.remove(client, state, work());
  });

  test("a final newline is no difference", () => {
    const { same } = sshKey.schema.attributes.public_key;
    expect([same(publicKey, `${publicKey}\n`), same(publicKey, `${publicKey}x`)]).toEqual([true, false]);
  });

  test("a key that the account has already is not adopted; an interrupted create is found", async () => {
    const list = fake.page("ssh_keys", [key]);
    serve(
      routes({
        "POST /v2/account/keys": fake.refusal(422, "unprocessable_entity", "SSH Key is already in use on your account"),
        "GET /v2/account/keys": list,
      }),
    );
    const diagnostic = await trouble(create(sshKey, { name: "doge", public_key: publicKey }));
    expect(diagnostic).toMatchObject({ code: "digitalocean-exists" });
    expect(diagnostic?.remedy).toContain("doge import <address> 512189");
    const config = { name: "doge", public_key: `${publicKey} comment` };
    expect(await sshKey.find?.(client, { config, since: new Date(0) }, work())).toMatchObject({ id: "512189" });
  });

  test("a 422 for another reason keeps the vendor's words", async () => {
    serve(
      routes({
        "POST /v2/account/keys": fake.refusal(
          422,
          "unprocessable_entity",
          "Key invalid, key should be of the format `type key [comment]`",
        ),
        "GET /v2/account/keys": fake.page("ssh_keys", []),
      }),
    );
    expect(await trouble(create(sshKey, { name: "doge", public_key: "x" }))).toMatchObject({
      code: "digitalocean-invalid",
      detail: expect.stringContaining("Key invalid"),
    });
  });
});

describe("digitalocean_domain", () => {
  const zone = { name: "example.com", ttl: 1800, zone_file: "$ORIGIN example.com.\n" };

  test("create, read, data source", async () => {
    serve(
      routes({
        "POST /v2/domains": { status: 201, body: { domain: { ...zone, ttl: null, zone_file: null } } },
        "GET /v2/domains/example.com": { body: { domain: zone } },
      }),
    );
    const { state } = await create(domain, { name: "example.com" });
    expect(server.requests[0]?.body).toEqual({ name: "example.com" });
    expect(state).toEqual({
      id: "example.com",
      name: "example.com",
      ip_address: null,
      urn: "do:domain:example.com",
      ttl: 1800,
    });
    expect(await domain.read(client, state, work())).toEqual(state);
    const data = await domainData.read(client, { name: "example.com" }, work());
    expect(data).toEqual({
      id: "example.com",
      name: "example.com",
      urn: "do:domain:example.com",
      ttl: 1800,
      zone_file: zone.zone_file,
    });
  });

  test("one of the same name is not adopted", async () => {
    serve(
      routes({
        "POST /v2/domains": fake.refusal(422, "unprocessable_entity", "domain 'example.com': name already exists"),
        "GET /v2/domains/example.com": { body: { domain: zone } },
      }),
    );
    expect(await trouble(create(domain, { name: "example.com" }))).toMatchObject({ code: "digitalocean-exists" });
  });

  test("a lost answer is looked into", async () => {
    serve(routes({ "POST /v2/domains": { drop: true }, "GET /v2/domains/example.com": { body: { domain: zone } } }));
    const { state } = await create(domain, { name: "example.com" });
    expect(state["id"]).toBe("example.com");
    expect(server.lines.filter((line) => line.startsWith("POST"))).toHaveLength(1);
    excuse();
  });

  test("a missing one is named by the data source", async () => {
    serve(() => undefined);
    expect(await trouble(domainData.read(client, { name: "example.org" }, work()))).toMatchObject({
      code: "digitalocean-not-found",
      detail: expect.stringContaining("example.org"),
    });
  });
});

describe("digitalocean_record", () => {
  const post = "POST /v2/domains/example.com/records";

  test.each([
    [
      { type: "A", name: "staging", value: "192.241.165.154" },
      { name: "staging", data: "192.241.165.154" },
      "staging.example.com",
      "192.241.165.154",
    ],
    [
      { type: "A", name: "@", value: "192.241.165.154" },
      { name: "@", data: "192.241.165.154" },
      "example.com",
      "192.241.165.154",
    ],
    [
      { type: "A", name: "staging.example.com.", value: "192.0.2.1" },
      { name: "staging", data: "192.0.2.1" },
      "staging.example.com",
      "192.0.2.1",
    ],
    [{ type: "CNAME", name: "www", value: "@" }, { name: "www", data: "@" }, "www.example.com", "@"],
    [
      { type: "CNAME", name: "www", value: "example.com." },
      { name: "www", data: "@" },
      "www.example.com",
      "example.com.",
    ],
    [
      { type: "CNAME", name: "docs", value: "host.example.net." },
      { name: "docs", data: "host.example.net" },
      "docs.example.com",
      "host.example.net.",
    ],
  ])("%j", async (values, answer, fqdn, value) => {
    const made = fake.record({ type: values.type, ...answer });
    serve(routes({ [post]: { status: 201, body: { domain_record: made } } }));
    const { state, told } = await create(record, { domain: "example.com", ttl: 300, ...values });
    expect(server.requests[0]?.body).toEqual({ type: values.type, name: answer.name, data: values.value, ttl: 300 });
    expect(state).toMatchObject({
      id: "28448433",
      fqdn,
      value,
      name: values.name,
      domain: "example.com",
      ttl: 1800,
      priority: null,
    });
    expect(told).toHaveLength(1);
  });

  test("update, read, gone", async () => {
    const changed = fake.record({ data: "192.0.2.9" });
    const prior = { id: "28448433", domain: "example.com", type: "A", name: "staging", value: "192.0.2.1" };
    serve(routes({ "PUT /v2/domains/example.com/records/28448433": { body: { domain_record: changed } } }));
    const config = configured(record.schema, { ...prior, value: "192.0.2.9" });
    expect(await record.reconcile(client, { config, prior, created: async () => {} }, work())).toMatchObject({
      value: "192.0.2.9",
    });
    serve(() => undefined);
    expect(await record.read(client, prior, work())).toBeUndefined();
    await record.remove(client, prior, work());
  });

  test("one that is there already is not adopted", async () => {
    serve(
      routes({
        [post]: fake.refusal(422, "unprocessable_entity", "Record already exists"),
        "GET /v2/domains/example.com/records": fake.page("domain_records", [fake.record()]),
      }),
    );
    const values = { domain: "example.com", type: "A", name: "staging", value: "192.241.165.154" };
    const diagnostic = await trouble(create(record, values));
    expect(diagnostic).toMatchObject({ code: "digitalocean-exists" });
    expect(diagnostic?.remedy).toContain("doge import <address> example.com,28448433");
    expect(await trouble(create(record, { ...values, value: "192.0.2.1" }))).toMatchObject({
      code: "digitalocean-invalid",
    });
  });

  test("an interrupted create is found by type, name and value", async () => {
    serve(
      routes({
        "GET /v2/domains/example.com/records": fake.page("domain_records", [
          fake.record({ id: 1, data: "192.0.2.1" }),
          fake.record({ id: 2 }),
        ]),
      }),
    );
    const config = configured(record.schema, {
      domain: "example.com",
      type: "A",
      name: "staging",
      value: "192.241.165.154",
    });
    expect(await record.find?.(client, { config, since: new Date() }, work())).toMatchObject({ id: "2" });
  });

  test.each([
    [{ type: "MX" }, ["priority"]],
    [{ type: "SRV", priority: 1 }, ["weight", "port"]],
    [{ type: "PTR" }, ["type"]],
    [{ type: "A" }, []],
  ])("%j lacks %j", (config, addresses) => {
    expect(record.validate?.(config).map((d) => d.address)).toEqual(addresses);
  });
});

describe("digitalocean_project and its resources", () => {
  const id = fake.project().id;
  const other = "11111111-2222-4333-8444-555555555555";
  const held = (...urns: string[]) => fake.page("resources", urns.map(fake.resource));

  test("create", async () => {
    serve(
      routes({
        "POST /v2/projects": { status: 201, body: { project: fake.project() } },
        [`GET /v2/projects/${id}`]: { body: { project: fake.project({ purpose: "Other: Rehearsal" }) } },
        [`GET /v2/projects/${id}/resources`]: held("do:domain:example.com"),
      }),
    );
    const { state } = await create(project, { name: "doge-app", environment: "production", purpose: "Rehearsal" });
    expect(server.requests[0]?.body).toEqual({
      name: "doge-app",
      purpose: "Rehearsal",
      description: "",
      environment: "Production",
    });
    expect(state).toMatchObject({
      id,
      purpose: "Rehearsal",
      environment: "Production",
      resources: ["do:domain:example.com"],
    });
    expect(project.schema.attributes.environment.same("Production", "production")).toBe(true);
  });

  test("a copy of the vendor that does not see the new one yet is asked again", async () => {
    let looks = 0;
    serve(
      routes({
        "POST /v2/projects": { status: 201, body: { project: fake.project() } },
        [`GET /v2/projects/${id}`]: () => (++looks < 3 ? notFound : { body: { project: fake.project() } }),
        [`GET /v2/projects/${id}/resources`]: held(),
      }),
    );
    expect((await create(project, { name: "doge-app" })).state).toMatchObject({ id });
    expect(looks).toBe(3);
  });

  test("only a project made since then is ours", async () => {
    serve(
      routes({
        "GET /v2/projects": fake.page("projects", [fake.project()]),
        [`GET /v2/projects/${id}/resources`]: held(),
      }),
    );
    const config = configured(project.schema, { name: "doge-app" });
    expect(await project.find?.(client, { config, since: new Date("2026-01-10T10:00:00Z") }, work())).toMatchObject({
      id,
    });
    expect(await project.find?.(client, { config, since: new Date("2026-02-10T10:00:00Z") }, work())).toBeUndefined();
  });

  test("removal moves what is in it to the default project, and waits until it is empty", async () => {
    let deletes = 0;
    serve(
      routes({
        [`GET /v2/projects/${id}/resources`]: held("do:droplet:1"),
        "GET /v2/projects/default": { body: { project: fake.project({ id: other, is_default: true }) } },
        [`POST /v2/projects/${other}/resources`]: { body: { resources: [fake.resource("do:droplet:1")] } },
        [`DELETE /v2/projects/${id}`]: () =>
          deletes++ === 0
            ? fake.refusal(412, "precondition_failed", "cannot delete a project with resources")
            : { status: 204 },
      }),
    );
    await project.remove(client, { id }, work());
    expect(server.lines).toEqual([
      `GET /v2/projects/${id}/resources?page=1&per_page=200`,
      "GET /v2/projects/default",
      `POST /v2/projects/${other}/resources`,
      `DELETE /v2/projects/${id}`,
      `DELETE /v2/projects/${id}`,
    ]);
  });

  test("resources: only what is missing is assigned, only what left is moved away", async () => {
    serve(
      routes({
        [`GET /v2/projects/${id}/resources`]: held("do:droplet:1", "do:droplet:9"),
        "GET /v2/projects/default": { body: { project: fake.project({ id: other }) } },
        [`POST /v2/projects/${other}/resources`]: { body: { resources: [] } },
        [`POST /v2/projects/${id}/resources`]: { body: { resources: [] } },
      }),
    );
    const config = { project: id, resources: ["do:space:b", "do:droplet:1"] };
    const prior = { id, project: id, resources: ["do:droplet:1", "do:droplet:9"] };
    const state = await projectResources.reconcile(client, { config, prior, created: async () => {} }, work());
    expect(state).toEqual({ id, project: id, resources: ["do:droplet:1", "do:space:b"] });
    expect(server.requests.filter((r) => r.method === "POST").map((r) => [r.path, r.body])).toEqual([
      [`/v2/projects/${other}/resources`, { resources: ["do:droplet:9"] }],
      [`/v2/projects/${id}/resources`, { resources: ["do:space:b"] }],
    ]);
    expect(
      await projectResources.read(client, { ...state, resources: ["do:droplet:1", "do:droplet:2"] }, work()),
    ).toMatchObject({ resources: ["do:droplet:1"] });
  });
});

test("the provider needs a token, and says how to get one", () => {
  const context = {
    http: { send: () => Promise.reject(new Error("unused")) },
    clock: work().clock,
    emit: () => {},
    env: {},
  };
  expect(() => digitalocean.configure({}, context)).toThrow(/There is no DigitalOcean token/);
});

test.skipIf(!problems)("the check against DigitalOcean's own description finds what is wrong", () => {
  const seen = { method: "POST", path: "/v2/account/keys", headers: {}, text: "" };
  const answer = { status: 201, body: { ssh_key: { ...key, id: "512189" } } };
  expect(problems?.({ ...seen, body: { name: "doge" } }, answer)).toEqual([
    expect.stringContaining("request POST /v2/account/keys: data must have required property 'public_key'"),
    expect.stringContaining("data/ssh_key/id must be integer"),
  ]);
  expect(problems?.({ ...seen, path: "/v2/keys", body: undefined }, {})).toEqual([
    expect.stringContaining("is not in"),
  ]);
});

test("user data is hashed as the official provider hashes it", async () => {
  const { droplet } = await import("../src/digitalocean/index.ts");
  const expected = createHash("sha1").update("#cloud-config\n").digest("hex");
  expect(droplet.schema.attributes.user_data.normalize("#cloud-config\n")).toBe(expected);
});
