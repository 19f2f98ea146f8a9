import { createHash, randomBytes } from "node:crypto";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Secret } from "../../../packages/core/src/index.ts";
import type { Host } from "../../../packages/deploy/src/index.ts";
import { makeKeys } from "../../../packages/deploy/test/support/ssh-server.ts";
import { codeOf, openRelay, type Rig } from "./rig.ts";

/** What a `Host` promises, over whatever SSH server and shell it meets. */
export function hostConformance(rig: () => Rig): void {
  describe("Host", () => {
    let host: Host;
    let folder: string;
    beforeAll(async () => {
      host = await rig().connect();
      folder = (await host.run({ argv: ["mktemp", "-d"] })).stdout.trim();
    });
    afterAll(async () => {
      await host?.run({ argv: ["rm", "-rf", folder] });
      await host?.close();
    });

    test("lets in only who it should, and is only who it should be", async () => {
      const at = (changes: Parameters<Rig["connect"]>[0]) => codeOf(rig().connect({ bootMilliseconds: 0, ...changes }));
      expect(await at({ hostKey: makeKeys().publicKey })).toBe("ssh-host-key");
      expect(await at({ privateKey: new Secret(makeKeys().privateKey) })).toBe("ssh-auth");
      expect(await at({ user: "root" })).toBe("ssh-auth");
      // Where a firewall stands, nobody refuses.
      expect(await at({ port: 9, connectMilliseconds: 1_000 })).toMatch(/^ssh-(refused|timeout)$/);
    });

    test("hands over every word exactly, and gives back both streams and the exit code", async () => {
      const words = ["plain", "two words", "it's", '"', "$HOME", "`id`", "a\nb", "", "ü", "*", "\\", "-n", "!x", "~"];
      const { stdout } = await host.run({ argv: ["printf", "[%s]", ...words] });
      expect(stdout).toBe(words.map((word) => `[${word}]`).join(""));
      const argv = ["sh", "-c", "echo out; echo err >&2; exit 7"];
      expect(await host.run({ argv })).toEqual({ exitCode: 7, stdout: "out\n", stderr: "err\n" });
      expect((await host.run({ argv: ["no-such-program"] })).exitCode).toBe(127);
    });

    test("tells of output as it comes", async () => {
      const seen: string[] = [];
      const argv = ["sh", "-c", "echo one; sleep 0.4; echo two >&2"];
      let first = 0;
      const started = Date.now();
      await host.run({
        argv,
        onOutput: (chunk, stream) => {
          first ||= Date.now() - started;
          seen.push(`${stream}: ${chunk.trim()}`);
        },
      });
      expect(seen).toEqual(["stdout: one", "stderr: two"]);
      expect(Date.now() - started - first).toBeGreaterThan(300);
    });

    test("carries megabytes both ways, and does not mind a command that won't read them", async () => {
      const bytes = randomBytes(3_000_000);
      const sum = createHash("sha256").update(bytes).digest("hex");
      const there = `${folder}/bytes`;
      expect(
        (await host.run({ argv: ["sh", "-c", 'cat > "$1"; sha256sum < "$1"', "sh", there], stdin: bytes })).stdout,
      ).toBe(`${sum}  -\n`);
      const { stdout } = await host.run({ argv: ["base64", "-w", "0", there] });
      expect(createHash("sha256").update(Buffer.from(stdout, "base64")).digest("hex")).toBe(sum);
      expect(await host.run({ argv: ["true"], stdin: bytes })).toMatchObject({ exitCode: 0 });
    });

    test("runs many commands at once over its one connection", async () => {
      const numbers = Array.from({ length: 24 }, (_, i) => i);
      const outputs = await Promise.all(
        numbers.map(
          async (n) => (await host.run({ argv: ["sh", "-c", "sleep 0.1; echo $1", "sh", String(n)] })).stdout,
        ),
      );
      expect(outputs).toEqual(numbers.map((n) => `${n}\n`));
    });

    test("writes files whole, with their mode from the first byte, and reads them back", async () => {
      const path = `${folder}/deep/er/it's a file`;
      expect(await host.readFile(path)).toBeUndefined();
      await host.writeFile(path, new Secret("one\n"), { mode: 0o600 });
      await host.writeFile(path, "two ü\n", { mode: 0o600 });
      expect(await host.readFile(path)).toBe("two ü\n");
      const about = await host.run({ argv: ["stat", "--format", "%a %s", path] });
      expect(about.stdout).toBe("600 7\n");
      await host.writeFile(`${folder}/usual`, "");
      expect((await host.run({ argv: ["stat", "--format", "%a %s", `${folder}/usual`] })).stdout).toBe("644 0\n");
      expect((await host.run({ argv: ["ls", "-A", `${folder}/deep/er`] })).stdout).toBe("it's a file\n");
      expect(await codeOf(host.readFile(folder))).toBe("host-file");
      expect(await codeOf(host.writeFile(`${folder}/usual/below`, "x"))).toBe("host-file");
    });

    test("of many writers of one file, one wins whole", async () => {
      const path = `${folder}/contested`;
      const contents = ["a", "b", "c", "d"].map((letter) => letter.repeat(200_000));
      await Promise.all(contents.map((content) => host.writeFile(path, content)));
      expect(contents).toContain(await host.readFile(path));
      expect((await host.run({ argv: ["ls", folder] })).stdout).not.toContain(".tmp");
    });

    test("ends a command that takes too long or is called off, and goes on", async () => {
      const late = host.run({ argv: ["sleep", "20"], timeoutMilliseconds: 150 });
      await expect(late).rejects.toMatchObject({ reason: "timeout" });
      const off = AbortSignal.timeout(150);
      await expect(host.run({ argv: ["sleep", "20"], signal: off })).rejects.toMatchObject({ reason: "aborted" });
      // Before anything was sent, and while the channel is being opened.
      const before = host.run({ argv: ["sleep", "20"], signal: AbortSignal.abort() });
      await expect(before).rejects.toMatchObject({ reason: "aborted" });
      const stop = new AbortController();
      const opening = host.run({ argv: ["sleep", "20"], signal: stop.signal });
      stop.abort();
      await expect(opening).rejects.toMatchObject({ reason: "aborted" });
      expect((await host.run({ argv: ["echo", "here"] })).stdout).toBe("here\n");
    });

    test("says of a port where nothing listens that it refuses, and goes on", async () => {
      await expect(host.http({ method: "GET", port: 9, path: "/" })).rejects.toMatchObject({ reason: "refused" });
      expect((await host.run({ argv: ["echo", "here"] })).stdout).toBe("here\n");
    });

    test("lends a terminal to a command, with its exit code", async () => {
      const output = new PassThrough();
      let said = "";
      output.on("data", (chunk: Buffer) => (said += chunk.toString()));
      const terminal = { input: new PassThrough(), output };
      expect(await host.shell(terminal, ["sh", "-c", "test -t 0 && test -t 1 && echo a terminal; exit 5"])).toBe(5);
      expect(said).toContain("a terminal");
    });

    test("a connection that is cut: what runs fails, what comes later fails, a file stays as it was", async () => {
      const relay = await openRelay(rig().ssh);
      const doomed = await rig().connect({ host: relay.host, port: relay.port });
      const path = `${folder}/kept`;
      await doomed.writeFile(path, "whole\n");
      const running = codeOf(doomed.run({ argv: ["sleep", "20"] }));
      const writing = codeOf(doomed.writeFile(path, "x".repeat(30_000_000)));
      await rig().machine.clock.sleep(150);
      relay.cut();
      expect([await running, await writing]).toEqual(["ssh-lost", "ssh-lost"]);
      expect(await codeOf(doomed.run({ argv: ["true"] }))).toBe("ssh-lost");
      await doomed.close();
      await relay.close();
      expect(await host.readFile(path)).toBe("whole\n");
      await expect
        .poll(async () => (await host.run({ argv: ["ls", folder] })).stdout, { timeout: 10_000 })
        .not.toContain(".tmp");
    });
  });
}
