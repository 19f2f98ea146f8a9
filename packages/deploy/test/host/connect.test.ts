import { createServer } from "node:http";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { type AddressInfo, createServer as createTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type DogeError, Secret } from "@doge/core";
import { nodeClock } from "@doge/core/node";
import { connectHost, type ConnectOptions, type Host } from "../../src/index.ts";
import { writeFilesArgv } from "../../src/host/files.ts";
import { makeKeys, startSshServer, type SshServer, strangePem } from "../support/ssh-server.ts";

const hostKey = makeKeys();
const user = makeKeys();
let server: SshServer;
let folder: string;
const located = new Map<number, number>();

const target = (changes: Partial<ConnectOptions> = {}): ConnectOptions => ({
  host: "127.0.0.1",
  port: server.port,
  user: "doge",
  privateKey: new Secret(user.privateKey),
  hostKey: `${hostKey.publicKey} droplet`,
  clock: nodeClock,
  bootMilliseconds: 0,
  ...changes,
});

const codeOf = async (work: Promise<unknown>): Promise<string | undefined> => {
  const thrown = await work.then(
    () => undefined,
    (reason: unknown) => reason as DogeError,
  );
  return thrown?.diagnostics[0]?.code;
};

beforeAll(async () => {
  server = await startSshServer({ hostKey, user, locate: (port) => located.get(port) ?? port });
  folder = await mkdtemp(join(tmpdir(), "doge-host-"));
});

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

describe("connectHost", () => {
  test("refuses a host key other than the pinned one", async () => {
    expect(await codeOf(connectHost(target({ hostKey: makeKeys().publicKey })))).toBe("ssh-host-key");
  });

  test("names a key that the host does not accept, and one that can't be read", async () => {
    expect(await codeOf(connectHost(target({ privateKey: new Secret(makeKeys().privateKey) })))).toBe("ssh-auth");
    expect(await codeOf(connectHost(target({ privateKey: new Secret(strangePem()) })))).toBe("ssh-key");
  });

  test("names a port that refuses and one that stays silent", async () => {
    const silent = createTcp((socket) => void socket.resume());
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as AddressInfo;
    expect(await codeOf(connectHost(target({ port, connectMilliseconds: 200 })))).toBe("ssh-timeout");
    await new Promise((resolve) => silent.close(resolve));
    expect(await codeOf(connectHost(target({ port })))).toBe("ssh-refused");
  });

  test("waits for a droplet that is still booting", async () => {
    const probe = await startSshServer({ hostKey, user });
    await probe.stop();
    const messages: string[] = [];
    const connecting = connectHost(
      target({
        port: probe.port,
        bootMilliseconds: 10_000,
        emit: (event) => void (event.type === "step.progress" && messages.push(event.message)),
      }),
    );
    await nodeClock.sleep(300);
    const booted = await startSshServer({ hostKey, user, port: probe.port });
    await (await connecting).close();
    await booted.stop();
    expect(messages[0]).toMatch(/is not ready yet \(refused\)/);
  });
});

describe("a host", () => {
  let host: Host;
  beforeAll(async () => {
    host = await connectHost(target());
  });
  afterAll(() => host.close());

  test("reads back every argument exactly, and both streams and the exit code", async () => {
    const words = ["plain", "two words", "it's", "$HOME", "`id`", "a\nb", "", "ü", "*"];
    const { stdout } = await host.run({ argv: ["printf", "[%s]", ...words] });
    expect(stdout).toBe(words.map((word) => `[${word}]`).join(""));
    expect(await host.run({ argv: ["sh", "-c", "echo out; echo err >&2; exit 7"] })).toEqual({
      exitCode: 7,
      stdout: "out\n",
      stderr: "err\n",
    });
  });

  test("takes secrets by standard input", async () => {
    const { stdout } = await host.run({ argv: ["cat"], stdin: new Secret("canary") });
    expect(stdout).toBe("canary");
  });

  test("writes files whole and with their mode, and reads them back", async () => {
    const path = join(folder, "deep/er/it's a file");
    expect(await host.readFile(path)).toBeUndefined();
    await host.writeFile(path, new Secret("one\n"), { mode: 0o600 });
    await host.writeFile(path, "two\n", { mode: 0o600 });
    expect(await host.readFile(path)).toBe("two\n");
    expect(await readFile(path, "utf8")).toBe("two\n");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test("writes several files at once: those that are the same stay as they are", async () => {
    const root = join(folder, "several");
    const files = [
      { path: "one", content: "1" },
      { path: "be/low/two words", content: new Secret("2"), mode: 0o600 },
      { path: "run", content: "#!/bin/sh\n", mode: 0o755 },
    ];
    expect(await host.writeFiles(root, files)).toEqual(["one", "be/low/two words", "run"]);
    const { ino } = await stat(join(root, "one"));
    const again = [...files.slice(0, 2), { path: "run", content: "#!/bin/sh\ntrue\n", mode: 0o755 }];
    expect(await host.writeFiles(root, again, { remove: join(root, "be/low/two words") })).toEqual(["run"]);
    expect((await stat(join(root, "one"))).ino).toBe(ino);
    expect((await stat(join(root, "run"))).mode & 0o777).toBe(0o755);
    expect(await host.readFile(join(root, "run"))).toBe("#!/bin/sh\ntrue\n");
    expect(await host.readFile(join(root, "be/low/two words"))).toBeUndefined();
    expect((await readdir(root)).toSorted((a, b) => (a < b ? -1 : 1))).toEqual(["be", "one", "run"]);
  });

  test("what arrives cut off replaces nothing", async () => {
    const root = join(folder, "cut");
    await host.writeFiles(root, [{ path: "one", content: "1" }]);
    const argv = writeFilesArgv(root, [{ path: "one" }, { path: "two" }]);
    const { exitCode } = await host.run({ argv, stdin: "" });
    expect(exitCode).not.toBe(0);
    expect(await host.readFile(join(root, "one"))).toBe("1");
    expect(await readdir(root)).toEqual(["one"]);
  });

  test("reaches a port of the host through a tunnel", async () => {
    const web = createServer((request, response) => {
      response.statusCode = 418;
      response.end(`${request.method} ${request.url}`);
    });
    await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
    // Port 9 of the host: nothing listens there on this side of the tunnel.
    located.set(9, (web.address() as AddressInfo).port);
    const answer = await host.http({ method: "GET", port: 9, path: "/readyz?x=1" });
    expect([answer.status, answer.text()]).toEqual([418, "GET /readyz?x=1"]);
    await new Promise((resolve) => web.close(resolve));
    await expect(host.http({ method: "GET", port: 9, path: "/" })).rejects.toMatchObject({ reason: "refused" });
  });

  test("ends a command that takes too long", async () => {
    await expect(host.run({ argv: ["sleep", "20"], timeoutMilliseconds: 100 })).rejects.toMatchObject({
      reason: "timeout",
    });
  });

  test("a lost connection is a diagnostic, also for what comes after it", async () => {
    const other = await startSshServer({ hostKey, user });
    const doomed = await connectHost(target({ port: other.port }));
    const running = codeOf(doomed.run({ argv: ["sleep", "20"] }));
    await nodeClock.sleep(100);
    other.cut();
    expect(await running).toBe("ssh-lost");
    expect(await codeOf(doomed.run({ argv: ["true"] }))).toBe("ssh-lost");
    await other.stop();
  });
});
