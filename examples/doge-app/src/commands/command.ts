import { readFile } from "node:fs/promises";
import { composeServices } from "../compose.ts";
import { jsonLog } from "../log.ts";
import type { Services } from "../services.ts";
import { settingsOrExit } from "../settings-or-exit.ts";

/** Runs a program of `src/commands` with the services, and says in one line what went wrong. */
export async function command(work: (services: Services) => Promise<void>): Promise<void> {
  // In development: the database of `npm run dev`, which writes down where it is.
  const running = process.env["DATABASE_URL"] ? undefined : await readFile(".data/database-url", "utf8").catch(() => undefined);
  if (running) process.env["DATABASE_URL"] = running;
  const services = composeServices(settingsOrExit(jsonLog((line) => process.stderr.write(line))), jsonLog());
  try {
    await work(services);
  } catch (thrown) {
    console.error(thrown instanceof Error ? thrown.message || String(thrown) : thrown);
    process.exitCode = 1;
  } finally {
    await services.close();
  }
}

/** What is piped in, without its line end: passwords come so, and not as words that every process list shows. */
export async function standardInput(): Promise<string> {
  let text = "";
  for await (const chunk of process.stdin) text += String(chunk);
  return text.replace(/\r?\n$/, "");
}
