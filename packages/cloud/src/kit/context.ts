import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { CloudContext, ServiceName } from "../ports.ts";
import { seededIds } from "./ids.ts";
import { openStore } from "./store.ts";

export interface ContextOptions {
  readonly folder: string;
  readonly seed?: string;
  readonly now?: () => Date;
  readonly log?: CloudContext["log"];
  readonly url?: CloudContext["url"];
  readonly port?: CloudContext["port"];
}

/**
 * A context over `folder`, made where it is missing. Tests of one stand-in need only the folder: then every `url`
 * is a placeholder until it is given.
 */
export function createContext(options: ContextOptions): CloudContext {
  mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  const store = openStore(join(options.folder, "cloud.sqlite"));
  return {
    store,
    folder: options.folder,
    now: options.now ?? (() => new Date()),
    ids: seededIds(store, options.seed),
    log: options.log ?? (() => {}),
    url: options.url ?? ((service: ServiceName) => `http://${service}.invalid`),
    port: options.port ?? (() => 0),
  };
}
