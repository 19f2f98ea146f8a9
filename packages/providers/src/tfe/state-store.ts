import { randomUUID } from "node:crypto";
import { type Clock, fail, type Processes, unwrap } from "@doge/core";
import {
  checkSuccession,
  emptyState,
  type Holder,
  type Lease,
  leaseLost,
  locked,
  notThatLease,
  parseState,
  serializeState,
  type State,
  stateConflict,
  type StateStore,
} from "@doge/engine";
import { hasStatus } from "../shared/errors.ts";
import type { TfeApi } from "./client.ts";
import { beat, clearHeartbeat, stoppedBeating } from "./heartbeat.ts";

export interface HcpStoreOptions {
  readonly tfe: TfeApi;
  readonly clock: Clock;
  readonly processes: Pick<Processes, "self" | "alive">;
  /** `ws-…`; undefined while the workspace does not exist. */
  readonly workspace: () => Promise<string | undefined>;
  /** The workspace's name, for people. */
  readonly name: string;
  /** When whoever locks will have ended, as its deadline says; in two hours unless told. */
  readonly until?: Date | undefined;
}

const longestMilliseconds = 2 * 3_600_000;

/** What is under way at the deadline is finished, and clocks differ. */
const graceMilliseconds = 10 * 60_000;

/**
 * A workspace's state versions in HCP Terraform, under the workspace's own lock. HCP's lock knows no expiry, so its reason
 * tells whose it is and until when, and a heartbeat beside it that its owner lives: one of a dead process of this machine
 * is taken over, one whose heartbeat has stopped, and one whose owner's deadline has passed. Sealing is HCP's own matter
 * here: its runs have to read the state.
 */
export function hcpStateStore(options: HcpStoreOptions): StateStore {
  const { tfe, clock, processes, name } = options;

  const workspaceId = async (): Promise<string> =>
    (await options.workspace()) ??
    fail({
      code: "workspace-missing",
      summary: "The workspace is not there",
      detail: name,
      address: name,
      remedy: "The meta workspace makes it: doge apply meta.",
    });

  const load = async (id: string | undefined): Promise<State | undefined> => {
    const current = id === undefined ? undefined : await tfe.stateVersions.current(id);
    return current && unwrap(parseState(await tfe.stateVersions.download(current)));
  };

  const holder = async (): Promise<Holder | undefined> => {
    const id = await options.workspace();
    const attributes = id === undefined ? undefined : (await tfe.workspaces.get(id))?.attributes;
    if (!attributes?.locked) return undefined;
    const reason = attributes["locked-reason"] ?? "";
    return (
      parseReason(reason) ?? { id: id as string, host: "HCP Terraform", pid: 0, purpose: reason || "a run", since: "?" }
    );
  };

  const dead = async (workspace: string, one: Holder): Promise<boolean> =>
    (one.host === processes.self.host && !processes.alive(one.pid)) ||
    Date.parse(one.expires ?? "") < clock.now().getTime() ||
    (one.expires !== undefined && (await stoppedBeating({ tfe, clock, workspace, lease: one.id })) === true);

  async function take(id: string, purpose: string): Promise<{ readonly holder: Holder; readonly takenOver: boolean }> {
    const now = clock.now();
    const until = options.until?.getTime() ?? now.getTime() + longestMilliseconds;
    const mine: Holder = {
      id: randomUUID(),
      ...processes.self,
      purpose,
      since: now.toISOString(),
      expires: new Date(until + graceMilliseconds).toISOString(),
    };
    if (await tfe.workspaces.lock(id, reasonOf(mine))) return { holder: mine, takenOver: false };
    const other = await holder();
    if (other?.id === mine.id) return { holder: mine, takenOver: false };
    if (other && !(await dead(id, other))) throw locked(other, name);
    // Read again just before: another process may have been quicker to take it over.
    if (other && (await holder())?.id === other.id) {
      await clearHeartbeat(tfe, id);
      await tfe.workspaces.unlock(id, { force: other.host !== processes.self.host });
    }
    if (await tfe.workspaces.lock(id, reasonOf(mine))) return { holder: mine, takenOver: other !== undefined };
    const winner = await holder();
    throw winner ? locked(winner, name) : stateConflict("the lock changed hands in this moment", name);
  }

  async function open(id: string, mine: Holder, takenOver: boolean): Promise<Lease> {
    const lost = new AbortController();
    let known = await load(id);
    let queue: Promise<unknown> = Promise.resolve();
    const check = async (): Promise<void> => {
      if (!lost.signal.aborted && (await holder())?.id === mine.id) return;
      lost.abort();
      throw leaseLost(name);
    };
    const save = async (state: State): Promise<void> => {
      checkSuccession(known, state, name);
      await check();
      if (known?.serial === state.serial) return;
      const content = serializeState(state);
      try {
        const { serial, lineage } = state;
        await tfe.stateVersions.create(id, { content, serial, lineage });
      } catch (thrown) {
        if (!hasStatus(thrown, 409)) throw thrown;
        await check();
        // Unless it is our own write, whose answer was lost.
        const now = await load(id);
        if (now === undefined || serializeState(now) !== content)
          throw stateConflict("HCP Terraform has another state by now", name);
      }
      known = state;
    };
    // What the dead owner may still send then carries a serial that was used.
    if (takenOver) await save({ ...(known ?? emptyState()), serial: (known?.serial ?? 0) + 1 });
    const heartbeat = beat({ tfe, clock, workspace: id, lease: mine.id }, () => lost.abort());
    return {
      id: mine.id,
      fence: known?.serial ?? 0,
      lost: lost.signal,
      read: () => Promise.resolve(known),
      save: (state) => {
        const saving = queue.then(() => save(state));
        queue = saving.catch(() => undefined);
        return saving;
      },
      release: async () => {
        await queue;
        try {
          await heartbeat.stop();
        } finally {
          // A lock that is no longer ours is not ours to take off.
          if ((await holder())?.id === mine.id) await tfe.workspaces.unlock(id);
        }
      },
    };
  }

  return {
    place: name,
    holder,
    read: async () => load(await options.workspace()),
    async lock(purpose) {
      const id = await workspaceId();
      const { holder: mine, takenOver } = await take(id, purpose);
      try {
        return await open(id, mine, takenOver);
      } catch (thrown) {
        await tfe.workspaces.unlock(id);
        throw thrown;
      }
    },
    async forceUnlock(lease) {
      const other = await holder();
      if (other?.id !== lease) throw notThatLease(lease, other, name);
      const id = await workspaceId();
      await clearHeartbeat(tfe, id);
      await tfe.workspaces.unlock(id, { force: true });
    },
  };
}

/** `doge apply (process 12 on ada, from 2026-… until 2026-…) lease 5f…`: for people in HCP's pages, and for us to read again. */
const reasonOf = ({ purpose, pid, host, since, expires, id }: Holder): string =>
  `${purpose} (process ${pid} on ${host}, from ${since} until ${expires}) lease ${id}`;

function parseReason(reason: string): Holder | undefined {
  const [, purpose, pid, host, since, expires, id] =
    /^(.*) \(process (\d+) on (.+), from (\S+) until (\S+)\) lease ([0-9a-f-]{36})$/.exec(reason) ?? [];
  if (!purpose || !pid || !host || !since || !expires || !id) return undefined;
  return { id, host, pid: Number(pid), purpose, since, expires };
}
