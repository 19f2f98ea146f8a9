/** What cloud-init makes of a droplet: who comes first on its processor, and what its containers can't reach. */
import { execFileSync } from "node:child_process";
import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { commandLine, connectHost, type Host } from "../../packages/deploy/src/index.ts";
import { giveWay } from "../../packages/deploy/src/host/give-way.ts";
import { onConsole } from "../../tools/hosts/droplet.ts";
import { network } from "../../tools/hosts/places.ts";
import { sshReal } from "../support/real.ts";

let host: Host;
const containers: string[] = [];
beforeAll(async () => (host = await connectHost(sshReal("stage"))));
afterAll(async () => {
  await sh(`docker rm --force ${containers.join(" ")}`);
  await host.close();
});
const sh = async (script: string): Promise<string> => {
  const { exitCode, stdout, stderr } = await host.run({ argv: ["sh", "-c", script] });
  return exitCode === 0 ? stdout.trim() : `${exitCode}: ${stderr.trim()}`;
};
const start = async (options = ""): Promise<string> => {
  const id = await sh(
    `docker run --detach --init ${options} node:24-bookworm-slim node -e 'setInterval(() => {}, 1000)'`,
  );
  containers.push(id);
  return id;
};
/** Of every thread. */
const classesOf = async (pids: string): Promise<string[]> => {
  const told = await sh(`for pid in ${pids}; do chrt --all-tasks --pid $pid; done`);
  return [...new Set(told.match(/SCHED_\w+/g) ?? [told])];
};
const inside = async (id: string): Promise<string[]> => {
  const init = await sh(`docker inspect --format '{{.State.Pid}}' ${id}`);
  return classesOf(`${init} $(pgrep --parent ${init})`);
};

describe("the processor", () => {
  test("commands, the engine and scheduled jobs give way to containers", async () => {
    expect(await classesOf("$$")).toEqual(["SCHED_IDLE"]);
    expect(await classesOf("$(pidof dockerd)")).toEqual(["SCHED_IDLE"]);
    expect(await classesOf("$(pidof cron)")).toEqual(["SCHED_IDLE"]);
    expect(await inside(await start())).toEqual(["SCHED_OTHER"]);
  });

  test("what starts gives way until it has its share, and when it is started again by somebody else", async () => {
    const before = await start("--cpu-shares 256");
    await sh(commandLine(giveWay(60)));
    const starting = await start("--cpu-shares 256");
    await vi.waitFor(async () => expect(await inside(starting)).toEqual(["SCHED_IDLE"]), 10_000);
    expect(await inside(before)).toEqual(["SCHED_OTHER"]);
    await sh(`docker update --cpu-shares 2600 ${starting}`);
    await vi.waitFor(async () => expect(await inside(starting)).toEqual(["SCHED_OTHER"]), 10_000);
    await vi.waitFor(async () => expect(await sh("pgrep -f 'doge-give-way 60' | wc -l")).toBe("1"), 10_000);
    await sh(`docker restart --time 0 ${before}`);
    expect(await inside(before)).toEqual(["SCHED_OTHER"]);
  });

  test("nobody has to raise it", async () => {
    await sh(commandLine(giveWay(3)));
    const starting = await start("--cpu-shares 256");
    await vi.waitFor(async () => expect(await inside(starting)).toEqual(["SCHED_IDLE"]), 10_000);
    await vi.waitFor(async () => expect(await inside(starting)).toEqual(["SCHED_OTHER"]), 20_000);
  });

  test("nothing else is run as root", async () => {
    expect(await sh("sudo -n true")).toMatch(/^1: .*password is required/s);
    expect(await sh("sudo -n /usr/local/sbin/doge-give-way '1; id'")).toMatch(/^64: .*usage/s);
  });
});

describe("the metadata service, which holds cloud-init's document", () => {
  const metadata = "169.254.169.254";
  const addresses = [metadata, network.address];
  const servers: Server[] = [];
  const ip = (...argv: string[]): void => void execFileSync("ip", argv);
  let port = 0;
  beforeAll(async () => {
    // As DigitalOcean has it: beyond the droplet's own interface.
    ip("address", "add", `${metadata}/32`, "dev", "lo");
    onConsole("stage", "ip", "route", "add", metadata, "via", network.address);
    for (const address of addresses) {
      const server = createServer((_, response) => response.end(`I am ${address}\n`));
      await new Promise<void>((resolve) => server.listen(port, address, resolve));
      ({ port } = server.address() as { port: number });
      servers.push(server);
    }
  });
  afterAll(() => {
    for (const server of servers) server.close();
    onConsole("stage", "ip", "route", "del", metadata);
    ip("address", "del", `${metadata}/32`, "dev", "lo");
  });

  test("the droplet reaches it, and its containers reach others, but not it", async () => {
    expect(await sh(`curl --silent --max-time 5 http://${metadata}:${port}`)).toBe(`I am ${metadata}`);
    const id = await start();
    const ask = (address: string): Promise<string> =>
      sh(
        commandLine([
          "docker",
          "exec",
          id,
          "node",
          "-e",
          `fetch("http://${address}:${port}", { signal: AbortSignal.timeout(2000) })
             .then((got) => got.text()).catch((thrown) => thrown.name)
             .then((said) => process.stdout.write(said, () => process.exit()))`,
        ]),
      );
    expect(await ask(network.address)).toBe(`I am ${network.address}`);
    expect(await ask(metadata)).toBe("TimeoutError");
  });
});
