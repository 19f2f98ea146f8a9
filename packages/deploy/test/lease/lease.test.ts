import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type DogeError, Secret } from "@doge/core";
import { nodeClock } from "@doge/core/node";
import { breakLease, connectHost, type Host, type Lease, leaseStatus, takeLease } from "../../src/index.ts";
import { makeKeys, type SshServer, startSshServer } from "../support/ssh-server.ts";

let server: SshServer;
let host: Host;
let home: string;

beforeAll(async () => {
  const [hostKey, user] = [makeKeys(), makeKeys()];
  server = await startSshServer({ hostKey, user });
  home = await mkdtemp(join(tmpdir(), "doge-lease-"));
  host = await connectHost({
    host: "127.0.0.1",
    port: server.port,
    user: "doge",
    privateKey: new Secret(user.privateKey),
    hostKey: hostKey.publicKey,
    clock: nodeClock,
  });
});
afterAll(async () => {
  await host.close();
  await server.stop();
  await rm(home, { recursive: true });
});

const take = (name: string, owner: string, expirySeconds = 3): Promise<Lease> =>
  takeLease({ host, clock: nodeClock, folder: join(home, name), owner: { owner, purpose: "deploy" }, expirySeconds });
const works = (lease: Lease): Promise<unknown> => lease.host.run({ argv: ["true"] });
const trouble = (thrown: DogeError) => thrown.diagnostics[0];

test("one owner at a time; a lease that was given back is free", async () => {
  const first = await take("turns", "ada");
  expect(await take("turns", "bob").then(() => undefined, trouble)).toMatchObject({
    code: "lease-held",
    detail: expect.stringMatching(/^ada: deploy, last heard of/) as unknown,
  });
  await works(first);
  await first.release();
  const second = await take("turns", "bob");
  expect(second.number).toBe(first.number + 1);
  await second.release();
});

test("of many at the same instant one wins", async () => {
  const outcomes = await Promise.allSettled(["a", "b", "c", "d", "e"].map((owner) => take("race", owner)));
  const won = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  expect(won).toHaveLength(1);
  await won[0]?.release();
  expect((await readdir(join(home, "race"))).filter((name) => name.startsWith("claim"))).toEqual([]);
});

test("a dead owner's lease is taken over, and the dead one, should it wake, is fenced out", async () => {
  // Never renews it: its sleep does not end until it is told.
  const asleep = {
    ...nodeClock,
    sleep: (_: number, signal?: AbortSignal) =>
      new Promise<void>((_resolve, reject) => signal?.addEventListener("abort", () => reject(new Error("stop")))),
  };
  const dead = await takeLease({
    host,
    clock: asleep,
    folder: join(home, "dead"),
    owner: { owner: "ada", purpose: "deploy" },
  });
  const waits: string[] = [];
  const heir = await takeLease({
    host,
    clock: nodeClock,
    folder: join(home, "dead"),
    owner: { owner: "bob", purpose: "deploy" },
    expirySeconds: 5,
    onWait: (message) => waits.push(message),
  });
  expect(waits).toEqual(["ada holds the lease; waiting to see whether it is alive"]);
  await works(heir);
  expect(await works(dead).then(() => undefined, trouble)).toMatchObject({ code: "lease-lost" });
  await dead.release();
  await works(heir);
  await heir.release();
});

test("the host itself refuses what an owner does that has lost its lease", async () => {
  const folder = join(home, "fence");
  const owner = await take("fence", "ada");
  expect((await owner.host.run({ argv: ["echo", "it's mine"] })).stdout).toBe("it's mine\n");
  expect((await owner.host.run({ argv: ["sh", "-c", "exit 7"] })).exitCode).toBe(7);
  await owner.host.writeFile(join(home, "mine"), "one");
  expect(await leaseStatus(host, folder)).toMatchObject({ holder: { owner: "ada" }, alive: true, number: 1 });

  expect(await breakLease(host, folder, "bob")).toMatchObject({ holder: { owner: "ada" }, alive: true });
  const lost = { code: "lease-lost", detail: "lease 1 is no longer the newest" };
  expect(await works(owner).then(() => undefined, trouble)).toMatchObject(lost);
  const write = owner.host.writeFile(join(home, "mine"), "two");
  expect(await write.then(() => undefined, trouble)).toMatchObject(lost);
  expect(await host.readFile(join(home, "mine"))).toBe("one");
  expect(await leaseStatus(host, folder)).toMatchObject({ holder: { owner: "bob", released: true }, alive: false });
  expect(await breakLease(host, folder, "bob")).toMatchObject({ number: 2 });
  const next = await take("fence", "eve");
  expect(next.number).toBe(3);
  await owner.release();
  await works(next);
  await next.release();
});

test("while a fenced command runs, nobody takes over", async () => {
  const owner = await take("busy", "ada", 1);
  const busy = owner.host.run({ argv: ["sh", "-c", "sleep 2; date +%s%N"] });
  await nodeClock.sleep(200);
  const broke = await breakLease(host, join(home, "busy"), "bob").then(() => process.hrtime.bigint());
  const ended = await busy.then(() => process.hrtime.bigint());
  expect(broke >= ended - 100_000_000n).toBe(true);
  await owner.release();
});

test("an owner that falls asleep while it sends a file holds nobody up", async () => {
  const sending: ChildProcess[] = [];
  const run: Host["run"] = (command) => {
    if (!command.argv.some((word) => word.includes("tar -C"))) return host.run(command);
    const [program = "", ...words] = command.argv;
    const child = spawn(program, words, { stdio: ["pipe", "ignore", "ignore"] });
    sending.push(child);
    return new Promise((resolve) => {
      child.on("close", (code) => resolve({ exitCode: code ?? 1, stdout: "", stderr: "" }));
    });
  };
  const folder = join(home, "sending");
  const owner = await takeLease({
    host: { ...host, run },
    clock: nodeClock,
    folder,
    owner: { owner: "ada", purpose: "deploy" },
  });
  const write = owner.host.writeFile(join(home, "late"), "such content").then(() => undefined, trouble);
  await nodeClock.sleep(300);
  await breakLease(host, folder, "bob");
  for (const child of sending) child.stdin?.end();
  expect(await write).toMatchObject({ code: "lease-lost" });
  expect(await readdir(folder)).toEqual(expect.not.arrayContaining([expect.stringMatching(/^input/)]));
});
