import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { diagnosticsOf, type DogeError, type DogeEvent, Secret } from "@doge/core";
import { nodeClock } from "@doge/core/node";
import {
  deployRelease,
  type DeployOptions,
  type Host,
  listReleases,
  releaseStatus,
  releaseSteps,
  rollbackRelease,
} from "../../src/index.ts";
import { startDroplet, type TestDroplet } from "../support/droplet.ts";

const domain = "shop.test";
const canary = "canary-7c1f2e";
const haveCaddy = ((): boolean => {
  try {
    execFileSync("caddy", ["version"]);
    return true;
  } catch {
    return false;
  }
})();

// Several deploys in a row, on machines that are busy with other things.
describe.skipIf(!haveCaddy)("deployRelease (needs caddy)", { timeout: 240_000 }, () => {
  let droplet: TestDroplet;
  let host: Host;
  let events: DogeEvent[];

  beforeEach(async () => {
    droplet = await startDroplet(domain);
    host = await droplet.connect();
    events = [];
  });
  afterEach(async () => {
    await host.close();
    await droplet.stop();
  });

  const options = (image: DeployOptions["image"], changes: Partial<DeployOptions> = {}): DeployOptions => ({
    host,
    clock: nodeClock,
    http: droplet.http,
    emit: (event) => events.push(event),
    target: { project: "shop", environment: "stage" },
    owner: "ada",
    leaseSeconds: 2,
    image,
    registry: { host: "registry.test", username: "ada", token: new Secret(canary) },
    composeFiles: [
      { name: "compose.production.yaml", content: "name: services\nservices: { postgres: {}, caddy: {} }\n" },
    ],
    envFiles: [
      {
        path: ".envs/.production/.app",
        content: new Secret(`SECRET_KEY=${canary}\nMIGRATED=${droplet.home}/migrated\nMIGRATIONS=0001\n`),
      },
    ],
    settings: {
      domains: [domain],
      port: 3000,
      alivePath: "/healthz",
      readyPath: "/readyz",
      migrate: ["node", "migrate.mjs"],
      pending: ["node", "migrate.mjs", "--list"],
      appEnvFiles: [".envs/.production/.app"],
      healthSeconds: 3,
      soakSeconds: 0.5,
    },
    ...changes,
  });
  const page = async (): Promise<string> =>
    (await droplet.http.send({ method: "GET", url: `https://${domain}/` })).text();
  const failure = async (work: Promise<unknown>): Promise<DogeError["diagnostics"][number] | undefined> =>
    work.then(
      () => undefined,
      (thrown: unknown) => diagnosticsOf(thrown)[0],
    );

  test("deploys, deploys again without dropping a request, changes nothing the third time, and rolls back", async () => {
    const first = await deployRelease(options(droplet.addImage("a1")));
    expect(first).toMatchObject({
      number: 1,
      slot: "blue",
      outcome: "released",
      reachable: true,
      migrations: ["0001"],
    });
    expect(await page()).toBe("release 1");

    const second = await deployRelease(options(droplet.addImage("b2")));
    expect(second).toMatchObject({ number: 2, slot: "green", replaces: 1, migrations: [] });
    expect(await page()).toBe("release 2");
    expect(second.receipt.failures).toEqual([]);
    expect(second.receipt.requests).toBeGreaterThan(10);
    expect(second.receipt.switchMilliseconds).toBeGreaterThan(500);
    const { steps, totalMilliseconds } = second.receipt;
    expect(steps.map(({ step }) => step)).toEqual(
      releaseSteps.filter((step) => !["proof", "restore-point", "migrate"].includes(step)),
    );
    // No time is outside of a step.
    const inSteps = steps.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
    expect(inSteps / totalMilliseconds).toBeGreaterThan(0.95);
    expect(events).toContainEqual(expect.objectContaining({ type: "release.switched", release: "2" }));

    const third = await deployRelease(options(droplet.addImage("b2")));
    expect(third).toMatchObject({ number: 2, outcome: "unchanged" });

    const back = await rollbackRelease(options(droplet.addImage("b2")));
    expect(back).toMatchObject({ number: 3, outcome: "rolled-back", slot: "blue", image: { commit: "a1" } });
    expect(await page()).toBe("release 3");
    expect(back.takenBack).toEqual([second.image.digest]);

    // What was taken back does not come again by itself.
    const refused = await failure(deployRelease(options(droplet.addImage("b2"))));
    expect(refused).toMatchObject({ code: "release-rolled-back" });
    expect(refused?.remedy).toContain("doge deploy stage --force");
    const stayed = await deployRelease({ ...options(droplet.addImage("b2")), takenBack: "stay" });
    expect(stayed).toMatchObject({ number: 3, outcome: "unchanged" });
    expect(await page()).toBe("release 3");

    expect((await listReleases(host, "shop")).map(({ number }) => number)).toEqual([3, 2, 1]);
    const status = await releaseStatus(host, "shop");
    expect(status.slots.map(({ slot, ready }) => [slot, ready])).toEqual([
      ["blue", true],
      ["green", false],
    ]);

    const env = join(droplet.home, "doge/shop/.envs/.production/.app");
    expect(statSync(env).mode & 0o777).toBe(0o600);
    expect(droplet.calls().join("\n")).not.toContain(canary);
    expect(readFileSync(join(droplet.home, "doge/shop/journal.jsonl"), "utf8")).not.toContain(canary);
    expect(existsSync(join(droplet.home, "engine/login"))).toBe(false);
  });

  test("a release that never becomes healthy leaves the old one serving and says why", async () => {
    await deployRelease(options(droplet.addImage("a1")));
    const crashed = await failure(deployRelease(options(droplet.addImage("b2", "crash"))));
    expect(crashed).toMatchObject({ code: "release-unhealthy" });
    expect(crashed?.detail).toMatch(/exit code[^]*DATABASE_URL is missing/);
    expect(await page()).toBe("release 1");

    const unready = await failure(deployRelease(options(droplet.addImage("c3", "unready"))));
    expect(unready?.detail).toContain('/readyz answers 503: {"ready":false,"reason":"unready"}');
    expect(await page()).toBe("release 1");
  });

  test("a release that does worse than the one before is switched back, and says why", async () => {
    await deployRelease(options(droplet.addImage("a1")));
    const base = options(droplet.addImage("b2", "broken"));
    const worse = await failure(deployRelease({ ...base, settings: { ...base.settings, soakSeconds: 5 } }));
    expect(worse).toMatchObject({ code: "release-worse", address: expect.stringContaining("app-green") as unknown });
    expect(worse?.detail).toMatch(/^\d+ of \d+ requests failed, \d+ of \d+ before$/);
    expect(await page()).toBe("release 1");
    const status = await releaseStatus(host, "shop");
    expect(status).toMatchObject({ pending: undefined, current: { number: 1 } });
    expect(status.slots.map(({ ready }) => ready)).toEqual([true, false]);
  });

  test("an older commit can't land over a newer one unless told, and the record says who told", async () => {
    const order = { orderAfter: async () => "older" as const };
    await deployRelease(options(droplet.addImage("b2")));
    expect(await failure(deployRelease(options(droplet.addImage("a1"), order)))).toMatchObject({
      code: "release-older",
      detail: expect.stringMatching(/^live is b2 \(release 1, .* by ada\); this is a1$/) as unknown,
    });
    const allowed = [{ what: "older-commit", by: "eve" }] as const;
    const record = await deployRelease(options(droplet.addImage("a1"), { ...order, allowed }));
    expect(record.allowed).toEqual([{ what: "older-commit", by: "eve" }]);
  });

  test("a migration that fails changes nothing", async () => {
    await deployRelease(options(droplet.addImage("a1")));
    const base = options(droplet.addImage("b2"));
    const broken = new Secret(base.envFiles[0]?.content.reveal().replace("0001", "broken") ?? "");
    // No database to back up in this test: nothing was applied, as the list says.
    execFileSync("rm", ["-f", join(droplet.home, "migrated")]);
    const failed = await failure(
      deployRelease({ ...base, envFiles: [{ path: ".envs/.production/.app", content: broken }] }),
    );
    expect(failed).toMatchObject({ code: "migration-failed" });
    expect(failed?.detail).toContain("syntax error at or near broken");
    expect(await page()).toBe("release 1");
  });

  // The connection is cut soon after the step has begun, and the same deploy is run again.
  test.each(["start", "soak", "drain"])(
    "cut off at %s and run again, it converges, and the site was up",
    async (step) => {
      await deployRelease(options(droplet.addImage("a1")));
      const cut = options(droplet.addImage("b2"), {
        emit: (event) =>
          void (event.type === "release.step" && event.step === step && setTimeout(() => droplet.cut(), 30)),
      });
      let up = true;
      const watching = new AbortController();
      const watch = (async () => {
        while (!watching.signal.aborted) {
          up &&= (await page().catch(() => "")).startsWith("release");
          await nodeClock.sleep(30);
        }
      })();
      await failure(deployRelease(cut));
      await host.close();
      host = await droplet.connect();
      const record = await deployRelease(options(droplet.addImage("b2")));
      expect(record.image.commit).toBe("b2");
      expect(await page()).toBe(`release ${record.number}`);
      const status = await releaseStatus(host, "shop");
      expect(status.slots.filter(({ container }) => container?.running)).toHaveLength(1);
      expect(status.pending).toBeUndefined();
      watching.abort();
      await watch;
      expect(up).toBe(true);
    },
  );
});
