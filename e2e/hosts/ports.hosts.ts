/** The suites of the deploy package's ports over a real host; e2e/deploy-ports.test.ts runs them on the local cloud. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import { Secret } from "../../packages/core/src/index.ts";
import { connectHost } from "../../packages/deploy/src/index.ts";
import { acme, distribution, droplets, places, registry, spaces } from "../../tools/hosts/places.ts";
import { buildApp } from "../support/app.ts";
import { writeApp } from "../support/conformance/app.ts";
import { containersConformance } from "../support/conformance/containers.ts";
import { databaseConformance } from "../support/conformance/database.ts";
import { edgeConformance } from "../support/conformance/edge.ts";
import { hostConformance } from "../support/conformance/host.ts";
import { storeConformance } from "../support/conformance/store.ts";
import { registryConformance } from "../support/conformance/registry.ts";
import type { Rig } from "../support/conformance/rig.ts";
import { machine, sshReal, useContainerdStore } from "../support/real.ts";

const [{ name, domain }] = droplets;
let folder: string;
let made: Rig;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "doge-ports-"));
  writeApp(join(folder, "app"));
  const access = { host: registry.host, username: registry.username, token: new Secret(registry.token) };
  const place = {
    machine,
    domain,
    environment: name,
    registryUrl: `https://${registry.host}`,
    access,
    app: join(folder, "app"),
    cache: join(places.state, "layers"),
    base: `${registry.host}/doge/node:24-bookworm-slim`,
    acmeDirectory: acme.directory,
  };
  const ssh = sshReal(name);
  made = {
    ...place,
    limits: true,
    spaces: { endpoint: spaces.url, id: spaces.accessKeyId, secret: spaces.secretAccessKey },
    ssh,
    connect: (changes = {}) => connectHost({ ...ssh, ...changes }),
    image: await buildApp(place, "abc", undefined, "doge/ports"),
  };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const rig = (): Rig => made;

describe("a real host", () => {
  hostConformance(rig);
  storeConformance(rig);
  containersConformance(rig);
  edgeConformance(rig);
  databaseConformance(rig);
});

// The default from Docker 29 on: an image is known by its manifest there, not by its configuration.
describe("a real host whose engine keeps images in containerd's store", () => {
  beforeAll(() => useContainerdStore(name, true));
  afterAll(() => useContainerdStore(name, false));
  storeConformance(rig);
});

describe.each([
  ["the local cloud's registry, over TLS", { ...registry, url: `https://${registry.host}` }],
  ["Docker's registry", distribution],
])("%s", (_, { url, username, token }) => {
  registryConformance(() => ({ machine, url, username, token: new Secret(token) }));
});
