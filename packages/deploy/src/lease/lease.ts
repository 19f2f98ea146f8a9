import { type Clock, fail, type ProcessResult } from "@doge/core";
import { diskFull, diskFullTrouble, sayWhereFull } from "../host/disk.ts";
import { filesOver } from "../host/files.ts";
import type { Host, HostCommand } from "../host/host.ts";
import { shellScript } from "../host/quote.ts";

/**
 * Who may change a host. A lease is a file `lease/<number>`, made by `ln`, which only one can win; the highest
 * number holds. So the number also fences: an owner that sees a higher one has lost, and stops.
 */
export interface Lease {
  readonly number: number;
  /**
   * The host, whose every command runs only while this lease is the newest, and during which it grants none: a
   * deployer that slept past its lease can't switch. Throws `lease-lost`.
   */
  readonly host: Pick<Host, "run" | "writeFile" | "writeFiles">;
  release(): Promise<void>;
}

export interface LeaseOwner {
  /** Who, for people: `ada on GitHub Actions`. */
  readonly owner: string;
  readonly runUrl?: string;
  readonly purpose: string;
  readonly commit?: string;
}

/** Who holds a host's lease, by the host's own clock. */
export interface LeaseStatus {
  readonly number: number;
  /** Undefined where nobody ever took it. */
  readonly holder: (Partial<LeaseOwner> & { readonly released?: boolean }) | undefined;
  readonly heldSeconds: number;
  readonly alive: boolean;
}

// All times are the host's: clocks of different owners don't agree.
const last = `last=$(ls "$1" | grep -E '^[0-9]+$' | sort -n | tail -n 1)`;
const tell = `date +%s; echo "\${last:-0}"; if [ -n "$last" ]; then cat "$1/$last"; fi`;
const observe = shellScriptOf(`${sayWhereFull}
  mkdir -p "$1"
  ${last}
  ${tell}`);
// Granting a lease and acting under one exclude each other, where the host has flock (every Debian). Whoever holds
// the lock waits for nobody elsewhere: all that a deployer sends is here before, or one that sleeps would stop everyone.
const exclusively = 'if command -v flock >/dev/null; then exec 9> "$1/fence"; flock 9; fi';
const receiveOwner = "owner=$(cat)";
const link = `${exclusively}
  mine="$1/claim.$$"; { date +%s && printf '%s' "$owner"; } > "$mine" || { rm -f "$mine"; exit 1; }
  if ln "$mine" "$1/$2" 2>/dev/null; then rm -f "$mine"; else rm -f "$mine"; exit 45; fi`;
const forget = `for old in $(ls "$1" | grep -E '^[0-9]+$'); do if [ "$old" -lt $(($2 - 5)) ]; then rm -f "$1/$old"; fi; done`;
const claim = shellScriptOf(`${sayWhereFull}
  ${receiveOwner}
  ${link}
  ${forget}`);
const renew = shellScriptOf(`
  if [ -e "$1/$(($2 + 1))" ]; then exit 45; fi
  { date +%s; cat; } > "$1/claim.$$"; mv -f "$1/claim.$$" "$1/$2"`);
// Where the last lease was given back, there is nobody to wait for: the next is claimed in the same round trip.
const begin = shellScriptOf(`${sayWhereFull}
  mkdir -p "$1"
  ${receiveOwner}
  ${last}
  if [ -z "$last" ] || grep -q '"released":true' "$1/$last"; then
    set -- "$1" $((\${last:-0} + 1))
    if (${link}); then
      ${forget}
      date +%s; echo "granted $2"; exit 0
    fi
    ${last}
  fi
  ${tell}`);
const fence = (input: string): string => `${input}
  ${exclusively}
  if [ -e "$1/$(($2 + 1))" ] || [ ! -e "$1/$2" ]; then echo "lease $2 is no longer the newest" >&2; exit 45; fi
  shift 2; "$@" <&8 8<&- 9>&-`;
const noInput = "exec 8< /dev/null";
// Only its owner may read it: it may be an env file. Its name is gone before anything is done with it.
const receiveInput = `${sayWhereFull}
  input=$(mktemp "$1/input.XXXXXX")
  cat > "$input" || { rm -f "$input"; exit 1; }
  exec 8< "$input"; rm -f "$input"; trap - EXIT`;
/** Exit code of the host where a lease is not, or no longer, the newest. */
const taken = 45;

function shellScriptOf(script: string): (...args: readonly string[]) => readonly string[] {
  return (...args) => shellScript(script.trim(), ...args);
}

type Holder = NonNullable<LeaseStatus["holder"]>;

const usualExpirySeconds = 30;

/**
 * Takes the lease of a host. One whose owner has not been heard of for `expirySeconds` is taken over: waits that
 * long for an owner that may be dead. Throws `lease-held`, naming an owner that is alive.
 */
