import { createHash } from "node:crypto";
import { fail } from "@doge/core";
import type { ServiceName } from "../ports.ts";

/** What a client may meet on a bad day. Seeded, so that a failure can be played again. */
export interface Fault {
  readonly service?: ServiceName;
  readonly method?: string;
  /** Regular expression over the path with its query. */
  readonly path?: string;
  /**
   * A status with the vendor's error body; `cut` closes the connection; `timeout` never answers;
   * `delay` only waits; `stale` answers a read as it was before the writes of the last `lagMilliseconds`.
   */
  readonly effect: number | "cut" | "timeout" | "delay" | "stale";
  /** `before` the service saw the request, or `after` it did its work: the answer is lost. Default `before`. */
  readonly when?: "before" | "after";
  readonly delayMilliseconds?: number;
  /** Seconds in a `Retry-After` header beside a status. */
  readonly retryAfter?: number;
  /** Seconds until a used-up rate limit is renewed, in the vendor's own headers beside a status. */
  readonly rateReset?: number;
  /** How far a stale read lags behind; 1000 unless told. */
  readonly lagMilliseconds?: number;
  /** Matching requests to let through first. Default 0. */
  readonly skip?: number;
  /** How often it strikes; without end unless told. */
  readonly times?: number;
  /** 0 to 1; default 1. */
  readonly probability?: number;
  /** Decides with method, path and how often that was asked: in whatever order requests come, the same ones are struck. */
  readonly seed?: number;
}

export interface Faults {
  /** Throws a DogeError where the fault makes no sense. */
  add(fault: unknown): Fault;
  clear(): void;
  /** With how often each struck. */
  list(): readonly (Fault & { readonly struck: number })[];
  /** Whether reads of a service may be answered from the past. */
  lags(service: ServiceName): boolean;
  /** The fault that strikes this request, if one does. Counts. */
  strike(request: { readonly service: ServiceName; readonly method: string; readonly path: string }): Fault | undefined;
}

export function createFaults(): Faults {
  let armed: { fault: Fault; path: RegExp; seen: number; struck: number; asked: Map<string, number> }[] = [];
  return {
    add(input) {
      const fault = parseFault(input);
      armed.push({ fault, path: new RegExp(fault.path ?? ""), seen: 0, struck: 0, asked: new Map() });
      return fault;
    },
    clear: () => void (armed = []),
    list: () => armed.map(({ fault, struck }) => ({ ...fault, struck })),
    lags: (service) => armed.some(({ fault }) => fault.effect === "stale" && (fault.service ?? service) === service),
    strike({ service, method, path }) {
      for (const entry of armed) {
        const { fault } = entry;
        if (fault.service !== undefined && fault.service !== service) continue;
        if (fault.method !== undefined && fault.method.toUpperCase() !== method) continue;
        if (!entry.path.test(path)) continue;
        if (entry.seen++ < (fault.skip ?? 0)) continue;
        if (entry.struck >= (fault.times ?? Infinity)) continue;
        const what = `${method} ${path}`;
        const turn = (entry.asked.get(what) ?? 0) + 1;
        entry.asked.set(what, turn);
        if (fault.probability !== undefined && chance(`${fault.seed ?? 1} ${what} ${turn}`) >= fault.probability)
          continue;
        entry.struck++;
        return fault;
      }
      return undefined;
    },
  };
}

const keys = {
  service: "string",
  method: "string",
  path: "string",
  when: "string",
  delayMilliseconds: "number",
  retryAfter: "number",
  rateReset: "number",
  lagMilliseconds: "number",
  skip: "number",
  times: "number",
  probability: "number",
  seed: "number",
} as const;

function parseFault(input: unknown): Fault {
  const wrong = (detail: string): never =>
    fail({
      code: "cloud-fault-invalid",
      summary: "This fault makes no sense",
      detail,
      remedy: `Known keys: effect, ${Object.keys(keys).join(", ")}; effect is a status, "cut", "timeout", "delay" or "stale".`,
    });
  if (typeof input !== "object" || input === null) return wrong("it is not an object");
  const fault = input as Record<string, unknown>;
  for (const [key, value] of Object.entries(fault)) {
    if (key === "effect") continue;
    const expected = keys[key as keyof typeof keys];
    if (expected === undefined) wrong(`unknown key ${key}`);
    if (typeof value !== expected) wrong(`${key} must be a ${expected}`);
  }
  const { effect, path, when } = fault;
  const status = typeof effect === "number" && Number.isInteger(effect) && effect >= 400 && effect <= 599;
  if (!status && !["cut", "timeout", "delay", "stale"].includes(effect as string))
    wrong(`effect ${JSON.stringify(effect)}`);
  if (when !== undefined && when !== "before" && when !== "after") wrong(`when ${JSON.stringify(when)}`);
  if (!isPattern((path as string | undefined) ?? "")) wrong(`path ${JSON.stringify(path)} is no regular expression`);
  return fault as unknown as Fault;
}

function isPattern(text: string): boolean {
  try {
    return RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}

/** 0 ≤ n < 1, from a text: the same on every machine. */
const chance = (text: string): number => createHash("sha256").update(text).digest().readUInt32BE() / 4_294_967_296;
