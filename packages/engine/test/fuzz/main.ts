/**
 * `make fuzz SEEDS=10000 SEED=1`: seeds in batches, each batch in a worker with 512 MB and two minutes, so that a hang
 * and a flood of memory are found like a crash.
 */
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { fuzz } from "./fuzz.ts";

const batch = 100;
const deadlineMilliseconds = 120_000;

async function work({ first, count }: { readonly first: number; readonly count: number }): Promise<void> {
  for (let seed = first; seed < first + count; seed++) {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker of Node, not a window
    parentPort?.postMessage(seed);
    await fuzz(seed);
  }
}

/** What went wrong in a batch; undefined where nothing did. */
function run(first: number, count: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    let at = first;
    const worker = new Worker(new URL(import.meta.url), {
      workerData: { first, count },
      resourceLimits: { maxOldGenerationSizeMb: 512 },
    });
    const timer = setTimeout(() => {
      resolve(`seed ${at} hangs`);
      void worker.terminate();
    }, deadlineMilliseconds);
    worker.on("message", (seed: number) => (at = seed));
    worker.on("error", (thrown: Error) =>
      resolve(`seed ${at}: ${thrown.message} ${thrown.cause instanceof Error ? (thrown.cause.stack ?? "") : ""}`),
    );
    worker.on("exit", () => {
      clearTimeout(timer);
      resolve(undefined);
    });
  });
}

async function main(): Promise<void> {
  const first = Number(process.env["SEED"] ?? 1);
  const count = Number(process.env["SEEDS"] ?? 1_000);
  const failures: string[] = [];
  for (let at = first; at < first + count; at += batch) {
    const failure = await run(at, Math.min(batch, first + count - at));
    if (failure === undefined) continue;
    failures.push(failure);
    process.stderr.write(`${failure}\n`);
  }
  process.stdout.write(`${count} seeds from ${first}: ${failures.length} failures\n`);
  process.exitCode = failures.length > 0 ? 1 : 0;
}

await (isMainThread ? main() : work(workerData as { first: number; count: number }));
