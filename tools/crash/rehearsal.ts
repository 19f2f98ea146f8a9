/** A local cloud with a project in it, and `doge` run there, to the end or to a chosen instant. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { nodeMachine } from "@doge/core/node";

const { processes, http } = nodeMachine();
/** The built tool; `DOGE_TOOL` names another build. */
export const tool = process.env["DOGE_TOOL"] ?? resolve(import.meta.dirname, "../../dist/bin/doge");
const preload = pathToFileURL(join(import.meta.dirname, "preload.ts")).href;

export interface Ended {
  /** 137 after SIGKILL. */
  readonly exitCode: number;
  readonly said: string;
}

export interface Item {
  readonly service: string;
  readonly kind: string;
  readonly name: string;
}

export class Rehearsal {
  readonly folder: string;
  readonly project: string;
  readonly #cloud: string;

  private constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "doge-crash-"));
    this.#cloud = join(this.folder, "cloud");
    this.project = join(this.folder, "app");
  }

  static async start(executor: "hcp" | "native"): Promise<Rehearsal> {
    const one = new Rehearsal();
    const env = join(one.folder, "local.env");
    await one.must(["cloud", "up", "--folder", one.#cloud, "--port", "0"], one.folder);
    await one.must(["cloud", "env", "--folder", one.#cloud, "--write", env], one.folder);
    const words = ["--yes", "--name", "Crash", "--slug", "crash", "--domain", "crash.localhost", "--env-file", env];
    await one.must(["new", one.project, ...words], one.folder);
    forExecutor(one.project, executor);
    return one;
  }

  /** Runs `doge`; throws where it fails. */
  async must(words: readonly string[], cwd = this.project): Promise<Ended> {
    const ended = await this.run(words, cwd);
    if (ended.exitCode !== 0) throw new Error(`doge ${words.join(" ")} ended with ${ended.exitCode}\n${ended.said}`);
    return ended;
  }

  async run(words: readonly string[], cwd = this.project, env: Record<string, string> = {}): Promise<Ended> {
    const { exitCode, stdout, stderr } = await processes.run({ argv: [tool, ...words], cwd, env });
    return { exitCode, said: stdout + stderr };
  }

  /** Beside `run` of a rehearsal whose other commands have no process of their own. */
  apart(words: readonly string[], env: Record<string, string>): Promise<Ended> {
    return this.run(words, this.project, env);
  }

  /** How many instants a command has, by running it whole. */
  async instants(words: readonly string[]): Promise<readonly string[]> {
    const log = join(this.folder, "instants");
    rmSync(log, { force: true });
    const ended = await this.run(words, this.project, { ...hooked, CRASH_LOG: log });
    if (ended.exitCode !== 0) throw new Error(`doge ${words.join(" ")} ended with ${ended.exitCode}\n${ended.said}`);
    return readFileSync(log, "utf8").trim().split("\n");
  }

  /** Runs a command until its process kills itself at an instant; it may end sooner, requests run side by side. */
  killed(words: readonly string[], instant: number): Promise<Ended> {
    return this.run(words, this.project, { ...hooked, CRASH_AT: String(instant) });
  }

  /** What the cloud holds, by kind and name: an object made twice stands there twice. */
  async inventory(): Promise<readonly string[]> {
    const { said } = await this.must(["cloud", "inventory", "--folder", this.#cloud, "--json", "--quiet"], this.folder);
    const { data } = JSON.parse(said) as { data: { items: readonly Item[] } };
    return itemNames(data.items);
  }

  /** Keeps cloud and project as they are, for `restore`. */
  async keep(): Promise<void> {
    await this.must(["cloud", "down", "--folder", this.#cloud], this.folder);
    for (const place of [this.#cloud, this.project]) cpSync(place, `${place}.kept`, copying);
    await this.must(["cloud", "up", "--folder", this.#cloud], this.folder);
  }

  async restore(): Promise<void> {
    await this.must(["cloud", "down", "--folder", this.#cloud], this.folder);
    for (const place of [this.#cloud, this.project]) {
      rmSync(place, { recursive: true });
      cpSync(`${place}.kept`, place, copying);
    }
    await this.must(["cloud", "up", "--folder", this.#cloud], this.folder);
  }

  /** Orders trouble at the cloud's control port, in the place of what was ordered before. */
  async disturb(faults: readonly object[]): Promise<void> {
    await this.#control("DELETE", "/faults");
    for (const fault of faults) await this.#control("POST", "/faults", JSON.stringify(fault));
  }

  /** How often each fault struck that was ordered. */
  async struck(): Promise<readonly number[]> {
    const { faults } = JSON.parse(await this.#control("GET", "/faults")) as { faults: readonly { struck: number }[] };
    return faults.map(({ struck }) => struck);
  }

  async #control(method: "GET" | "POST" | "DELETE", path: string, body?: string): Promise<string> {
    const { control } = JSON.parse(readFileSync(join(this.#cloud, "cloud.json"), "utf8")) as {
      control: { url: string; token: string };
    };
    const headers = { authorization: `Bearer ${control.token}`, "content-type": "application/json" };
    const answer = await http.send({ method, url: control.url + path, headers, ...(body ? { body } : {}) });
    if (answer.status >= 300)
      throw new Error(`${method} ${path} of the control port: ${answer.status} ${answer.text()}`);
    return answer.text();
  }

  async stop(): Promise<void> {
    await this.run(["cloud", "down", "--folder", this.#cloud, "--remove"], this.folder);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A new project for one executor, without what runs on each push: that is none of these commands' doing, and takes long. */
export function forExecutor(project: string, executor: "hcp" | "native"): void {
  rmSync(join(project, ".github/workflows"), { recursive: true });
  const config = join(project, "doge.config.ts");
  const text = readFileSync(config, "utf8");
  writeFileSync(config, text.replace("defineProject({", `defineProject({\n  executor: "${executor}",`));
}

export const itemNames = (items: readonly Item[]): readonly string[] =>
  items.map(({ service, kind, name }) => `${service} ${kind} ${name}`).sort();

const copying = { recursive: true, verbatimSymlinks: true, preserveTimestamps: true } as const;

export const hooked = { NODE_OPTIONS: `--disable-warning=ExperimentalWarning --import=${preload}` };
