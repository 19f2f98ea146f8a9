import { noTraffic, type TrafficFigures, trafficOf, watchTraffic, worsened } from "../edge/traffic.ts";
import type { Slot } from "../edge/configuration.ts";
import { slotName } from "../edge/configuration.ts";
import type { Deploying } from "./deploying.ts";
import { figuresSince, type Prober } from "./probe.ts";

/** What a soak saw, and why the release must not stay, if it must not. */
export interface Soaked {
  readonly after: TrafficFigures;
  readonly worse?: string;
}

const everyMilliseconds = 2_000;
const firstSoakSeconds = 1;

/** Traffic of the time before a switch, to measure the time after it by. */
export const trafficBefore = ({ host }: Deploying): Promise<TrafficFigures> => trafficOf(host, 10);

/**
 * Watches real traffic at the edge, our own visits and the release's containers for `soakSeconds` after the
 * switch. Ends at once when it is clear that the release does worse than the one before.
 */
export async function soak(
  deploying: Deploying,
  seen: {
    readonly slot: Slot;
    readonly before: TrafficFigures;
    readonly prober: Prober | undefined;
    readonly switchedAt: Date;
    /** Whether there is no earlier release. */
    readonly first: boolean;
  },
): Promise<Soaked> {
  const { host, clock, settings, options } = deploying;
  const { before, prober, switchedAt } = seen;
  const since = (): number => clock.now().getTime() - switchedAt.getTime();
  // A first release has nothing to be worse than, and nothing to go back to: only that it stays up is seen.
  const soakSeconds = seen.first ? firstSoakSeconds : (settings.soakSeconds ?? 3);
  // What came before, as the start of workers, is time in which visitors were served, too.
  const end = Math.max(soakSeconds * 1_000, since() + Math.min(soakSeconds, 1) * 1_000);
  const traffic = watchTraffic(host, () => since() / 1_000);
  for (;;) {
    const left = end - since();
    if (left > 0) await clock.sleep(Math.min(everyMilliseconds, left), options.signal);
    const [after, ended] = await Promise.all([traffic.look(), endedContainer(deploying, seen.slot)]);
    if (ended) return { after, worse: ended };
    const own = prober ? figuresSince(prober.visits(), switchedAt) : noTraffic;
    const worse = worsened(before, after) ?? worsened(prober ? figuresUntil(prober, switchedAt) : noTraffic, own);
    if (worse) return { after, worse };
    if (since() >= end) return { after };
  }
}

const figuresUntil = (prober: Prober, moment: Date): TrafficFigures =>
  figuresSince(
    prober.visits().filter(({ at }) => at < moment),
    new Date(0),
  );

/** A process of the release that ended or was restarted since it was switched to. */
async function endedContainer(
  { host, containers, layout, settings }: Deploying,
  slot: Slot,
): Promise<string | undefined> {
  const workers = Object.values(settings.processes ?? {}).some(({ schedule }) => schedule === undefined);
  const names = workers
    ? (await host.run({ argv: layout.slot(slot).containers() })).stdout.split("\n").filter((name) => name !== "")
    : [slotName(slot)];
  for (const [name, state] of await containers.inspectAll(names)) {
    if (state.running && state.restarts === 0) continue;
    const why = state.outOfMemory ? "ran out of memory" : `ended with exit code ${state.exitCode}`;
    return `${name} ${why}\nIts last lines:\n${await containers.lastLines(name, 10)}`;
  }
  return undefined;
}
