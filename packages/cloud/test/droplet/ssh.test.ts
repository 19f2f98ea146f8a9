import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ssh2 from "ssh2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Rig, startRig } from "./support.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.close());

describe("a droplet's SSH server, with OpenSSH's client", () => {
  test("runs a command with its own environment, streams and exit code", async () => {
    const result = await rig.ssh(
      'cat; echo "$USER $HOME $(pwd)"; echo trouble >&2; env | cut -d= -f1 | sort | tr "\\n" " "; exit 7',
      { stdin: "from stdin\n" },
    );
    const home = join(rig.folder, "droplet/4711/disk/home/doge");
    expect(result.code).toBe(7);
    const [first, second, names] = result.stdout.split("\n");
    expect([first, second]).toEqual(["from stdin", `doge ${home} ${home}`]);
    expect(
      names
        ?.trim()
        .split(" ")
        .filter((name) => !["PWD", "SHLVL", "_", "OLDPWD"].includes(name)),
    ).toEqual(["HOME", "LANG", "LOGNAME", "PATH", "SHELL", "USER"]);
    expect(result.stderr).toContain("trouble");
  });

  test("refuses another host key, another user and another client key", async () => {
    const other = ssh2.utils.generateKeyPairSync("ed25519").public.split(" ").slice(0, 2).join(" ");
    const hosts = join(rig.folder, "wrong_hosts");
    writeFileSync(hosts, `[${rig.spec.address}]:2222 ${other}\n`);
    const foreign = await rig.ssh("true", { args: ["-S", "none", "-o", `UserKnownHostsFile=${hosts}`] });
    expect(foreign.code).toBe(255);
    expect(foreign.stderr).toContain("Host key verification failed");
    const root = await rig.ssh("true", { args: ["-S", "none", "-l", "root"] });
    expect(root.code).toBe(255);
    expect(root.stderr).toContain("Permission denied (publickey)");
    await expect(connect(ssh2.utils.generateKeyPairSync("ed25519").private)).rejects.toThrow(
      "All configured authentication methods failed",
    );
  });

  test("several commands at once on one connection", async () => {
    const outputs = await Promise.all(["1", "2", "3"].map((n) => rig.ok(`sleep 0.1; echo ${n}`)));
    expect(outputs).toEqual(["1\n", "2\n", "3\n"]);
  });

  test("hands on megabytes both ways without loss", async () => {
    const bytes = Buffer.alloc(3_000_000, "0123456789abcdef");
    expect(await rig.ok("tee copy | md5sum; wc -c < copy", bytes)).toMatch(/^[0-9a-f]{32} {2}-\n3000000\n$/);
  });

  test("lends a terminal where one is asked for", async () => {
    const result = await rig.ssh("test -t 0 && test -t 1 && echo a terminal", { args: ["-tt"] });
    expect(result.stdout).toContain("a terminal");
  });

  test("what cloud-init wrote is on the disk, what was not run is recorded", () => {
    const disk = join(rig.folder, "droplet/4711/disk");
    expect(readFileSync(join(disk, "home/doge/motd"), "utf8")).toBe("wow\n");
    expect(statSync(join(disk, "home/doge/motd")).mode & 0o777).toBe(0o640);
    const log = readFileSync(join(disk, "var/log/cloud-init-output.log"), "utf8");
    expect(log).toContain("package docker.io: not run: the local droplet has no packages");
    expect(log).toContain("runcmd systemctl restart ssh: not run: the local droplet has no packages");
  });

  test("a forward to a port that nothing is published on is refused", async () => {
    const result = await rig.ssh("", { args: ["-S", "none", "-W", "127.0.0.1:4301"] });
    expect(result.code).not.toBe(0);
    expect(result.stderr).toMatch(/stdio forwarding failed|open failed/);
  });

  test("sudo just runs, and keeps the variables it is given", async () => {
    expect(await rig.ok("sudo -n A=1 sh -c 'echo $A'")).toBe("1\n");
    expect(await rig.ok("cloud-init status --wait")).toBe("status: done\n");
  });
});

function connect(privateKey: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    client.on("ready", () => resolve(client.end() as unknown as undefined)).on("error", reject);
    client.connect({ host: rig.spec.address, port: 2222, username: "doge", privateKey });
  });
}
