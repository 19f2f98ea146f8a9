import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { app, dockerArchive, image } from "./support.ts";

/** The local cloud in a process of its own, which can be killed; commands by its droplet's `docker`. */
const cloudScript = join(import.meta.dirname, "cloud-process.ts");
let folder: string;
let cloud: ChildProcess;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "doge-killed-"));
  writeFileSync(join(folder, "image.tar"), await dockerArchive("shop:1", await image([{ "app/server.mjs": app }])));
  cloud = await startCloud();
});
afterAll(async () => {
  const ended = once(cloud, "exit");
  cloud.kill("SIGTERM");
  await ended;
  rmSync(folder, { recursive: true, force: true });
});

async function startCloud(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [cloudScript, folder], { stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface({ input: child.stdout })) if (line === "ready") break;
  return child;
}

function docker(line: string): Promise<string> {
  const child = spawn("sh", ["-c", `"$0/docker" ${line}`, join(folder, "cloud/droplet/1/bin")], { cwd: folder });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once("close", (code) => (code === 0 ? resolve(said.trim()) : reject(new Error(said))));
  });
}

/** What a process runs; empty where it has ended. */
function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

test("a local cloud that was killed takes up its containers again: no orphans, no lost rows", async () => {
  await docker("load < image.tar");
  await docker("run -d --name db --restart always -v data:/var/lib/postgresql/data -e POSTGRES_PASSWORD=x postgres:17");
  await docker("run -d --name web --restart unless-stopped shop:1");
  await docker("run -d --name once shop:1");
  const query = (sql: string) => docker(`exec db psql -U postgres -qtAc "${sql}"`);
  await expect
    .poll(() => query("create table t as select 41 + 1 as n").catch(() => "no"), { timeout: 20_000 })
    .toBe("");
  const pids = await Promise.all(["db", "web", "once"].map((name) => docker(`inspect -f '{{.State.Pid}}' ${name}`)));

  const ended = once(cloud, "exit");
  cloud.kill("SIGKILL");
  await ended;
  // The orphans live on, until the next start finds them.
  expect(commandOf(pids[0] ?? "")).toContain("postgres");
  cloud = await startCloud();

  expect(pids.map(commandOf)).toEqual(["", "", ""]);
  expect(await docker("ps -a --format '{{.Names}} {{.State}}'")).toBe("once exited\nweb running\ndb running");
  await expect.poll(() => query("select n from t").catch(() => "not yet"), { timeout: 20_000 }).toBe("42");
});
