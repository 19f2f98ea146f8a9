/** The local cloud's commands: the only ones that know it. */
import { spawn } from "node:child_process";
import { openSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { DogeError, error, fail, type Machine, step } from "@doge/core";
import { defineCommand, type FlagSpec, type Invocation } from "../command.ts";

const folderFlag: FlagSpec = {
  type: "string",
  value: "FOLDER",
  help: "Folder of its state (default: .doge/local-cloud)",
};
const portFlag: FlagSpec = {
  type: "string",
  integer: true,
  value: "PORT",
  help: "First of its ports (default: 7400, or the next hundred that is free; 0 for any)",
};

interface CloudFile {
  readonly pid: number;
  readonly ports: { readonly https: number; readonly mailbox: number };
  readonly control: { readonly url: string; readonly token: string };
  readonly endpoints: Readonly<Record<string, string>>;
}

const stateFolder = (invocation: Invocation): string =>
  resolve(
    invocation.folder,
    typeof invocation.flags["folder"] === "string" ? invocation.flags["folder"] : ".doge/local-cloud",
  );

const cloudFile = (folder: string): string => join(folder, "cloud.json");

async function readCloud(machine: Machine, folder: string): Promise<CloudFile | undefined> {
  const text = await machine.files.read(cloudFile(folder));
  return text ? (JSON.parse(text) as CloudFile) : undefined;
}

async function control<T>(machine: Machine, cloud: CloudFile, method: "GET" | "POST", path: string): Promise<T> {
  const response = await machine.http.send({
    method,
    url: `${cloud.control.url}${path}`,
    headers: { authorization: `Bearer ${cloud.control.token}` },
    timeoutMilliseconds: 15_000,
  });
  if (response.status >= 400) {
    throw new DogeError([
      error({
        code: "cloud-control",
        summary: "The local cloud refused",
        detail: `${method} ${path}: HTTP ${response.status}`,
      }),
    ]);
  }
  const text = response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

/** The running cloud of a folder, or undefined: the process may have ended without tidying up. */
async function running(machine: Machine, folder: string): Promise<CloudFile | undefined> {
  const cloud = await readCloud(machine, folder);
  if (!cloud) return undefined;
  try {
    await control(machine, cloud, "GET", "/health");
    return cloud;
  } catch {
    return undefined;
  }
}

async function needRunning(invocation: Invocation): Promise<CloudFile> {
  const folder = stateFolder(invocation);
  const cloud = await running(invocation.machine, folder);
  if (cloud) return cloud;
  return fail({
    code: "cloud-not-running",
    summary: "The local cloud is not running",
    address: folder,
    remedy: "Start it: doge cloud up.",
  });
}

interface CloudView {
  readonly folder: string;
  readonly pid: number;
  /** Where a browser on this machine finds what droplets serve, and the mails that they sent. */
  readonly sites: string;
  readonly mailbox: string;
  readonly endpoints: Readonly<Record<string, string>>;
}

const SECRET = /TOKEN|KEY/;
const viewOf = (folder: string, cloud: CloudFile): CloudView => ({
  folder,
  pid: cloud.pid,
  sites: `https://NAME.localhost${cloud.ports.https === 443 ? "" : `:${cloud.ports.https}`}/`,
  mailbox: `http://127.0.0.1:${cloud.ports.mailbox}/`,
  endpoints: Object.fromEntries(Object.entries(cloud.endpoints).filter(([name]) => !SECRET.test(name))),
});

const renderCloud = ({ folder, pid, sites, mailbox, endpoints }: CloudView): string =>
  [
    `The local cloud runs (process ${pid}).`,
    ...Object.entries(endpoints).map(([name, value]) => `  ${name.padEnd(22)}${value}`),
    `  ${"state".padEnd(22)}${folder}`,
    `  ${"sites, for a browser".padEnd(22)}${sites}`,
    `  ${"mailbox".padEnd(22)}${mailbox}`,
    "",
    "Next: doge cloud env --write FILE, then doge new NAME --env-file FILE. Stop it with doge cloud down.",
    "",
  ].join("\n");

export const cloudUpCommand = defineCommand<CloudView>({
  name: "cloud up",
  summary: "Start the local cloud in the background: a rehearsal needs no account",
  flags: { folder: folderFlag, port: portFlag },
  view: renderCloud,
  async run(invocation) {
    const { machine, emit } = invocation;
    const folder = stateFolder(invocation);
    const already = await running(machine, folder);
    if (already) return { exitCode: 0, data: viewOf(folder, already) };
    const cloud = await step(
      emit,
      () => machine.clock.now(),
      { step: "cloud", title: "Starting the local cloud" },
      () => start(invocation, folder),
    );
    return { exitCode: 0, data: viewOf(folder, cloud) };
  },
});

/** Starts `doge cloud serve` detached and waits until it answers; its first words on failure are the diagnosis. */
async function start(invocation: Invocation, folder: string): Promise<CloudFile> {
  const { machine } = invocation;
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const log = join(folder, "cloud.log");
  const out = openSync(log, "w", 0o600);
  const { port } = invocation.flags;
  const entry = process.argv[1] as string;
  const child = spawn(
    process.execPath,
    [
      ...process.execArgv,
      entry,
      "cloud",
      "serve",
      "--folder",
      folder,
      ...(typeof port === "string" ? ["--port", port] : []),
    ],
    {
      detached: true,
      stdio: ["ignore", out, out],
      env: { ...process.env, NO_COLOR: "1" },
      cwd: folder,
    },
  );
  let exited = false;
  child.on("exit", () => (exited = true));
  child.unref();
  for (let turn = 0; turn < 300; turn++) {
    const cloud = await running(machine, folder);
    if (cloud) return cloud;
    if (exited) break;
    await machine.clock.sleep(100);
  }
  const words = ((await machine.files.read(log)) ?? "").trim().split("\n").slice(-15).join("\n");
  return fail({
    code: "cloud-start",
    summary: "The local cloud did not start",
    detail: words || "It ended without a word.",
    address: log,
    remedy: "If a port is in use, start it with --port 0 or another first port.",
  });
}

export const cloudServeCommand = defineCommand<never>({
  name: "cloud serve",
  summary: "Run the local cloud in the foreground (cloud up starts this)",
  flags: { folder: folderFlag, port: portFlag },
  async run(invocation) {
    const { startCloud } = await import("@doge/cloud");
    const { engineRunner } = await import("./cloud/engine-runner.ts");
    const folder = stateFolder(invocation);
    const { port } = invocation.flags;
    const basePort = port === undefined ? undefined : Number(port);
    if (basePort !== undefined && (!Number.isInteger(basePort) || basePort < 0 || basePort > 65_000)) {
      fail({ code: "usage", summary: "A port is a number from 0 to 65000", detail: String(port) });
    }
    const cloud = await startCloud({
      folder,
      ...(basePort === undefined ? {} : { basePort }),
      terraform: engineRunner(invocation.machine, join(folder, "journal")),
    });
    process.stderr.write(`local cloud: control at ${cloud.control.url}, state in ${folder}\n`);
    await Promise.race([
      cloud.stopped,
      new Promise<void>((done) => invocation.signal.addEventListener("abort", () => done(), { once: true })),
    ]);
    await cloud.stop();
    return { exitCode: 0 };
  },
});

export const cloudDownCommand = defineCommand<{ readonly stopped: boolean }>({
  name: "cloud down",
  summary: "Stop the local cloud with its droplets; its state stays",
  flags: { folder: folderFlag, remove: { type: "boolean", help: "Remove its state too" } },
  view: ({ stopped }) => (stopped ? "Stopped.\n" : "It was not running.\n"),
  async run(invocation) {
    const { machine } = invocation;
    const folder = stateFolder(invocation);
    const cloud = await running(machine, folder);
    if (cloud) {
      await control(machine, cloud, "POST", "/shutdown");
      for (let turn = 0; turn < 200 && alive(cloud.pid); turn++) await machine.clock.sleep(100);
      if (alive(cloud.pid)) {
        fail({
          code: "cloud-stop",
          summary: "The local cloud does not stop",
          detail: `process ${cloud.pid}`,
          remedy: `kill ${cloud.pid}`,
        });
      }
    }
    if (invocation.flags["remove"]) await machine.files.remove(folder);
    return { exitCode: 0, data: { stopped: cloud !== undefined } };
  },
});

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

export const cloudStatusCommand = defineCommand<CloudView>({
  name: "cloud status",
  summary: "Where the local cloud's services are",
  flags: { folder: folderFlag },
  view: renderCloud,
  async run(invocation) {
    return { exitCode: 0, data: viewOf(stateFolder(invocation), await needRunning(invocation)) };
  },
});

export const cloudEnvCommand = defineCommand<{ readonly text: string }>({
  name: "cloud env",
  summary: "Tokens and addresses of the local cloud, as an env file",
  description:
    "With --write they go into a file that only you can read; without it they are printed for eval or source.",
  flags: { folder: folderFlag, write: { type: "string", value: "FILE", help: "Write them into this file" } },
  examples: ["doge cloud env --write local.env", "set -a; source <(doge cloud env); set +a"],
  view: ({ text }) => text,
  async run(invocation) {
    const cloud = await needRunning(invocation);
    const text = `${Object.entries(cloud.endpoints)
      .map(([name, value]) => `${name}=${value}`)
      .join("\n")}\n`;
    const file = invocation.flags["write"];
    if (typeof file !== "string") return { exitCode: 0, data: { text } };
    const path = resolve(invocation.folder, file);
    await invocation.machine.files.write(path, text, { mode: 0o600 });
    return { exitCode: 0, data: { text: `Written to ${path}.\n` } };
  },
});

interface Inventory {
  readonly items: readonly {
    readonly service: string;
    readonly kind: string;
    readonly id: string;
    readonly name: string;
  }[];
}

export const cloudInventoryCommand = defineCommand<Inventory>({
  name: "cloud inventory",
  summary: "Everything that the local cloud holds; empty after doge destroy --repository",
  flags: { folder: folderFlag },
  view: ({ items }) =>
    items.length === 0
      ? "It holds nothing.\n"
      : `${items.map((i) => `${i.service.padEnd(14)}${i.kind.padEnd(18)}${i.name}`).join("\n")}\n`,
  async run(invocation) {
    const found = await control<Inventory["items"] | Inventory>(
      invocation.machine,
      await needRunning(invocation),
      "GET",
      "/inventory",
    );
    return { exitCode: 0, data: { items: "items" in found ? found.items : found } };
  },
});
