import { spawn } from "node:child_process";
import { join } from "node:path";
import { enterGroup } from "../../tools/hosts/cgroups.ts";
import { visitors } from "../../tools/hosts/places.ts";

/** One visit of a visitor. */
export interface Sample {
  /** Milliseconds since 1970, when it began. */
  readonly at: number;
  readonly milliseconds: number;
  readonly kind: string;
  readonly failure?: string;
}

export interface Load {
  /** Visits so far. */
  count(): number;
  /** Ends the visitors and returns every visit. */
  stop(): Promise<readonly Sample[]>;
}

/**
 * Visitors for a site: keep-alive, new connections, HTTP/2, forms, slow uploads; without retries. In a process of their
 * own, which ends by itself after `seconds`. It runs before all others of this machine, as on machines of their own: what
 * it measures is the host's time, not how long it waited for its turn here. It collects its garbage without helpers,
 * which would run before the hosts, too. About 430 visits a second; with `calm` times as long pauses between them, fewer.
 */
export function startLoad(domain: string, seconds: number, { calm = 1 }: { readonly calm?: number } = {}): Load {
  const first = `${enterGroup(visitors)}\nexec chrt --rr 1 "$@"`;
  const node = [process.execPath, "--single-threaded-gc", "--max-semi-space-size=64"];
  const client = [...node, join(import.meta.dirname, "load-client.ts"), domain, String(seconds), String(calm)];
  const child = spawn("sh", ["-ceu", first, "sh", ...client], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    serialization: "advanced",
  });
  let count = 0;
  const samples = new Promise<readonly Sample[]>((resolve, reject) => {
    child.on("message", (message: number | readonly Sample[]) => {
      if (typeof message === "number") count = message;
      else resolve(message);
    });
    child.on("exit", (code) => reject(new Error(`the visitors ended with ${code}`)));
  });
  samples.catch(() => {});
  return {
    count: () => count,
    async stop() {
      if (child.connected) child.send("stop");
      return samples;
    },
  };
}

export interface Figures {
  readonly requests: number;
  readonly failed: number;
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
  /** What went wrong, with how often. */
  readonly failures: Readonly<Record<string, number>>;
}

/** Figures of some visits; latencies in milliseconds. Slow uploads are slow on purpose, and no part of the latencies. */
export function figuresOf(samples: readonly Sample[]): Figures {
  const times = samples
    .filter(({ kind }) => kind !== "upload")
    .map(({ milliseconds }) => milliseconds)
    .sort((a, b) => a - b);
  const at = (part: number): number => times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0;
  const failures: Record<string, number> = {};
  for (const { kind, failure } of samples) {
    if (failure) failures[`${kind}: ${failure}`] = (failures[`${kind}: ${failure}`] ?? 0) + 1;
  }
  return {
    requests: samples.length,
    failed: samples.filter(({ failure }) => failure !== undefined).length,
    p50: at(0.5),
    p99: at(0.99),
    longest: times.at(-1) ?? 0,
    failures,
  };
}
