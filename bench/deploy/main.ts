/**
 * `make bench-deploy`: deploys and rollbacks in a row on a real host, under visitors, through its edge over TLS; beside
 * it the naive order (stop, then start). With `--short` a few of each, for CI; with `--busy` twice as many visits. Ends
 * with 1 where a bound is broken.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { deployRelease, type ReleaseRecord, rollbackRelease } from "../../packages/deploy/src/index.ts";
import { buildApp, deployOptions, type Place } from "../../e2e/support/app.ts";
import { type Figures, figuresOf, type Sample, startLoad } from "../../e2e/support/load.ts";
import { realPlace } from "../../e2e/support/real.ts";
import { onConsole } from "../../tools/hosts/droplet.ts";
import { runNaive } from "./naive.ts";
import { type Bound, printTable, show, verdict } from "./table.ts";

const { values } = parseArgs({
  options: { short: { type: "boolean", default: false }, busy: { type: "boolean", default: false } },
});
const [rounds, naiveRounds, wanted] = values.short ? [3, 1, 0] : [20, 5, 100_000];
const pauseMilliseconds = 2_500;
/** Visitors, deployer and hosts share this machine's cores: at twice the visits these are busy before a deploy begins. */
const calm = values.busy ? 1 : 2;
const visitorSeconds = values.short ? 240 : 1_200;
/** Production's own, and less where times are not judged. */
const soakSeconds = values.short ? 1 : 10;
const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

interface Window {
  readonly from: number;
  readonly to: number;
}
const inside = (samples: readonly Sample[], windows: readonly Window[]): readonly Sample[] =>
  samples.filter(({ at, milliseconds }) => windows.some(({ from, to }) => at + milliseconds >= from && at <= to));

async function measure(place: Place): Promise<Bound[]> {
  const assembled: number[] = [];
  const sent: string[][] = [];
  const image = async (name: string) => {
    writeFileSync(join(place.app, "public/style.css"), `body { --release: "${name}" }\n`);
    const started = performance.now();
    const messages: string[] = [];
    const built = await buildApp(place, name, (message) => messages.push(message));
    assembled.push(performance.now() - started);
    sent.push(messages);
    return built;
  };
  const options = (built: Awaited<ReturnType<typeof image>>) => {
    const made = deployOptions(place, built, () => {});
    return { ...made, settings: { ...made.settings, soakSeconds } };
  };
  // Names of their own in each run: what a run before has pushed would not be sent.
  const stamp = Date.now().toString(16);
  const [first, second] = [await image(`a${stamp}`), await image(`b${stamp}`)];
  await deployRelease(options(first));
  await deployRelease(options(second));

  const load = startLoad(place.domain, visitorSeconds, { calm });
  // The visitors' own first visits are slow.
  await sleep(pauseMilliseconds * 2);
  const began = Date.now();
  const before = load.count();
  const records: ReleaseRecord[] = [];
  const windows: Window[] = [];
  for (let round = 0; round < rounds; round++) {
    const from = Date.now();
    // In turns: a deploy of the image that is not live, and a rollback to the one before.
    const again = { ...options(first), allowed: [{ what: "rolled-back", by: "bench" }] as const };
    const record = round % 2 === 0 ? await deployRelease(again) : await rollbackRelease(options(first));
    windows.push({ from, to: Date.now() });
    records.push(record);
    await sleep(pauseMilliseconds);
  }
  // What is missing of the wanted requests comes without a deploy: steady ones, for as long as the visitors stay.
  const end = began + visitorSeconds * 900;
  while (load.count() - before < wanted && Date.now() < end) await sleep(500);
  const visits = await load.stop();
  const rest = visits.filter(({ at }) => at >= began);
  const naiveWindows: Window[] = [];
  const naiveLoad = startLoad(place.domain, 120, { calm });
  await sleep(pauseMilliseconds);
  const naive = await runNaive(place, naiveRounds, pauseMilliseconds, naiveWindows);
  const naiveSamples = await naiveLoad.stop();

  const during = figuresOf(inside(rest, windows));
  const steps = stepWindows(records, windows);
  const steady = figuresOf(rest.filter((sample) => !inside([sample], windows).length));
  printTable(
    ["", "requests", "failed", "p50", "p99", "longest"],
    [
      line(`${rounds} deploys and rollbacks`, during),
      line(
        "of them, all but the soak",
        figuresOf(
          inside(
            rest,
            steps.filter(({ step }) => step !== "soak"),
          ),
        ),
      ),
      line("between them", steady),
      line(`naive: stop, then start (${naive} times)`, figuresOf(inside(naiveSamples, naiveWindows))),
    ],
  );
  show("failures", during.failures, steady.failures);
  const released = records.filter(({ outcome }) => outcome === "released");
  console.log(`\nsteps of a deploy (median): ${stepsOf(released)}`);
  console.log(`p99 of visits by step: ${slowestSteps(rest, steps)}`);
  return [
    { what: "requests", value: rest.length, least: wanted },
    { what: "failed requests", value: figuresOf(visits).failed, most: 0 },
    {
      what: "p99 during deploys against between them",
      value: during.p99 / steady.p99,
      most: 1.5,
      unit: "×",
      timed: true,
    },
    {
      what: "a deploy beyond the app's own start (median)",
      value: median(released.map(overhead)) / 1000,
      most: 5,
      unit: "s",
      timed: true,
    },
    {
      what: "image, dependencies unchanged: assembled and pushed",
      value: (assembled[1] ?? 0) / 1000,
      most: 3,
      unit: "s",
      timed: true,
    },
    { what: "blobs sent for a change of one file (layer, configuration)", value: uploaded(sent[1]), most: 2 },
  ];
}

