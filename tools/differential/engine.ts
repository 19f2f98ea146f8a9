/** The two engines behind one interface: each with a world, a state and a folder of its own. */
import type { Clock } from "@doge/core";
import type { Step } from "./case.ts";
import type { World } from "./vendor.ts";

export interface Applied {
  readonly ok: boolean;
  readonly said: string;
}

export interface Planned extends Applied {
  /** Terraform's plan format; where the plan failed, nothing. */
  readonly json?: Readonly<Record<string, unknown>>;
  /** Carries the plan out. */
  apply(): Promise<Applied>;
}

export interface Engine {
  readonly name: string;
  readonly world: World;
  plan(step: Step): Promise<Planned>;
  /** The state file as text, or nothing where none was written. */
  state(): Promise<string | undefined>;
  setState(text: string): Promise<void>;
  stop(): Promise<void>;
}

export const nothingToApply = (): Promise<never> => Promise.reject(new Error("there is no plan"));

const clock: Clock = { now: () => new Date("2026-01-02T03:04:05Z"), sleep: () => Promise.resolve() };

/** What the fake vendor's provider is given by both engines. */
export const context = {
  http: { send: () => Promise.reject(new Error("no network in these tests")) },
  clock,
  env: {},
  emit: () => undefined,
};
