import { posix } from "node:path";
import type { BackupProof, StoredBackup } from "@doge/deploy";
import { demand, dogeJson } from "./context.ts";

async function asked<T>(...words: string[]): Promise<T> {
  const { data, exitCode, raw } = await dogeJson<T>(["db", ...words]);
  demand(exitCode === 0, `doge db ${words.join(" ")} ended with ${exitCode}\n${raw.stdout}\n${raw.stderr}`);
  return data;
}

/** A backup goes to Spaces, is found there, fetched, and is the database that it was; staging gets production's. */
export async function backupsComeBack(): Promise<void> {
  const proof = await asked<BackupProof>("backup", "prod");
  const { name } = await asked<{ readonly name: string }>("upload", "prod", posix.basename(proof.file));
  const [newest] = await asked<readonly StoredBackup[]>("list", "prod", "--spaces");
  demand(newest?.file === name, `the newest in Spaces is ${newest?.file}, not ${name}`);
  await asked("download", "prod", name);
  const fetched = await asked<BackupProof>("verify", "prod", name);
  const same = fetched.tables === proof.tables && fetched.rows === proof.rows;
  demand(same, `${name} holds ${fetched.rows} rows, the backup ${proof.rows}`);
  console.log(`✓ a backup of production went to Spaces and came back: ${proof.tables} tables, ${proof.rows} rows`);
  const copy = await asked<BackupProof>("copy", "--yes", "--unsanitised");
  demand(copy.rows === proof.rows, `staging got ${copy.rows} rows, production has ${proof.rows}`);
  console.log("✓ staging has a copy of production's database");
}