const line = (what: string, { requests, failed, p50, p99, longest }: Figures): readonly string[] => [
  what,
  String(requests),
  String(failed),
  ...[p50, p99, longest].map((value) => `${value.toFixed(1)} ms`),
];

/** All of a deploy but waiting for the app: its container's start, its health, and the soak. */
function overhead({ receipt }: ReleaseRecord): number {
  const own = new Set(["start", "health", "soak"]);
  const waiting = receipt.steps
    .filter(({ step }) => own.has(step))
    .reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  return receipt.totalMilliseconds - waiting;
}

function stepsOf(records: readonly ReleaseRecord[]): string {
  const times = Map.groupBy(
    records.flatMap(({ receipt }) => receipt.steps),
    ({ step }) => step,
  );
  return [...times]
    .map(([step, each]) => `${step} ${Math.round(median(each.map(({ milliseconds }) => milliseconds)))} ms`)
    .join(", ");
}

interface StepWindow extends Window {
  readonly step: string;
}

/** When each step was: they follow one another from the beginning of a deploy's window. */
function stepWindows(records: readonly ReleaseRecord[], windows: readonly Window[]): readonly StepWindow[] {
  return records.flatMap(({ receipt }, index) => {
    let to = windows[index]?.from ?? 0;
    return receipt.steps.map(({ step, milliseconds }) => {
      const from = to;
      to += milliseconds;
      return { step, from, to };
    });
  });
}

/** What visitors felt of each step. */
function slowestSteps(samples: readonly Sample[], steps: readonly StepWindow[]): string {
  return [...Map.groupBy(steps, ({ step }) => step)]
    .map(([step, at]) => `${step} ${figuresOf(inside(samples, at)).p99.toFixed(0)} ms`)
    .join(", ");
}

const uploaded = (messages: readonly string[] = []): number =>
  messages.filter((message) => message.startsWith("uploaded")).length;

const median = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;

const folder = mkdtempSync(join(tmpdir(), "doge-bench-deploy-"));
const connections = (): number =>
  onConsole("prod", "journalctl", "--unit", "ssh", "--output", "cat").split("Accepted publickey").length - 1;
// Who deploys works on another machine: on this one it takes what the host and its visitors leave.
execFileSync("chrt", ["--all-tasks", "--idle", "--pid", "0", String(process.pid)]);
try {
  const before = connections();
  const place = await realPlace("prod", { folder });
  const bounds = await measure(place);
  await place.host.close();
  bounds.push({ what: "SSH connections for all of it", value: connections() - before, most: 1 });
  verdict(bounds, { timed: !values.short });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
