/** The suites of the deploy package's ports over a real host; e2e/deploy-ports.test.ts runs them on the local cloud. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Secret } from "../../packages/core/src/index.ts";
import { commandLine, connectHost, type Host } from "../../packages/deploy/src/index.ts";
import { giveWay } from "../../packages/deploy/src/host/give-way.ts";
import { acme, distribution, droplets, places, registry } from "../../tools/hosts/places.ts";
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

  describe("the processor", () => {
    let host: Host;
    const containers: string[] = [];
    beforeAll(async () => (host = await rig().connect()));
    afterAll(async () => {
      await sh(`docker rm --force ${containers.join(" ")}`);
      await host.close();
    });
    const sh = async (script: string): Promise<string> => {
      const { exitCode, stdout, stderr } = await host.run({ argv: ["sh", "-c", script] });
      return exitCode === 0 ? stdout.trim() : `${exitCode}: ${stderr.trim()}`;
    };
    const start = async (options = ""): Promise<string> => {
      const id = await sh(
        `docker run --detach --init ${options} node:24-bookworm-slim node -e 'setInterval(() => {}, 1000)'`,
      );
      containers.push(id);
      return id;
    };
    /** Of every thread. */
    const classesOf = async (pids: string): Promise<string[]> => {
      const told = await sh(`for pid in ${pids}; do chrt --all-tasks --pid $pid; done`);
      return [...new Set(told.match(/SCHED_\w+/g) ?? [told])];
    };
    const inside = async (id: string): Promise<string[]> => {
      const init = await sh(`docker inspect --format '{{.State.Pid}}' ${id}`);
      return classesOf(`${init} $(pgrep --parent ${init})`);
    };

    test("commands, the engine and scheduled jobs give way to containers", async () => {
      expect(await classesOf("$$")).toEqual(["SCHED_IDLE"]);
      expect(await classesOf("$(pidof dockerd)")).toEqual(["SCHED_IDLE"]);
      expect(await classesOf("$(pidof cron)")).toEqual(["SCHED_IDLE"]);
      expect(await inside(await start())).toEqual(["SCHED_OTHER"]);
    });

    test("what starts gives way until it has its share, and when it is started again by somebody else", async () => {
      const before = await start("--cpu-shares 256");
      await sh(commandLine(giveWay(60)));
      const starting = await start("--cpu-shares 256");
      await vi.waitFor(async () => expect(await inside(starting)).toEqual(["SCHED_IDLE"]), 10_000);
      expect(await inside(before)).toEqual(["SCHED_OTHER"]);
      await sh(`docker update --cpu-shares 2600 ${starting}`);
      await vi.waitFor(async () => expect(await inside(starting)).toEqual(["SCHED_OTHER"]), 10_000);
      await vi.waitFor(async () => expect(await sh("pgrep -f 'doge-give-way 60' | wc -l")).toBe("1"), 10_000);
      await sh(`docker restart --time 0 ${before}`);
      expect(await inside(before)).toEqual(["SCHED_OTHER"]);
    });

    test("nobody has to raise it", async () => {
      await sh(commandLine(giveWay(3)));
      const starting = await start("--cpu-shares 256");
      await vi.waitFor(async () => expect(await inside(starting)).toEqual(["SCHED_IDLE"]), 10_000);
      await vi.waitFor(async () => expect(await inside(starting)).toEqual(["SCHED_OTHER"]), 20_000);
    });

    test("nothing else is run as root", async () => {
      expect(await sh("sudo -n true")).toMatch(/^1: .*password is required/s);
      expect(await sh("sudo -n /usr/local/sbin/doge-give-way '1; id'")).toMatch(/^64: .*usage/s);
    });
  });
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
