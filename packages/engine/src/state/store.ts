import { DogeError, error } from "@doge/core";
import { serializeState } from "./json.ts";
import type { State } from "./model.ts";

/** Where one workspace's state lives. Whoever writes holds the lease; reading needs none. */
export interface StateStore {
  /** For people: a path, `bucket/key`, a workspace's name. */
  readonly place: string;
  /** The state, or undefined where none was written yet. Throws where it can't be understood or unsealed. */
  read(): Promise<State | undefined>;
  /**
   * Takes the lease. One whose owner is dead is taken over; else throws a `locked` diagnostic that names the owner.
   * `purpose` is for people: `doge apply`.
   */
  lock(purpose: string): Promise<Lease>;
  /** Who holds the lease now; undefined where nobody does. */
  holder(): Promise<Holder | undefined>;
  /** Breaks the lease with this id, whoever holds it. Its owner can write no more. */
  forceUnlock(id: string): Promise<void>;
}

/** The right to write, while it lasts. */
export interface Lease {
  readonly id: string;
  /** Grows with every lease of a store; a writer with a lower one is refused. */
  readonly fence: number;
  /** Aborted when the lease was lost: taken over, broken, or not renewed in time. */
  readonly lost: AbortSignal;
  read(): Promise<State | undefined>;
  /** Refuses another lineage, a lower serial, the same serial with other content, and a lease that was lost. */
  save(state: State): Promise<void>;
  release(): Promise<void>;
}

/** Who holds a lease. */
export interface Holder {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly purpose: string;
  /** ISO 8601 */
  readonly since: string;
  /** ISO 8601; missing where the store knows no expiry. */
  readonly expires?: string;
}

/** Throws where `next` may not follow `before`. */
export function checkSuccession(before: State | undefined, next: State, place: string): void {
  if (before === undefined) return;
  const reason =
    before.lineage !== next.lineage
      ? `it belongs to another lineage (${next.lineage}, here is ${before.lineage})`
      : next.serial < before.serial
        ? `its serial ${next.serial} is behind ${before.serial}`
        : next.serial === before.serial && serializeState(before) !== serializeState(next)
          ? `serial ${next.serial} was already written with other content`
          : undefined;
  if (reason !== undefined) throw stateConflict(reason, place);
}

export const stateConflict = (reason: string, place: string): DogeError =>
  new DogeError([
    error({
      code: "state-conflict",
      summary: "The state can't be written",
      detail: `${reason}.`,
      address: place,
      remedy: "Somebody else changed this state. Plan again.",
    }),
  ]);

export const leaseLost = (place: string): DogeError =>
  new DogeError([
    error({
      code: "lease-lost",
      summary: "The lock of the state was lost",
      detail: "It expired, was taken over or was broken while this command was at work. Nothing more was written.",
      address: place,
      remedy: "Look at who works there now, then run this again: what was done is in the journal.",
    }),
  ]);

export const locked = (holder: Holder, place: string): DogeError =>
  new DogeError([
    error({
      code: "locked",
      summary: "The state is locked",
      detail: `${holder.purpose}, process ${holder.pid} on ${holder.host}, since ${holder.since}${holder.expires ? `, until ${holder.expires} unless renewed` : ""}; lease ${holder.id}`,
      address: place,
      remedy: "Wait until it is done. If it is no longer at work: doge force-unlock WORKSPACE LEASE.",
    }),
  ]);

/** Another lease than the one that was to be broken, or none. */
export const notThatLease = (asked: string, holder: Holder | undefined, place: string): DogeError =>
  new DogeError([
    error({
      code: "lease-other",
      summary: "The state is not locked by this lease",
      detail: holder ? `${asked} was asked for; ${holder.id} holds it (${holder.purpose}).` : "Nobody holds it.",
      address: place,
      remedy: holder ? `doge force-unlock WORKSPACE ${holder.id}` : "Nothing has to be done.",
    }),
  ]);
