/** The troubles that a seed draws from, in the form in which the local cloud's control port takes them. */
import type { Random } from "../differential/random.ts";

export interface Trouble {
  /** As the table names it. */
  readonly kind: string;
  readonly fault: Readonly<Record<string, string | number>>;
}

type Kind = readonly [kind: string, fault: (random: Random) => Trouble["fault"]];

const services = ["digitalocean", "spaces", "github", "hcp"] as const;

/** How often a request is struck; the last is an outage that six attempts don't outlast. */
const often = [0.03, 0.08, 0.15, 0.25, 0.25, 0.9] as const;

const kinds: readonly Kind[] = [
  ["429 with Retry-After", () => ({ effect: 429, retryAfter: 1 })],
  [
    "429 with rate-limit headers",
    (random) => ({ effect: 429, rateReset: 1, service: random.pick(["digitalocean", "github", "hcp"]) }),
  ],
  ["403 of GitHub's secondary limit", () => ({ effect: 403, retryAfter: 1, service: "github" })],
  ["500", () => ({ effect: 500 })],
  ["502", () => ({ effect: 502 })],
  ["502 after the effect", () => ({ effect: 502, when: "after" })],
  ["time-out", () => ({ effect: "timeout", times: 2 })],
  ["time-out after the effect", () => ({ effect: "timeout", when: "after", times: 2 })],
  ["cut before the effect", () => ({ effect: "cut" })],
  ["cut after the effect", () => ({ effect: "cut", when: "after" })],
  ["slow answers", (random) => ({ effect: "delay", delayMilliseconds: 100 + random.below(900), probability: 0.2 })],
  [
    // Not HCP, which reads what it wrote.
    "reads that lag behind",
    (random) => ({
      effect: "stale",
      service: random.pick(["digitalocean", "github"]),
      lagMilliseconds: 500 + random.below(2_500),
      probability: random.pick([0.3, 0.7, 1]),
    }),
  ],
];

export const kindNames: readonly string[] = kinds.map(([kind]) => kind);

/** Two to four troubles at once. */
export function draw(random: Random): readonly Trouble[] {
  return Array.from({ length: 2 + random.below(3) }, () => {
    const [kind, fault] = random.pick(kinds);
    const common = { probability: random.pick(often), seed: random.below(1_000_000) };
    const service = random.chance(0.5) ? { service: random.pick(services) } : {};
    return { kind, fault: { ...common, ...service, ...fault(random) } };
  });
}