export async function takeLease(options: {
  readonly host: Host;
  readonly clock: Clock;
  /** Absolute path on the host. */
  readonly folder: string;
  readonly owner: LeaseOwner;
  /** 30 unless told; the owner renews it six times in that time. */
  readonly expirySeconds?: number;
  readonly onWait?: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
}): Promise<Lease> {
  const { host, clock, folder, owner, expirySeconds = usualExpirySeconds, onWait = () => {} } = options;
  const kept = (number: number): Lease => keep(host, clock, folder, number, owner, (expirySeconds * 1000) / 6);
  let waitedFor: string | undefined;
  for (;;) {
    const { now, number, at, holder, granted } = await look(host, begin(folder), JSON.stringify(owner));
    if (granted !== undefined) return kept(granted);
    const age = now - at;
    if (holder && !holder.released && age < expirySeconds) {
      // Heard of since we began to wait: alive.
      const sign = `${number} ${at}`;
      if (waitedFor !== undefined && waitedFor !== sign) held(host, holder, age);
      if (waitedFor === undefined) onWait(`${describe(holder)} holds the lease; waiting to see whether it is alive`);
      waitedFor = sign;
      await clock.sleep(1_000, options.signal);
      continue;
    }
    const next = number + 1;
    const result = await host.run({ argv: claim(folder, String(next)), stdin: JSON.stringify(owner) });
    if (result.exitCode === 0) return kept(next);
    if (result.exitCode !== taken) broken(host, result);
  }
}

async function look(host: Host, argv: readonly string[], stdin = "") {
  const result = await host.run({ argv, stdin });
  if (result.exitCode !== 0) broken(host, result);
  const [now, number = "", at, ...rest] = result.stdout.split("\n");
  let holder: Holder | undefined;
  try {
    const text = rest.join("\n").trim();
    holder = text === "" ? undefined : (JSON.parse(text) as Holder);
  } catch {
    holder = {}; // torn: held by someone unknown until it expires
  }
  const granted = /^granted (\d+)$/.exec(number)?.[1];
  return {
    now: Number(now),
    number: Number(number),
    at: Number(at ?? 0),
    holder,
    granted: granted === undefined ? undefined : Number(granted),
  };
}

/** Who holds the lease now. Changes nothing. */
export async function leaseStatus(host: Host, folder: string): Promise<LeaseStatus> {
  const { now, number, at, holder } = await look(host, observe(folder));
  const heldSeconds = now - at;
  const alive = holder !== undefined && !holder.released && heldSeconds < usualExpirySeconds;
  return { number, holder, heldSeconds, alive };
}

/** Ends whatever lease there is: its owner, should it live, is fenced out. Returns what it was. */
export async function breakLease(host: Host, folder: string, by: string): Promise<LeaseStatus> {
  const before = await leaseStatus(host, folder);
  if (before.holder === undefined || before.holder.released) return before;
  const content = JSON.stringify({ owner: by, purpose: "lease broken", released: true } satisfies Holder);
  const result = await host.run({ argv: claim(folder, String(before.number + 1)), stdin: content });
  if (result.exitCode !== 0 && result.exitCode !== taken) broken(host, result);
  return before;
}

/** Throws `lease-lost`: another owner has the host. */
function leaseLost(host: Host, number: number): never {
  return fail({
    code: "lease-lost",
    summary: "Another deploy has taken over this environment",
    detail: `lease ${number} is no longer the newest`,
    address: host.name,
    remedy: "Nothing more was changed by this one. See `doge status` for what is live.",
  });
}

function keep(
  host: Host,
  clock: Clock,
  folder: string,
  number: number,
  owner: LeaseOwner,
  heartbeatMilliseconds: number,
): Lease {
  const stop = new AbortController();
  const write = (content: Holder): Promise<{ readonly exitCode: number }> =>
    host.run({ argv: renew(folder, String(number)), stdin: JSON.stringify(content) });
  const beat = async (): Promise<void> => {
    try {
      for (;;) {
        await clock.sleep(heartbeatMilliseconds, stop.signal);
        await write(owner);
      }
    } catch {
      // Stopped, or the connection is gone: the next check says so.
    }
  };
  const beating = beat();
  const run = async (command: HostCommand): Promise<ProcessResult> => {
    const script = fence(command.stdin === undefined ? noInput : receiveInput);
    const argv = shellScript(script, folder, String(number), ...command.argv);
    const result = await host.run({ ...command, argv });
    return result.exitCode === taken ? leaseLost(host, number) : result;
  };
  return {
    number,
    host: { run, ...filesOver(host.name, run) },
    async release() {
      stop.abort();
      await beating;
      await write({ ...owner, released: true });
    },
  };
}

const describe = (holder: Holder): string =>
  [holder.owner ?? "someone", holder.runUrl && `(${holder.runUrl})`].filter(Boolean).join(" ");

function held(host: Host, holder: Holder, age: number): never {
  return fail({
    code: "lease-held",
    summary: "Another deploy is at work on this environment",
    detail: `${describe(holder)}: ${holder.purpose ?? "unknown"}, last heard of ${age} s ago`,
    address: host.name,
    remedy: "Wait until it is done, and deploy again.",
  });
}

function broken(host: Host, { exitCode, stderr }: ProcessResult): never {
  const reason = stderr.trim();
  if (exitCode === diskFull) fail(diskFullTrouble(host.name, reason));
  return fail({
    code: "lease-broken",
    summary: "The droplet's lease can't be read or written",
    detail: reason,
    address: host.name,
    remedy: "Check the droplet's disk and the owner of ~/doge.",
  });
}
