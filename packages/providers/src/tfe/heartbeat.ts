import type { Clock } from "@doge/core";
import { hasStatus } from "../shared/errors.ts";
import type { TfeApi } from "./client.ts";
import type { Variable } from "./client/variables.ts";

const key = "DOGE_LEASE";

/** How long a lock lives without a heartbeat, once there was one; three heartbeats go into it. */
const ttlMilliseconds = 60_000;

/** Clocks of two machines may differ; a lock is dead only when this much has passed on ours. */
const skewMilliseconds = 15_000;

export interface HeartbeatOptions {
  readonly tfe: Pick<TfeApi, "variables">;
  readonly clock: Clock;
  /** `ws-…` */
  readonly workspace: string;
  /** The lease in the lock's reason. */
  readonly lease: string;
}

export interface Heartbeat {
  /** Ends it and takes away what it wrote. */
  stop(): Promise<void>;
}

/**
 * The heartbeat of a lock in HCP Terraform, where a lock has a reason that is given once and can't be renewed. Its owner
 * keeps an environment variable in the workspace that says until when; it goes with the lock. A command that is done
 * sooner than the first beat leaves no trace, and a token that may not write variables has no heartbeat: then the
 * deadline in the reason counts alone. `lost` is called when beats have failed for so long that others take the lock over.
 */
export function beat({ tfe, clock, workspace, lease }: HeartbeatOptions, lost: () => void): Heartbeat {
  const owner = { workspace };
  const stopped = new AbortController();
  let variable: string | undefined;
  let until = Infinity;

  const write = async (): Promise<void> => {
    const expires = clock.now().getTime() + ttlMilliseconds;
    const value = `${lease} until ${new Date(expires).toISOString()}`;
    variable ??= (await variableOf(tfe, workspace))?.id;
    if (variable !== undefined) await tfe.variables.update(owner, variable, { value });
    else variable = (await tfe.variables.create(owner, { ...attributes, value })).id;
    until = expires;
  };
  const beating = (async () => {
    for (;;) {
      await clock.sleep(ttlMilliseconds / 3, stopped.signal);
      try {
        await write();
      } catch (thrown) {
        if (until === Infinity && hasStatus(thrown, 401, 403, 404)) return;
        // One beat that gets no answer is made up for by the next, while the lock lasts.
        if (clock.now().getTime() > until) return lost();
      }
    }
  })().catch(() => undefined);

  return {
    async stop() {
      stopped.abort();
      await beating;
      if (variable !== undefined) await tfe.variables.delete(owner, variable);
    },
  };
}

const attributes = {
  key,
  category: "env",
  description: "Heartbeat of Doge's lock on this workspace; goes with the lock.",
  hcl: false,
  sensitive: false,
} as const;

const variableOf = async (tfe: HeartbeatOptions["tfe"], workspace: string): Promise<Variable | undefined> =>
  (await tfe.variables.list({ workspace })).find(
    ({ attributes: { key: name, category } }) => name === key && category === "env",
  );

/** Whether a lock's owner has stopped beating; undefined where it never began to, or we may not look. */
export async function stoppedBeating({ tfe, clock, workspace, lease }: HeartbeatOptions): Promise<boolean | undefined> {
  try {
    const value = (await variableOf(tfe, workspace))?.attributes.value ?? "";
    const [, id, until] = /^(\S+) until (\S+)$/.exec(value) ?? [];
    if (id !== lease || until === undefined) return undefined;
    return Date.parse(until) + skewMilliseconds < clock.now().getTime();
  } catch (thrown) {
    if (hasStatus(thrown, 401, 403)) return undefined;
    throw thrown;
  }
}

/** Takes away the heartbeat that a dead owner left; where that is not allowed there was none. */
export async function clearHeartbeat(tfe: HeartbeatOptions["tfe"], workspace: string): Promise<void> {
  try {
    const variable = await variableOf(tfe, workspace);
    if (variable !== undefined) await tfe.variables.delete({ workspace }, variable.id);
  } catch (thrown) {
    if (!hasStatus(thrown, 401, 403)) throw thrown;
  }
}
