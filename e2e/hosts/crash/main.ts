/**
 * `make deploy-crash`: everything that can go wrong in a deploy, on a real host, under visitors. After each trouble the
 * same deploy is run again and must converge. `--short` for the cases of CI, `--seed` to replay. Ends with 1 where a
 * case does not hold.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { deployRelease, type ReleaseImage, releaseStatus } from "../../../packages/deploy/src/index.ts";
import { waitReachable } from "../../../packages/deploy/src/release/probe.ts";
import { printTable } from "../../../bench/deploy/table.ts";
import { buildApp, deployOptions, type Place } from "../../support/app.ts";
import { figuresOf, startLoad } from "../../support/load.ts";
import { connectReal, realPlace } from "../../support/real.ts";
import { crashCases, type CrashCase } from "./cases.ts";
import { outcomeOf, startDeployer } from "./run-deployer.ts";

const { values } = parseArgs({
  options: { short: { type: "boolean", default: false }, seed: { type: "string" }, only: { type: "string" } },
});
/** A dead deployer's lease is taken over after this long. */
const leaseSeconds = 3;
const mark = Date.now().toString(16);
let images = 0;

interface Row {
  readonly name: string;
  readonly ended: string;
  readonly again: string;
  readonly requests: number;
  readonly failed: number;
  readonly problems: readonly string[];
}

/** A seeded generator (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** An image like no other before it. */
function freshImage(place: Place): Promise<ReleaseImage> {
  const name = `${(++images).toString(16).padStart(2, "0")}${mark}`;
  writeFileSync(join(place.app, "public/style.css"), `body { --release: "${name}" }\n`);
  return buildApp(place, name);
}

async function runCase(place: Place, folder: string, crash: CrashCase): Promise<Row> {
  crash.change?.(place.app);
  const restore = crash.spoil?.(place.app);
  const built = await freshImage(place);
  restore?.();
  const load = startLoad(place.domain, 240);
  await place.machine.clock.sleep(1_000);

  const problems: string[] = [];
  crash.before?.();
  const order = {
    folder,
    owner: "ada",
    leaseSeconds,
    ...(crash.healthSeconds ? { healthSeconds: crash.healthSeconds } : {}),
  };
  const image = crash.image?.(built) ?? built;
  const first = await startDeployer({ ...order, image }, crash.atStep).ended;
  const ended = outcomeOf(first);
  if (crash.step && !first.some((line) => "step" in line && line.step === crash.step)) {
    problems.push(`never came to ${crash.step}`);
  }
  if (!crash.ends.includes(ended)) problems.push(`ended with ${ended}`);
  crash.after?.();

  // The same again; where the image itself was bad, one that is mended.
  const wanted = crash.spoil || crash.image ? await freshImage(place) : built;
  const lines = await startDeployer({ ...order, image: wanted }).ended;
  const again = outcomeOf(lines);
  if (again !== "released") problems.push(`again: ${JSON.stringify(lines.at(-1))}`);
  problems.push(...(await unsettled(wanted)));
  const figures = figuresOf(await load.stop());
  const missing = crash.proof?.();
  if (missing) problems.push(missing);
  const blamed = Object.keys(figures.failures).filter((kind) => !crash.excused?.test(kind));
  if (blamed.length > 0 && !crash.edgeGone) problems.push(`visitors saw ${JSON.stringify(figures.failures)}`);
  if (crash.edgeGone && figures.failed > figures.requests / 4) problems.push(`the edge was gone for long`);
  return { name: crash.name, ended, again, requests: figures.requests, failed: figures.failed, problems };
}

/** What is not as it should be after a deploy: one release runs, the wanted one, and nothing is pending. */
async function unsettled(wanted: ReleaseImage): Promise<readonly string[]> {
  const host = await connectReal("prod");
  try {
    const { current, pending, slots } = await releaseStatus(host, "such-app");
    const running = slots.filter(({ container }) => container?.running);
    return [
      ...(current?.image.digest === wanted.digest ? [] : ["another image is on record"]),
      ...(running.length === 1 && running[0]?.ready ? [] : [`${running.length} releases run`]),
      ...(running[0]?.container?.image === wanted.reference ? [] : ["another image runs"]),
      ...(pending ? [`release ${pending.number} is pending`] : []),
    ];
  } finally {
    await host.close();
  }
}

const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
console.log(`seed ${seed} (replay with --seed ${seed})`);
const folder = mkdtempSync(join(tmpdir(), "doge-crash-"));
const rows: Row[] = [];
try {
  const place = await realPlace("prod", { folder });
  await deployRelease(deployOptions(place, await freshImage(place), () => {}));
  await place.host.close();
  await waitReachable(place.machine.http, place.machine.clock, `https://${place.domain}/`, 30_000);
  const cases = crashCases(generator(seed)).filter(
    ({ name, short }) => (!values.short || short) && (values.only === undefined || name.includes(values.only)),
  );
  for (const crash of cases) {
    const row = await runCase(place, folder, crash);
    rows.push(row);
    console.log(
      `${row.problems.length === 0 ? "held  " : "BROKEN"} ${row.name}${row.problems.map((text) => `\n       ${text}`).join("")}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log("");
printTable(
  ["trouble", "the deploy", "again", "requests", "failed", ""],
  rows.map(({ name, ended, again, requests, failed, problems }) => [
    name,
    ended,
    again,
    String(requests),
    String(failed),
    problems.length === 0 ? "held" : "BROKEN",
  ]),
);
const broken = rows.filter(({ problems }) => problems.length > 0).length;
console.log(`\n${rows.length - broken} passed, ${broken} failed`);
if (broken > 0) process.exitCode = 1;
