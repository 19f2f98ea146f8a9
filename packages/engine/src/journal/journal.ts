import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Files } from "@doge/core";
import type { Attributes } from "../provider.ts";

/** Written before a create goes out; taken away when the state holds the object. */
export interface Intent {
  readonly address: string;
  readonly type: string;
  /** SHA-256 over the inputs: whether the configuration is still the one that was sent. */
  readonly inputs: string;
  /** When the create went out: ISO 8601. */
  readonly since: string;
  /** The inputs without secrets (null in their place), for when the configuration no longer tells them. */
  readonly config: Attributes;
}

export interface Journal {
  /** On disk and synced when it returns. */
  open(intent: Intent): Promise<void>;
  close(address: string): Promise<void>;
  list(): Promise<readonly Intent[]>;
}

export const hashInputs = (config: Attributes): string =>
  createHash("sha256").update(JSON.stringify(config)).digest("hex");

/** Intents as one file each in a folder. */
export function fileJournal(options: { readonly files: Files; readonly folder: string }): Journal {
  const { files, folder } = options;
  const fileOf = (address: string): string =>
    join(folder, `${createHash("sha256").update(address).digest("hex").slice(0, 32)}.json`);
  return {
    open: (intent) => files.write(fileOf(intent.address), JSON.stringify(intent), { mode: 0o600 }),
    close: (address) => files.remove(fileOf(address)),
    async list() {
      const names = (await files.list(folder)).filter((name) => name.endsWith(".json"));
      const texts = await Promise.all(names.map((name) => files.read(join(folder, name))));
      return texts.filter((text) => text !== undefined).map((text) => JSON.parse(text) as Intent);
    },
  };
}

/** Keeps nothing: for runs whose caller accepts orphans after a kill, such as tests. */
export function memoryJournal(): Journal {
  const intents = new Map<string, Intent>();
  return {
    open: async (intent) => void intents.set(intent.address, intent),
    close: async (address) => void intents.delete(address),
    list: async () => [...intents.values()],
  };
}
