/** What only stores with leases of our own have: expiry, heartbeats, seals. Over a folder and S3-compatible storage. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  emptyState,
  type State,
  type VersionedFiles,
  versionedStateStore,
  sealer,
} from "../packages/engine/src/index.ts";
import { ManualClock, next, openStores, stateKey, type Stores, type VersionedPlace } from "./support/stores.ts";

let stores: Stores;
beforeAll(async () => {
  stores = await openStores();
});
afterAll(() => stores?.stop());

const elsewhere = { self: { host: "another-machine", pid: 1 }, alive: () => true };

describe.each([
  ["a folder", () => stores.folder()],
  ["S3-compatible storage", () => stores.spaces()],
] as const)("%s", (_, place) => {
  let here: VersionedPlace;
  beforeEach(() => {
    here = place();
  });
  const raw = async (): Promise<string> => (await here.files.read("terraform.tfstate"))?.text ?? "";
  const secret: State = { ...emptyState(), serial: 1, outputs: { key: { value: "hunter22-canary", type: "string" } } };

  test("a lease without heartbeats expires, and its owner's next write is refused", async () => {
    const clock = new ManualClock();
    const asleep = { now: () => clock.now(), sleep: () => new Promise<void>(() => undefined) };
    const silent = await here.open({ clock: asleep, processes: elsewhere }).lock("asleep");
    clock.pass(70);
    await expect(here.open({ clock }).lock("too early: clocks may differ")).rejects.toThrow("asleep");
    clock.pass(10);
    const lease = await here.open({ clock }).lock("awake");
    await expect(silent.save(next())).rejects.toThrow("The lock of the state was lost");
    await lease.release();
  });

  test("heartbeats keep a lease for as long as its owner lives", async () => {
    const clock = new ManualClock();
    const store = here.open({ clock, processes: elsewhere });
    const lease = await store.lock("long work");
    for (let beat = 0; beat < 6; beat++) {
      const before = (await store.holder())?.expires;
      clock.pass(20);
      await expect.poll(async () => (await store.holder())?.expires).not.toBe(before);
    }
    await expect(here.open({ clock }).lock("impatient")).rejects.toThrow("long work");
    await lease.save(next());
    await lease.release();
    expect(await store.holder()).toBeUndefined();
  });

  test("a state is sealed at rest where there is a key, and bound to its place", async () => {
    const keys = [stateKey()];
    const lease = await here.open({ keys }).lock("writing");
    await lease.save(secret);
    await lease.release();
    expect(await raw()).not.toContain("hunter22-canary");
    expect(await raw()).not.toContain("outputs");
    expect(await here.open({ keys }).read()).toEqual(secret);
    await expect(here.open({ keys: [stateKey()] }).read()).rejects.toThrow(
      "The key that this was sealed with is not here",
    );
    await expect(here.open().read()).rejects.toThrow("no key is set");

    const sealed = await raw();
    await here.files.write("other.tfstate", sealed, undefined);
    const moved = versionedStateStore({
      files: here.files,
      name: "other.tfstate",
      sealer: sealer(keys, "state"),
      clock: stores.machine.clock,
      processes: stores.machine.processes,
    });
    await expect(moved.read()).rejects.toThrow("Sealed content was altered");
    const at = sealed.indexOf('"data":"') + 30;
    const altered = sealed.slice(0, at) + (sealed[at] === "A" ? "B" : "A") + sealed.slice(at + 1);
    await here.files.write("terraform.tfstate", altered, (await here.files.read("terraform.tfstate"))?.version);
    await expect(here.open({ keys }).read()).rejects.toThrow("Sealed content was altered");
  });

  test("a key is changed by putting the new one first; clear text is sealed by the next writer", async () => {
    const [old, fresh] = [stateKey(), stateKey()];
    const plain = await here.open().lock("in clear");
    await plain.save(secret);
    await plain.release();
    expect(await raw()).toContain("hunter22-canary");
    for (const keys of [[old], [fresh, old]]) {
      await (await here.open({ keys }).lock("sealing")).release();
      expect(await raw()).not.toContain("hunter22-canary");
    }
    expect(await here.open({ keys: [fresh] }).read()).toEqual(secret);
    await expect(here.open({ keys: [old] }).read()).rejects.toThrow("those that are set are others");
  });

  test("a torn state is refused, not taken for empty", async () => {
    await here.files.write("terraform.tfstate", '{"version":4,"ser', undefined);
    await expect(here.open().read()).rejects.toThrow("not JSON");
  });

  test("a write whose answer was lost counts as done", async () => {
    const forgetful: VersionedFiles = {
      ...here.files,
      write: async (name, text, over) => {
        const version = await here.files.write(name, text, over);
        // The client asked again, and met its own write.
        return name === "terraform.tfstate" ? undefined : version;
      },
    };
    const store = versionedStateStore({
      files: forgetful,
      name: "terraform.tfstate",
      sealer: sealer([], "state"),
      clock: stores.machine.clock,
      processes: stores.machine.processes,
    });
    const lease = await store.lock("unlucky");
    await lease.save(secret);
    await lease.release();
    expect(await here.open().read()).toEqual(secret);
  });
});

test("in HCP Terraform a lock ends with its owner's deadline, and the owner's next write is refused", async () => {
  const here = await stores.hcp();
  const clock = new ManualClock();
  const silent = await here.open({ clock, processes: elsewhere }).lock("from a machine that is gone");
  const first = next();
  await silent.save(first);
  clock.pass(2 * 3600);
  await expect(here.open({ clock }).lock("too early: what is under way is finished")).rejects.toThrow("that is gone");
  clock.pass(11 * 60);
  const lease = await here.open({ clock }).lock("the next");
  expect(lease.fence).toBe(2);
  await expect(silent.save(next(first))).rejects.toThrow("The lock of the state was lost");
  await lease.release();
});

test("in HCP Terraform a heartbeat stands beside a lock that is held for longer, and goes with it", async () => {
  const here = await stores.hcp();
  const clock = new ManualClock();
  const short = await here.open({ clock }).lock("short work");
  await short.release();
  expect(await here.variables()).toEqual([]);
  const lease = await here.open({ clock, processes: elsewhere }).lock("long work");
  for (let beat = 0; beat < 6; beat++) {
    clock.pass(20);
    await expect.poll(() => here.variables()).toEqual(["DOGE_LEASE"]);
    await expect(here.open({ clock }).lock("impatient")).rejects.toThrow("long work");
  }
  await lease.save(next());
  await lease.release();
  expect(await here.variables()).toEqual([]);
});

test("in HCP Terraform a lock whose heartbeat has stopped is taken over long before its deadline", async () => {
  const here = await stores.hcp();
  const [theirs, ours] = [new ManualClock(), new ManualClock()];
  const gone = await here.open({ clock: theirs, processes: elsewhere }).lock("from a machine that is gone");
  const first = next();
  await gone.save(first);
  theirs.pass(20);
  await expect.poll(() => here.variables()).toEqual(["DOGE_LEASE"]);
  ours.pass(90);
  await expect(here.open({ clock: ours }).lock("too early: clocks may differ")).rejects.toThrow("that is gone");
  ours.pass(10);
  const lease = await here.open({ clock: ours }).lock("the next");
  expect(lease.fence).toBe(2);
  expect(await here.variables()).toEqual([]);
  await expect(gone.save(next(first))).rejects.toThrow("The lock of the state was lost");
  await lease.release();
});

test("storage that ignores conditions is found out before anything is written", async () => {
  const good = stores.folder().files;
  const careless: VersionedFiles = {
    ...good,
    write: async (name, text) => good.write(name, text, (await good.read(name))?.version),
  };
  const store = versionedStateStore({
    files: careless,
    name: "terraform.tfstate",
    sealer: sealer([], "state"),
    clock: stores.machine.clock,
    processes: stores.machine.processes,
  });
  await expect(store.lock("hopeful")).rejects.toThrow("ignores conditional writes");
});
