import { join } from "node:path";
import { nodeFiles } from "@doge/core/node";
import type { Ports } from "./ports.ts";

/** `cloud.json` in the folder of a cloud that runs: how commands find it. For its owner only. */
export interface CloudRecord {
  readonly pid: number;
  readonly startedAt: string;
  readonly ports: Ports;
  readonly control: { readonly url: string; readonly token: string };
  /** Environment variables for clients, credentials included. */
  readonly endpoints: Readonly<Record<string, string>>;
}

const pathOf = (folder: string): string => join(folder, "cloud.json");

export const writeRecord = (folder: string, record: CloudRecord): Promise<void> =>
  nodeFiles.write(pathOf(folder), JSON.stringify(record, null, 2), { mode: 0o600 });

export const removeRecord = (folder: string): Promise<void> => nodeFiles.remove(pathOf(folder));

/**
 * The cloud that runs in this folder, or undefined. A file that a killed cloud left behind is told apart by asking
 * its control port: process ids come back.
 */
export async function findRunning(folder: string): Promise<CloudRecord | undefined> {
  const text = await nodeFiles.read(pathOf(folder));
  if (text === undefined) return undefined;
  try {
    const record = JSON.parse(text) as CloudRecord;
    const answer = await fetch(`${record.control.url}/health`, {
      headers: { authorization: `Bearer ${record.control.token}` },
      signal: AbortSignal.timeout(3_000),
    });
    const health = (await answer.json()) as { pid?: number };
    return health.pid === record.pid ? record : undefined;
  } catch {
    return undefined;
  }
}
