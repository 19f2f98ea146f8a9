import { randomBytes } from "node:crypto";
import { EventEmitter } from "node:events";
import { renameSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { StringDecoder } from "node:string_decoder";
import type { Collection } from "../../kit/store.ts";
import type { Command, Grounds, Place, Runtime } from "../runtimes/runtime.ts";
import type { Trash } from "./copies.ts";
import { watchHealth } from "./health.ts";
import { ContainerLog } from "./logs.ts";
import { type ContainerRecord, type ContainerSpec, daemonError, DockerError, type RuntimeName } from "./model.ts";
import type { Networks } from "./networks.ts";
import { endLeftover, launch, type Running, type Streams } from "./process.ts";

export interface ContainersOptions {
  readonly droplet: string;
  readonly records: Collection<ContainerRecord>;
  readonly networks: Networks;
  readonly grounds: Grounds;
  readonly runtimes: Readonly<Record<Exclude<RuntimeName, "none">, Runtime>>;
  readonly trash: Trash;
  readonly now: () => Date;
}

interface Live {
  readonly running: Running;
  readonly done: Promise<number>;
  readonly health: AbortController;
}

/** The containers of one droplet: their lives, by Docker's rules. Emits `change` whenever a record changed. */
export class Containers extends EventEmitter<{ change: [] }> {
  readonly #options: ContainersOptions;
  readonly #live = new Map<string, Live>();
  readonly #logs = new Map<string, ContainerLog>();
  readonly #restarts = new Map<string, NodeJS.Timeout>();
  #down = false;

  constructor(options: ContainersOptions) {
    super();
    this.setMaxListeners(0);
    this.#options = options;
  }

  list(): ContainerRecord[] {
    return this.#options.records.list();
  }

  find(text: string): ContainerRecord | undefined {
    const name = text.replace(/^\//, "");
    const records = this.list();
    const byId = (): ContainerRecord[] => records.filter((record) => record.id.startsWith(text));
    return (
      records.find((record) => record.spec.name === name) ?? (/^[0-9a-f]{4,64}$/.test(text) ? byId()[0] : undefined)
    );
  }

  require(text: string): ContainerRecord {
    const record = this.find(text);
    if (!record) throw daemonError(`No such container: ${text}`);
    return record;
  }

  create(spec: ContainerSpec): ContainerRecord {
    const other = this.find(spec.name);
    if (other?.spec.name === spec.name) {
      throw daemonError(
        `Conflict. The container name "/${spec.name}" is already in use by container "${other.id}". You have to remove (or rename) that container to be able to reuse that name.`,
        125,
      );
    }
    for (const name of Object.keys(spec.networks)) this.#options.networks.require(name);
    for (const mount of spec.mounts) if (mount.type === "volume") this.#options.networks.volume(mount.source);
    const id = randomBytes(32).toString("hex");
    const [third, fourth] = this.#freeAddress();
    const record: ContainerRecord = {
      id,
      droplet: this.#options.droplet,
      created: this.#options.now().toISOString(),
      spec,
      address: `127.78.${third}.${fourth}`,
      loopback: `127.79.${third}.${fourth}`,
      status: "created",
      exitCode: 0,
      error: "",
      restarts: 0,
      stoppedByHand: false,
    };
    return this.#put(record);
  }

  /** Starts; nothing where it runs. `attach` sees the output as the log does. Throws what Docker would say. */
  async start(id: string, attach?: Streams): Promise<void> {
    const record = this.require(id);
    if (this.#live.has(record.id)) return;
    clearTimeout(this.#restarts.get(record.id));
    const busy = record.spec.ports.find(
      (port) => port.hostPort !== 0 && this.#options.grounds.ports.taken(port.hostPort),
    );
    try {
      if (busy) {
        throw daemonError(
          `driver failed programming external connectivity on endpoint ${record.spec.name}: Bind for ${busy.hostIp}:${busy.hostPort} failed: port is already allocated`,
          125,
        );
      }
      await this.#run(record, attach);
    } catch (thrown) {
      const message = thrown instanceof Error ? thrown.message : String(thrown);
      const exitCode = thrown instanceof DockerError && thrown.exitCode > 1 ? thrown.exitCode : 128;
      this.#change(record.id, {
        status: "exited",
        exitCode,
        error: message,
        finishedAt: this.#options.now().toISOString(),
      });
      throw thrown instanceof DockerError ? thrown : daemonError(message, 125);
    }
  }

  async #run(record: ContainerRecord, attach: Streams | undefined): Promise<void> {
    const runtime = this.#runtime(record);
    await mkdir(this.#options.grounds.folder(record), { recursive: true });
    this.#writeHosts([record]);
    await runtime.prepare(record);
    const program = await runtime.program(record, {
      argv: [...record.spec.entrypoint, ...record.spec.command],
      env: this.#environment(record),
      cwd: record.spec.workingDir || "/",
      main: true,
    });
    const log = this.log(record.id);
    const sink = (stream: "stdout" | "stderr"): Streams["stdout"] => {
      const decoder = new StringDecoder("utf8");
      return (chunk) => {
        log.write(stream, decoder.write(chunk));
        return attach?.[stream](chunk);
      };
    };
    const startedAt = this.#options.now().toISOString();
    const streams: Streams = {
      ...(attach?.stdin ? { stdin: attach.stdin } : {}),
      stdout: sink("stdout"),
      stderr: sink("stderr"),
    };
    this.#change(record.id, {
      status: "running",
      exitCode: 0,
      error: "",
      startedAt,
      stoppedByHand: false,
      process: undefined,
    });
    const running = await launch(program, streams, (mark) => this.#change(record.id, { process: mark }));
    const health = new AbortController();
    const done = running.exited.then((code) => this.#exited(record.id, code));
    this.#live.set(record.id, { running, done, health });
    await this.#options.grounds.ports.publish(record, (port) => runtime.locate(record, port));
    if (!this.#live.has(record.id)) return this.#options.grounds.ports.unpublish(record.id);
    this.#writeHosts();
    this.emit("change");
    if (record.spec.healthcheck) this.#watch(record, health.signal);
  }

  /** A command in a running container. */
  async exec(id: string, command: Pick<Command, "argv"> & Partial<Command>, streams: Streams): Promise<Running> {
    const record = this.require(id);
    if (record.status !== "running") throw daemonError(`container ${record.id} is not running`);
    const program = await this.#runtime(record).program(record, {
      argv: command.argv,
      env: { ...this.#environment(record), ...command.env },
      cwd: command.cwd ?? record.spec.workingDir,
      main: false,
    });
    return launch(program, streams);
  }

  kill(id: string, signal: string): void {
    const record = this.require(id);
    const live = this.#live.get(record.id);
    if (!live) throw daemonError(`cannot kill container: ${id}: container ${record.id} is not running`);
    if (signal === "SIGKILL") this.#change(record.id, { stoppedByHand: true });
    live.running.signal(signal);
  }

  setCpuShares(name: string, cpuShares: number): void {
    const { id, spec } = this.require(name);
    this.#change(id, { spec: { ...spec, cpuShares } });
  }

  /** The stop signal, the grace period, SIGKILL. Resolves when the container has ended. */
  async stop(
    id: string,
    options: { readonly seconds?: number | undefined; readonly byHand?: boolean } = {},
  ): Promise<void> {
    const record = this.require(id);
    clearTimeout(this.#restarts.get(record.id));
    if (options.byHand !== false) this.#change(record.id, { stoppedByHand: true });
    const live = this.#live.get(record.id);
    if (!live) {
      if (record.status === "restarting") this.#change(record.id, { status: "exited" });
      return;
    }
    live.running.signal(record.spec.stopSignal);
    const seconds = options.seconds ?? record.spec.stopGraceSeconds;
    const timer = setTimeout(() => live.running.signal("SIGKILL"), seconds * 1000);
    await live.done;
    clearTimeout(timer);
  }

  async remove(id: string, options: { readonly force?: boolean } = {}): Promise<void> {
    const record = this.require(id);
    if (this.#live.has(record.id)) {
      if (!options.force) {
        throw daemonError(
          `cannot remove container "/${record.spec.name}": container is running: stop the container before removing or force remove`,
        );
      }
      await this.stop(record.id, { seconds: 0 });
    }
    clearTimeout(this.#restarts.get(record.id));
    this.log(record.id).remove();
    this.#logs.delete(record.id);
    this.#options.records.delete(record.id);
    await this.#options.trash.discard(this.#options.grounds.folder(record));
    this.emit("change");
  }

  /** The exit code of the running container; of the last run where it does not run. */
  async wait(id: string): Promise<number> {
    const record = this.require(id);
    return this.#live.get(record.id)?.done ?? record.exitCode;
  }

  log(id: string): ContainerLog {
    const log =
      this.#logs.get(id) ??
      new ContainerLog(join(this.#options.grounds.disk.engine, "logs", `${id}.jsonl`), this.#options.now);
    this.#logs.set(id, log);
    return log;
  }

  dial(from: ContainerRecord, name: string, port: number): Place | undefined {
    const [container] = this.#options.networks.lookup(from, name);
    return container && this.#runtime(container).locate(container, port);
  }

  isLive(id: string): boolean {
    return this.#live.has(id);
  }

  /** After a start of the droplet: ends what an earlier life left running, brings back what restarts. */
  async recover(): Promise<void> {
    this.#down = false;
    await this.#options.trash.empty();
    await Promise.all(
      this.list().map(async (record) => {
        if (record.process) await endLeftover(record.process, record.spec.stopSignal as NodeJS.Signals, 5_000);
        const { name } = record.spec.restart;
        if (record.spec.autoRemove) return this.remove(record.id, { force: true });
        const ran = record.status === "running" || record.status === "restarting";
        this.#change(record.id, { process: undefined, ...(ran ? { status: "exited", exitCode: 137 } : {}) });
        const comesBack = name === "always" || (name === "unless-stopped" && !record.stoppedByHand);
        if (comesBack && record.status !== "created")
          await this.start(record.id).catch(() => this.#restartLater(record.id, 0));
        return undefined;
      }),
    );
  }

  /** The droplet goes down: everything stops, and knows that it was running. */
  async shutdown(graceSeconds: number): Promise<void> {
    this.#down = true;
    for (const timer of this.#restarts.values()) clearTimeout(timer);
    await Promise.all(
      [...this.#live.keys()].map((id) => {
        const seconds = Math.min(graceSeconds, this.require(id).spec.stopGraceSeconds);
        return this.stop(id, { seconds, byHand: false });
      }),
    );
    await this.#options.trash.emptied();
  }

  #runtime(record: ContainerRecord): Runtime {
    const { runtime } = this.#options.grounds.images.require(record.spec.imageId);
    if (runtime === "none") {
      throw new DockerError(
        `the local droplet's docker runs images with a Node entry, and postgres, caddy and redis: it can't run ${record.spec.image}`,
        125,
      );
    }
    return this.#options.runtimes[runtime];
  }

  #environment(record: ContainerRecord): Record<string, string> {
    const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    return { PATH: path, HOSTNAME: record.spec.hostname ?? record.id.slice(0, 12), ...record.spec.env };
  }

  async #exited(id: string, exitCode: number): Promise<number> {
    this.#live.get(id)?.health.abort();
    this.#live.delete(id);
    this.log(id).end();
    this.#options.grounds.ports.unpublish(id);
    const record = this.require(id);
    this.#change(id, { status: "exited", exitCode, finishedAt: this.#options.now().toISOString(), process: undefined });
    this.#writeHosts();
    if (record.spec.autoRemove) await this.remove(id);
    else if (!this.#down && !record.stoppedByHand) this.#followPolicy(record, exitCode);
    return exitCode;
  }

  #followPolicy(record: ContainerRecord, exitCode: number): void {
    const { name, maximumRetries } = record.spec.restart;
    const wanted =
      name === "always" ||
      name === "unless-stopped" ||
      (name === "on-failure" && exitCode !== 0 && (maximumRetries === 0 || record.restarts < maximumRetries));
    if (!wanted) return;
    const ranFor = this.#options.now().getTime() - Date.parse(record.startedAt ?? record.created);
    this.#restartLater(record.id, ranFor > 10_000 ? 0 : record.restarts);
  }

  #restartLater(id: string, before: number): void {
    this.#change(id, { status: "restarting", restarts: before + 1 });
    const delay = Math.min(60_000, 100 * 2 ** before);
    const again = (): void =>
      void this.start(id).catch(() => this.find(id) && !this.#down && this.#restartLater(id, before + 1));
    this.#restarts.set(id, setTimeout(again, delay).unref());
  }

  #watch(record: ContainerRecord, signal: AbortSignal): void {
    const check = record.spec.healthcheck;
    if (!check) return;
    watchHealth({
      check,
      signal,
      now: this.#options.now,
      run: async (argv, timeout) => {
        let output = "";
        const add = (chunk: Buffer): void => void (output = (output + chunk.toString("utf8")).slice(0, 4096));
        const running = await this.exec(record.id, { argv }, { stdout: add, stderr: add });
        const timer = setTimeout(() => running.signal("SIGKILL"), timeout);
        const exitCode = await running.exited;
        clearTimeout(timer);
        return { exitCode, output };
      },
      report: (health) => this.find(record.id) && this.#change(record.id, { health }),
    });
  }

  /** Who is called what, for the processes in the containers: addresses of their networks' members. */
  #writeHosts(more: readonly ContainerRecord[] = []): void {
    const records = this.list();
    for (const record of [...records.filter((r) => r.status === "running"), ...more]) {
      const lines = records
        .filter((other) => other.status === "running" && other.id !== record.id)
        .flatMap((other) => {
          const shared = Object.keys(record.spec.networks).filter(
            (network) => network !== "bridge" && other.spec.networks[network],
          );
          const names = [other.spec.name, ...shared.flatMap((network) => other.spec.networks[network]?.aliases ?? [])];
          return shared.length > 0 ? [`${other.address} ${[...new Set(names)].join(" ")}\n`] : [];
        });
      const path = this.#options.grounds.hosts(record);
      writeFileSync(`${path}.new`, lines.join(""));
      renameSync(`${path}.new`, path);
    }
  }

  #freeAddress(): [number, number] {
    const taken = new Set(this.list().map((record) => record.address));
    for (;;) {
      // By chance, so that two local clouds on one machine hardly meet.
      const [third = 0, fourth = 0] = randomBytes(2);
      const usable = fourth > 0 && fourth < 255;
      if (usable && !taken.has(`127.78.${third}.${fourth}`)) return [third, fourth];
    }
  }

  #change(id: string, change: { [K in keyof ContainerRecord]?: ContainerRecord[K] | undefined }): void {
    const record = this.#options.records.get(id);
    // A key with undefined is left out of the JSON.
    if (record) this.#put({ ...record, ...change } as ContainerRecord);
  }

  #put(record: ContainerRecord): ContainerRecord {
    this.#options.records.put(record.id, record);
    this.emit("change");
    return record;
  }
}
