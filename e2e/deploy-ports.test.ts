/** The suites of the deploy package's ports over the local cloud's droplet and registry; e2e/hosts has the real ones. */
import { join } from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import { connectHost } from "../packages/deploy/src/index.ts";
import { buildApp } from "./support/app.ts";
import { writeApp } from "./support/conformance/app.ts";
import { containersConformance } from "./support/conformance/containers.ts";
import { databaseConformance } from "./support/conformance/database.ts";
import { edgeConformance } from "./support/conformance/edge.ts";
import { hostConformance } from "./support/conformance/host.ts";
import { storeConformance } from "./support/conformance/store.ts";
import { registryConformance } from "./support/conformance/registry.ts";
import type { Rig } from "./support/conformance/rig.ts";
import { type LocalDroplet, startLocalDroplet } from "./support/local-droplet.ts";

const domain = "ports.test";
let droplet: LocalDroplet;
let made: Rig;

beforeAll(async () => {
  droplet = await startLocalDroplet("ports", domain);
  const { folder, machine, ssh } = droplet;
  writeApp(join(folder, "app"));
  const place = { ...droplet, domain, environment: "prod", app: join(folder, "app"), cache: join(folder, "cache") };
  made = {
    ...droplet,
    domain,
    limits: false,
    connect: (changes = {}) => connectHost({ ...ssh, ...changes }),
    image: await buildApp(place, "abc", undefined, "doge/ports"),
    machine,
  };
});
afterAll(() => droplet?.stop());

const rig = (): Rig => made;

describe("the local cloud", () => {
  hostConformance(rig);
  registryConformance(() => ({
    machine: droplet.machine,
    url: droplet.registryUrl,
    username: droplet.access.username,
    token: droplet.access.token,
  }));
  storeConformance(rig);
  containersConformance(rig);
  edgeConformance(rig);
  databaseConformance(rig);
});
