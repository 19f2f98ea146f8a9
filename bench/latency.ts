/** What calls of 50 ms add to a plan without changes, beside the longest chain of calls of which each needs the one before. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { EngineRow } from "./engine/rows.ts";

const callMilliseconds = 50;

/**
 * Workspace by name, its current state version, that version's content: none can be asked for before the last. Then all
 * objects at once: most are one call; a workspace's tags and a project's resources hang on another.
 */
const chains = { meta: 5, base: 5, dotenv: 4, stage: 4, prod: 4 } as const;

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;

/** `plan` runs a plan of a workspace with Doge's own engine and returns its milliseconds. */
export async function latencyRows(cloudFolder: string, plan: (workspace: string) => number): Promise<EngineRow[]> {
  const { control } = JSON.parse(readFileSync(join(cloudFolder, "cloud.json"), "utf8")) as {
    control: { url: string; token: string };
  };
  const order = async (method: "POST" | "DELETE", fault?: object): Promise<void> => {
    const headers = { authorization: `Bearer ${control.token}`, "content-type": "application/json" };
    const body = fault && JSON.stringify(fault);
    const answer = await fetch(`${control.url}/faults`, { method, headers, ...(body ? { body } : {}) });
    if (!answer.ok) throw new Error(`${method} /faults: ${answer.status}`);
  };
  const rows: EngineRow[] = [];
  for (const [workspace, chain] of Object.entries(chains)) {
    const [quick, slow]: [number[], number[]] = [[], []];
    // In turns, so that what else the machine does hits both alike.
    for (let turn = 0; turn < 7; turn++) {
      await order("DELETE");
      quick.push(plan(workspace));
      await order("POST", { effect: "delay", delayMilliseconds: callMilliseconds });
      slow.push(plan(workspace));
    }
    await order("DELETE");
    rows.push({
      what: `no-op plan of ${workspace}: what calls of ${callMilliseconds} ms add`,
      milliseconds: median(slow) - median(quick),
      against: { what: `its longest chain, ${chain} calls`, milliseconds: chain * callMilliseconds },
    });
  }
  return rows;
}
