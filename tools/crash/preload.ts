/**
 * Loaded into `doge`, or into the server of terraform's providers, by NODE_OPTIONS, this names every instant at which the process may die: around each
 * request (before it leaves, when the answer is under way, when it was read) and around each file that is
 * written (before, half-way, after). At instant CRASH_AT it kills its own process with SIGKILL.
 */
import { subscribe } from "node:diagnostics_channel";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const note = process.env["CRASH_LOG"];
const at = Number(process.env["CRASH_AT"] ?? 0);
const program = process.argv[1] ?? "";
const isProviders = program.endsWith("provider-server/main.ts");
let count = 0;

function instant(what: string): void {
  count++;
  if (note !== undefined) fs.appendFileSync(note, `${count} ${what}\n`);
  // A provider server leads a group with its terraform in it, and takes that along.
  if (count === at) process.kill(isProviders ? -process.pid : process.pid, "SIGKILL");
}

interface UndiciRequest {
  readonly method: string;
  readonly path: string;
}

function watchRequests(): void {
  const named = (message: unknown): string => {
    const { request } = message as { request: UndiciRequest };
    return `${request.method} ${request.path.split("?")[0]}`;
  };
  subscribe("undici:request:create", (message) => instant(`before ${named(message)}`));
  subscribe("undici:request:headers", (message) => instant(`unanswered ${named(message)}`));
  subscribe("undici:request:trailers", (message) => instant(`after ${named(message)}`));
}

type Data = string | Uint8Array;

async function watchFiles(): Promise<void> {
  const { open, rename, rm } = fs.promises;
  const handle = await open(import.meta.filename, "r");
  const prototype = Object.getPrototypeOf(handle) as typeof handle;
  await handle.close();
  const writeFile = prototype.writeFile;
  prototype.writeFile = async function (this: typeof handle, data: Data, ...rest: []) {
    instant("before a write");
    if (count + 1 === at) await writeFile.call(this, half(data));
    instant("half-way through a write");
    await writeFile.call(this, data, ...rest);
    instant("after a write");
  } as typeof writeFile;
  fs.promises.rename = async (from, to) => {
    instant("before a rename");
    await rename(from, to);
    instant("after a rename");
  };
  fs.promises.rm = async (path, options) => {
    instant("before a removal");
    await rm(path, options);
    instant("after a removal");
  };
  syncBuiltinESMExports();
}

const half = (data: Data): Data => data.slice(0, Math.floor(data.length / 2));

// What doge starts (git, npm, node) lives its own life.
if (isProviders || program.endsWith("doge.mjs")) {
  delete process.env["NODE_OPTIONS"];
  watchRequests();
  if (!isProviders) await watchFiles();
}
