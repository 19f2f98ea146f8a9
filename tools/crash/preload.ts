/**
 * Loaded into `doge`, or into the server of terraform's providers, by NODE_OPTIONS, this names every instant at which the process may die: around each
 * request (before it leaves, when the answer is under way, when it was read) and around each file that is
 * written (before, half-way, after). At instant CRASH_AT it kills its own process with SIGKILL. With CRASH_STOP it stops
 * at each: it writes the instant's name to descriptor 3, and goes on when it can read from descriptor 4.
 */
import { subscribe } from "node:diagnostics_channel";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const note = process.env["CRASH_LOG"];
const at = Number(process.env["CRASH_AT"] ?? 0);
const stops = process.env["CRASH_STOP"] !== undefined;
const program = process.argv[1] ?? "";
const isProviders = program.endsWith("provider-server/main.ts");
let count = 0;

function instant(what: string): void {
  count++;
  if (note !== undefined) fs.appendFileSync(note, `${count} ${what}\n`);
  if (stops) stop(what);
  // A provider server leads a group with its terraform in it, and takes that along.
  if (count === at) process.kill(isProviders ? -process.pid : process.pid, "SIGKILL");
}

function stop(what: string): void {
  fs.writeSync(3, `${count} ${what}\n`);
  fs.readSync(4, Buffer.alloc(1));
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
  const { link, open, rename, rm, writeFile: writeWhole } = fs.promises;
  const handle = await open(import.meta.filename, "r");
  const prototype = Object.getPrototypeOf(handle) as typeof handle;
  await handle.close();
  const writeFile = prototype.writeFile;
  prototype.writeFile = async function (this: typeof handle, data: Data, ...rest: []) {
    const middle = Math.floor(data.length / 2);
    instant("before a write");
    await writeFile.call(this, data.slice(0, middle), ...rest);
    instant("half-way through a write");
    // Goes on where the first half ended.
    await writeFile.call(this, data.slice(middle), ...rest);
    instant("after a write");
  } as typeof writeFile;
  fs.promises.rename = async (from, to) => {
    instant("before a rename");
    await rename(from, to);
    instant("after a rename");
  };
  fs.promises.link = async (from, to) => {
    instant("before a link");
    await link(from, to);
    instant("after a link");
  };
  fs.promises.writeFile = async (...given) => {
    instant("before a write");
    await writeWhole(...given);
    instant("after a write");
  };
  fs.promises.rm = async (path, options) => {
    instant("before a removal");
    await rm(path, options);
    instant("after a removal");
  };
  syncBuiltinESMExports();
}

// What doge starts (git, npm, node) lives its own life.
if (isProviders || program.endsWith("doge.mjs")) {
  delete process.env["NODE_OPTIONS"];
  watchRequests();
  if (!isProviders) await watchFiles();
}
