/** One suite for every place where a state may live: a folder, S3-compatible storage, HCP Terraform. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { DogeError } from "../packages/core/src/index.ts";
import type { State, StateStore } from "../packages/engine/src/index.ts";
import { deadProcess, next, openStores, type Place, type Stores } from "./support/stores.ts";

let stores: Stores;
beforeAll(async () => {
  stores = await openStores();
});
afterAll(() => stores?.stop());

const refusal = async (work: Promise<unknown>): Promise<string | undefined> => {
  try {
    await work;
  } catch (thrown) {
    if (thrown instanceof DogeError) return thrown.diagnostics[0]?.code;
    throw thrown;
  }
  return "nothing was refused";
};

const kinds: readonly (readonly [string, () => Place | Promise<Place>])[] = [
  ["a folder", () => stores.folder()],
  ["S3-compatible storage", () => stores.spaces()],
  ["HCP Terraform", () => stores.hcp()],
];

describe.each(kinds)("%s", (_, place) => {
  let here: Place;
  let store: StateStore;
  beforeEach(async () => {
    here = await place();
    store = here.open();
  });
  const first = next();
  const write = async (...states: readonly State[]): Promise<void> => {
    const lease = await store.lock("a test");
    for (const state of states) await lease.save(state);
    await lease.release();
  };

  test("holds nothing at first, then what was written, for whoever opens it", async () => {
    expect(await store.read()).toBeUndefined();
    await write(first, next(first));
    expect(await here.open().read()).toEqual(next(first));
  });

  test("refuses another lineage, a lower serial, and the same serial with other content", async () => {
    await write(first);
    const lease = await store.lock("a test");
    expect(await refusal(lease.save({ ...next(first), lineage: "another" }))).toBe("state-conflict");
    expect(await refusal(lease.save({ ...first, serial: 0 }))).toBe("state-conflict");
    expect(await refusal(lease.save({ ...first, outputs: {} }))).toBe("state-conflict");
    await lease.save(first);
    await lease.save(next(first));
    await lease.release();
    expect(await store.read()).toEqual(next(first));
  });

  test("has one writer at a time, and tells who it is", async () => {
    const lease = await store.lock("doge apply");
    expect(await store.holder()).toMatchObject({ id: lease.id, purpose: "doge apply", pid: process.pid });
    await expect(here.open().lock("doge plan")).rejects.toThrow(
      new RegExp(`doge apply, process ${process.pid} on .*lease ${lease.id}`),
    );
    await lease.release();
    expect(await store.holder()).toBeUndefined();
    await (await here.open().lock("doge plan")).release();
  });

  test("of many who ask at once, one gets the lease", async () => {
    const asked = await Promise.allSettled(Array.from({ length: 12 }, (__, i) => here.open().lock(`number ${i}`)));
    const won = asked.filter((one) => one.status === "fulfilled");
    expect(won).toHaveLength(1);
    await won[0]?.value.release();
  });

  test("no write is lost among many writers", async () => {
    await write(first);
    const add = async (): Promise<void> => {
      for (;;) {
        try {
          const lease = await here.open().lock("adding");
          await lease.save(next(await lease.read()));
          return await lease.release();
        } catch (thrown) {
          const code = thrown instanceof DogeError ? thrown.diagnostics[0]?.code : undefined;
          if (code !== "locked" && code !== "state-conflict") throw thrown;
          await stores.machine.clock.sleep(5 + Math.random() * 20);
        }
      }
    };
    await Promise.all(Array.from({ length: 6 }, add));
    expect(await store.read()).toMatchObject({ serial: 7, outputs: { n: { value: 7 } } });
  });

  test("a dead owner's lease is taken over, and what it sends late is refused", async () => {
    await write(first);
    const dead = await here.open({ processes: await deadProcess(stores.machine) }).lock("doge apply");
    const lease = await store.lock("doge apply");
    expect(lease.fence).toBeGreaterThan(dead.fence);
    expect(["lease-lost", "state-conflict"]).toContain(await refusal(dead.save(next(first, "late"))));
    const state = (await lease.read()) as State;
    expect(state.serial).toBe(2);
    await lease.save(next(state));
    // Giving back what is no longer one's own takes nothing from the new owner.
    await dead.release();
    await lease.save(next(next(state)));
    await lease.release();
    expect(await store.read()).toEqual(next(next(state)));
  });

  test("force-unlock breaks the lease that is named, and no other", async () => {
    const lease = await store.lock("doge apply");
    expect(await refusal(here.open().forceUnlock("another"))).toBe("lease-other");
    await here.open().forceUnlock(lease.id);
    expect(await refusal(lease.save(first))).toBe("lease-lost");
    expect(lease.lost.aborted).toBe(true);
    const second = await here.open().lock("doge apply");
    await second.release();
    expect(await refusal(here.open().forceUnlock(second.id))).toBe("lease-other");
  });
});
