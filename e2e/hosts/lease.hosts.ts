import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { deployRelease, type ReleaseImage, releaseStatus } from "../../packages/deploy/src/index.ts";
import { buildApp, deployOptions, type Place } from "../support/app.ts";
import { realPlace } from "../support/real.ts";
import { outcomeOf, startDeployer } from "./crash/run-deployer.ts";

let folder: string;
let place: Place;
let images = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "doge-lease-"));
  place = await realPlace("stage", { folder });
  await deployRelease(deployOptions(place, await freshImage(), () => {}));
});

afterAll(async () => {
  await place.host.close();
  rmSync(folder, { recursive: true, force: true });
});

function freshImage(): Promise<ReleaseImage> {
  const name = `${++images}${Date.now().toString(16)}`;
  writeFileSync(join(place.app, "public/style.css"), `body { --release: "${name}" }\n`);
  return buildApp(place, name);
}

const order = (image: ReleaseImage, owner: string, leaseSeconds: number) => ({
  droplet: "stage" as const,
  folder,
  image,
  owner,
  leaseSeconds,
});

/** What serves, and whether anything else runs. */
async function live(): Promise<readonly (string | undefined)[]> {
  const { slots } = await releaseStatus(place.host, "such-app");
  return slots.filter(({ container }) => container?.running).map(({ container }) => container?.image);
}

// Paused before the step, a deployer finds its lease gone as it goes on; paused within the switch, the host refuses.
test.each(["start", "switch"])("a deployer that slept through its lease at %s can't switch", async (step) => {
  const [mine, theirs] = [await freshImage(), await freshImage()];
  const sleeper = startDeployer(order(mine, "ada", 3), (begun, deployer) => {
    if (begun === step) deployer.signal("SIGSTOP");
  });
  const until = Date.now() + 60_000;
  while (!sleeper.lines.some((line) => "step" in line && line.step === step)) {
    if (Date.now() > until) throw new Error(`never came to ${step}`);
    await place.machine.clock.sleep(50);
  }
  const heir = await startDeployer(order(theirs, "bob", 3)).ended;
  expect(heir.at(-1)).toMatchObject({ outcome: "released", digest: theirs.digest });
  sleeper.signal("SIGCONT");
  expect(outcomeOf(await sleeper.ended)).toMatch(/lease-lost|ssh-lost/);
  expect(await live()).toEqual([theirs.reference]);
});

test("of two deployers at once, one lands and the other says who is at work", async () => {
  const [mine, theirs] = [await freshImage(), await freshImage()];
  let second: ReturnType<typeof startDeployer> | undefined;
  const first = startDeployer(order(mine, "ada", 12), (step) => {
    if (step === "host") second = startDeployer(order(theirs, "bob", 12));
  });
  expect(outcomeOf(await first.ended)).toBe("released");
  const lines = (await second?.ended) ?? [];
  // It waits to see whether the other is alive, and finds it so.
  expect(lines).toContainEqual({ waiting: expect.stringContaining("ada holds the lease") as unknown });
  const outcome = outcomeOf(lines);
  expect(["lease-held", "released"]).toContain(outcome);
  expect(await live()).toEqual([outcome === "released" ? theirs.reference : mine.reference]);
});
