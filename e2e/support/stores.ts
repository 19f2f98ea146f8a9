/** Every implementation of the engine's StateStore, over the real thing or its stand-in in the local cloud. */
import { randomBytes } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningCloud, startCloud } from "../../packages/cloud/src/index.ts";
import { noTerraform } from "../../packages/cloud/test/control/mini.ts";
import { type Clock, type Machine, type Processes, Secret } from "../../packages/core/src/index.ts";
import { nodeMachine } from "../../packages/core/src/node/index.ts";
import {
  emptyState,
  folderFiles,
  sealer,
  type State,
  type StateStore,
  type VersionedFiles,
  versionedStateStore,
} from "../../packages/engine/src/index.ts";
import { createSpaces, spacesFiles } from "../../packages/providers/src/digitalocean/index.ts";
import { createTfe, hcpStateStore } from "../../packages/providers/src/tfe/index.ts";

/** Who opens a store: this process unless told. */
export interface Opening {
  readonly processes?: Pick<Processes, "self" | "alive">;
  readonly keys?: readonly Secret<Uint8Array>[];
  /** The machine's unless told. */
  readonly clock?: Clock;
}

/** One place for one state; opened as often as a test likes, as different processes would. */
export interface Place {
  open(opening?: Opening): StateStore;
}

export interface VersionedPlace extends Place {
  readonly files: VersionedFiles;
}

export interface WorkspacePlace extends Place {
  /** What stands in the workspace's variables: `DOGE_LEASE`. */
  readonly variables: () => Promise<readonly string[]>;
}

export interface Stores {
  readonly machine: Machine;
  readonly folder: () => VersionedPlace;
  readonly spaces: () => VersionedPlace;
  readonly hcp: () => Promise<WorkspacePlace>;
  stop(): Promise<void>;
}

/** Time that passes only when a test says so. */
export class ManualClock implements Clock {
  #now = Date.parse("2026-01-01T00:00:00Z");
  #sleepers: { readonly until: number; readonly wake: () => void }[] = [];

  now(): Date {
    return new Date(this.#now);
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason as Error));
      this.#sleepers.push({ until: this.#now + milliseconds, wake: resolve });
    });
  }

  pass(seconds: number): void {
    this.#now += seconds * 1_000;
    const due = this.#sleepers.filter((one) => one.until <= this.#now);
    this.#sleepers = this.#sleepers.filter((one) => one.until > this.#now);
    for (const one of due) one.wake();
  }
}

export const stateKey = (): Secret<Uint8Array> => new Secret<Uint8Array>(randomBytes(32));

/** A state that follows: next serial, and an output of that number. */
export const next = (state: State = emptyState(), value: unknown = state.serial + 1): State => ({
  ...state,
  serial: state.serial + 1,
  outputs: { n: { value, type: "string" } },
});

/** A process of this machine that has ended: its number names nobody. */
export async function deadProcess(machine: Machine): Promise<Pick<Processes, "self" | "alive">> {
  const { stdout } = await machine.processes.run({ argv: ["sh", "-c", "echo $$"] });
  return { self: { ...machine.processes.self, pid: Number(stdout) }, alive: machine.processes.alive };
}

export async function openStores(): Promise<Stores> {
  const root = mkdtempSync(join(tmpdir(), "doge-stores-"));
  const cloud: RunningCloud = await startCloud({
    folder: join(root, "cloud"),
    basePort: 0,
    seed: "stores",
    terraform: noTerraform,
  });
  const machine = nodeMachine({ ...process.env, ...cloud.endpoints });
  const { clock, http } = machine;
  const endpoint = (name: string): string => cloud.endpoints[name] as string;
  const versioned = (files: VersionedFiles): VersionedPlace => ({
    files,
    open: ({ processes = machine.processes, keys = [], clock: own = clock } = {}) =>
      versionedStateStore({
        files,
        name: "terraform.tfstate",
        sealer: sealer(keys, "state"),
        clock: own,
        processes,
      }),
  });
  const spaces = createSpaces({
    http,
    clock,
    accessKeyId: new Secret(endpoint("SPACES_ACCESS_KEY_ID")),
    secretAccessKey: new Secret(endpoint("SPACES_SECRET_ACCESS_KEY")),
    endpoint: endpoint("SPACES_ENDPOINT_URL"),
    region: "fra1",
  });
  await spaces.create("states", "private");
  const tfe = createTfe({ http, clock, token: new Secret(endpoint("TFE_TOKEN")), address: endpoint("TFE_ADDRESS") });
  let count = 0;
  return {
    machine,
    folder: () => versioned(folderFiles(machine.files, join(root, `folder-${++count}`))),
    spaces: () => versioned(spacesFiles(spaces, "states", `prefix-${++count}`)),
    hcp: async () => {
      const name = `store-${++count}`;
      const { id } = await tfe.workspaces.create(endpoint("TFE_ORGANIZATION"), { name, "execution-mode": "local" });
      const workspace = async (): Promise<string> => id;
      return {
        variables: async () => (await tfe.variables.list({ workspace: id })).map(({ attributes }) => attributes.key),
        open: ({ processes = machine.processes, clock: own = clock } = {}) =>
          hcpStateStore({ tfe, clock: own, processes, workspace, name }),
      };
    },
    stop: async () => {
      await cloud.stop();
      await rm(root, { recursive: true, force: true });
    },
  };
}
