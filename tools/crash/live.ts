/**
 * A rehearsal whose cloud, and whose commands, run in this very process: no start of Node for each of them. A command can
 * be stopped at each of its instants, and what a kill there would leave behind is kept.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { subscribe } from "node:diagnostics_channel";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type RunningCloud, startCloud } from "@doge/cloud";
import { nodeMachine, nodeProcesses as processes } from "@doge/core/node";
import { engineRunner } from "../../packages/cli/src/commands/cloud/engine-runner.ts";
import { main } from "../../packages/cli/src/main.ts";
import { type Ended, forExecutor, hooked, itemNames, tool } from "./rehearsal.ts";
import { type World, Worlds } from "./worlds.ts";

/** Logs, what only a running cloud has, and what npm installs. */
const passedOver = /^(requests\.jsonl|services\.log|cloud\.log|cloud\.json|lock|cloud\.sqlite-shm|node_modules)$/;

/** Requests that this process's servers have begun to answer. */
let underWay = 0;
subscribe("http.server.request.start", (message) => {
  underWay++;
  (message as { response: ServerResponse }).response.once("close", () => underWay--);
});

export class LiveRehearsal {
  readonly folder = mkdtempSync(join(tmpdir(), "doge-crash-"));
  readonly project = join(this.folder, "app");
  readonly #cloudFolder = join(this.folder, "cloud");
  readonly #worlds = new Worlds([this.#cloudFolder, this.project], passedOver);
  #cloud: RunningCloud | undefined;

  static async start(executor: "hcp" | "native"): Promise<LiveRehearsal> {
    const live = new LiveRehearsal();
    await live.#up();
    const env = join(live.folder, "local.env");
    const lines = Object.entries(live.#running.endpoints).map(([name, value]) => `${name}=${value}\n`);
    writeFileSync(env, lines.join(""), { mode: 0o600 });
    const words = ["--yes", "--no-install", "--name", "Crash", "--slug", "crash", "--domain", "crash.localhost"];
    await live.must(["new", live.project, ...words, "--env-file", env], live.folder);
    forExecutor(live.project, executor);
    return live;
  }

  get #running(): RunningCloud {
    if (this.#cloud === undefined) throw new Error("the cloud does not run");
    return this.#cloud;
  }

  async #up(): Promise<void> {
    const terraform = engineRunner(nodeMachine(), join(this.#cloudFolder, "journal"));
    this.#cloud = await startCloud({ folder: this.#cloudFolder, basePort: 0, terraform });
  }

  /** Runs `doge` as it stands in the sources. */
  async run(words: readonly string[], cwd = this.project): Promise<Ended> {
    let said = "";
    const { stdout, stderr } = process;
    const writes = [stdout.write, stderr.write] as const;
    stdout.write = stderr.write = (chunk: string | Uint8Array): boolean => {
      said += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
      return true;
    };
    try {
      const exitCode = await main([...words, "--cwd", cwd]);
      return { exitCode, said };
    } finally {
      [stdout.write, stderr.write] = writes;
    }
  }

  async must(words: readonly string[], cwd = this.project): Promise<Ended> {
    const ended = await this.run(words, cwd);
    if (ended.exitCode !== 0) throw new Error(`doge ${words.join(" ")} ended with ${ended.exitCode}\n${ended.said}`);
    return ended;
  }

  /** Runs a command in a process of its own, which is gone with all that it holds when it ends. */
  async apart(words: readonly string[], env: Record<string, string>): Promise<Ended> {
    const { exitCode, stdout, stderr } = await processes.run({ argv: [tool, ...words], cwd: this.project, env });
    return { exitCode, said: stdout + stderr };
  }

  /**
   * Runs a command in a process of its own that stops at each instant. `at` sees the world as a kill at that instant would
   * leave it: what was sent is answered, what the process started has ended.
   */
  async stopping(words: readonly string[], at: (instant: string, world: World) => void): Promise<void> {
    const child = spawn(tool, words, {
      cwd: this.project,
      env: { ...process.env, ...hooked, CRASH_STOP: "1" },
      stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk: Buffer) => (said += chunk.toString()));
    const ended = new Promise<number>((done) => child.once("close", (code) => done(code ?? 137)));
    const goOn = child.stdio[4] as Writable;
    goOn.on("error", () => {}); // the process has ended
    for await (const instant of createInterface({ input: child.stdio[3] as Readable })) {
      await this.#rest(child);
      at(instant, this.#worlds.take());
      goOn.write("\n");
    }
    const exitCode = await ended;
    if (exitCode !== 0) throw new Error(`doge ${words.join(" ")} ended with ${exitCode}\n${said}`);
  }

  /** Waits until nothing moves; a request or a program that waits for the stopped process does not keep it for long. */
  async #rest(child: ChildProcess): Promise<void> {
    for (let turn = 0, quiet = 0; turn < 150 && quiet < 2; turn++) {
      await sleep(6);
      quiet = underWay === 0 && !this.#runsInHcp() && !hasChildren(child.pid ?? 0) ? quiet + 1 : 0;
    }
  }

  #runsInHcp(): boolean {
    const store = new DatabaseSync(join(this.#cloudFolder, "cloud.sqlite"), { readOnly: true });
    try {
      const active = "('pending', 'planning', 'confirmed', 'apply_queued', 'applying')";
      const sql = `SELECT 1 FROM documents WHERE collection = 'hcp.runs' AND document ->> 'status' IN ${active} LIMIT 1`;
      return store.prepare(sql).get() !== undefined;
    } finally {
      store.close();
    }
  }

  take(): World {
    return this.#worlds.take();
  }

  async restore(world: World): Promise<void> {
    await this.#running.stop();
    this.#worlds.restore(world);
    rmSync(join(this.#cloudFolder, "cloud.sqlite-shm"), { force: true });
    await this.#up();
  }

  /** What the cloud holds, by kind and name: an object made twice stands there twice. */
  async inventory(): Promise<readonly string[]> {
    return itemNames(await this.#running.inventory());
  }

  /** Orders trouble at the cloud's control port, in the place of what was ordered before. */
  async disturb(faults: readonly object[]): Promise<void> {
    await this.#control("DELETE");
    for (const fault of faults) await this.#control("POST", JSON.stringify(fault));
  }

  /** How often each fault struck that was ordered. */
  async struck(): Promise<readonly number[]> {
    const { faults } = (await (await this.#control("GET")).json()) as { faults: readonly { struck: number }[] };
    return faults.map(({ struck }) => struck);
  }

  async #control(method: "GET" | "POST" | "DELETE", body?: string): Promise<Response> {
    const { url, token } = this.#running.control;
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const answer = await fetch(`${url}/faults`, { method, headers, ...(body === undefined ? {} : { body }) });
    if (!answer.ok) throw new Error(`${method} /faults: ${answer.status} ${await answer.text()}`);
    return answer;
  }

  async stop(): Promise<void> {
    await this.#cloud?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Whether a process has started others that still run. */
function hasChildren(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim() !== "";
  } catch {
    return false; // it has ended, or this is no Linux
  }
}
