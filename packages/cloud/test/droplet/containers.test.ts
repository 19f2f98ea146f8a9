import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { app, dockerArchive, image, type Rig, startRig } from "./support.ts";

let rig: Rig;
const vendor = createServer((_, answer) => answer.end("a vendor"));
const vendorPort = (): number => (vendor.address() as AddressInfo).port;
beforeAll(async () => {
  await new Promise<void>((listening) => vendor.listen(0, "127.0.0.1", listening));
  rig = await startRig({ vendor: vendorPort() });
  const base = { "etc/release": "base\n", "app/old.txt": "old\n" };
  const top = {
    "app/server.mjs": app,
    "app/.wh.old.txt": "",
    "app/job.mjs": "console.log(process.argv.slice(2).join(' ')); process.exit(3);",
  };
  await rig.ok("docker load", await dockerArchive("shop:1", await image([base, top])));
});
afterAll(async () => {
  vendor.close();
  await rig.close();
});

describe("docker on a droplet", () => {
  test("runs a command in a container: output, arguments, exit code, its own files", async () => {
    const result = await rig.ssh("docker run --rm shop:1 node /app/job.mjs one 'two three'");
    expect([result.code, result.stdout]).toEqual([3, "one two three\n"]);
    expect(await rig.ok('docker run --rm shop:1 node -p \'require("fs").readdirSync(".").join()\'')).toBe(
      "job.mjs,server.mjs\n",
    );
    expect(await rig.ok("docker run --rm -e A=1 --env B=2 shop:1 sh -c 'echo $A$B$NODE_ENV'")).toBe("12production\n");
    expect(await rig.ok("docker run --rm -i shop:1 node -e 'process.stdin.pipe(process.stdout)'", "through")).toBe(
      "through",
    );
    expect(await rig.ok("docker ps --all --quiet")).toBe("");
  });

  test("what a container writes does not reach the image", async () => {
    await rig.ok('docker run --rm shop:1 node -e \'fs.appendFileSync("job.mjs", "garbage(")\'');
    expect((await rig.ssh("docker run --rm shop:1 node job.mjs x")).stdout).toBe("x\n");
  });

  test("an app that listens is reached where it is published, and only there", async () => {
    await rig.ok("docker run -d --name web -p 127.0.0.1:4301:3000 -p 8080:3000 -e RELEASE=one --label role=web shop:1");
    await rig.ok("for i in $(seq 50); do docker logs web | grep -q listening && break; sleep 0.05; done");
    // From the droplet, by SSH's forwarding, and from outside.
    expect(await rig.ok("curl -s http://127.0.0.1:4301/")).toMatch(/^one on [0-9a-f]{12}$/);
    const forwarded = await rig.ssh("", { args: ["-W", "127.0.0.1:4301"], stdin: "GET / HTTP/1.0\r\n\r\n" });
    expect(forwarded.stdout).toContain("one on ");
    expect(rig.network.locate(rig.spec.address, 8080)).toEqual({ host: rig.spec.address, port: 8080 });
    expect(await (await fetch(`http://${rig.spec.address}:8080/readyz`)).text()).toBe("ready");
    expect(rig.network.locate(rig.spec.address, 4301)).toBeUndefined();
    await expect(fetch(`http://${rig.spec.address}:4301/`)).rejects.toThrow("fetch failed");
    expect(await rig.ok("docker logs web 2>/dev/null")).toContain("listening on ::");
    expect(await rig.ok("docker logs web 2>&1 >/dev/null")).toBe("to stderr\n");
  });

  test("inside, its 127.0.0.1 answers; a listener on it is not reached from outside", async () => {
    const ask = (url: string) => `docker exec web node -e 'fetch("${url}").then(r => r.text()).then(console.log)'`;
    expect(await rig.ok(ask("http://127.0.0.1:3000/readyz"))).toBe("ready\n");
    expect(await rig.ok(ask("http://localhost:4000/"))).toBe("inner\n");
    const address = (await rig.ok("docker inspect --format '{{.NetworkSettings.IPAddress}}' web")).trim();
    expect(await (await fetch(`http://${address}:3000/readyz`)).text()).toBe("ready");
    await expect(fetch(`http://${address}:4000/`)).rejects.toThrow("fetch failed");
  });

  test("a vendor of the local cloud is reached from inside, as it would be anywhere", async () => {
    const ask = `fetch("http://127.0.0.1:${vendorPort()}/").then((r) => r.text()).then(console.log)`;
    expect(await rig.ok(`docker run --rm shop:1 node -e '${ask}'`)).toBe("a vendor\n");
  });

  test("the app sees nothing of the cloud's environment", async () => {
    process.env["DOGE_TEST_LEAK"] = "1";
    await rig.ok("docker run -d --name sealed -p 127.0.0.1:4305:3000 shop:1");
    await rig.ok("for i in $(seq 50); do docker logs sealed | grep -q listening && break; sleep 0.05; done");
    const env = JSON.parse(await rig.ok("curl -s http://127.0.0.1:4305/env")) as Record<string, string>;
    expect(Object.keys(env).sort()).toEqual(["HOME", "HOSTNAME", "NODE_ENV", "NODE_OPTIONS", "NODE_VERSION", "PATH"]);
    await rig.ok("docker rm -f sealed");
    delete process.env["DOGE_TEST_LEAK"];
  });

  test("ps, inspect and their formats", async () => {
    expect(
      await rig.ok("docker ps --filter label=role=web --format '{{.Names}} {{.State}} {{.Label \"role\"}} {{.Ports}}'"),
    ).toBe("web running web 127.0.0.1:4301->3000/tcp, 0.0.0.0:8080->3000/tcp\n");
    expect(JSON.parse(await rig.ok("docker ps --format json"))).toMatchObject({
      Names: "web",
      Image: "shop:1",
      State: "running",
    });
    expect((await rig.ok("docker ps")).split("\n")[0]).toMatch(
      /^CONTAINER ID {3}IMAGE {4}COMMAND .*STATUS .*PORTS .*NAMES$/,
    );
    const [inspected] = JSON.parse(await rig.ok("docker inspect web")) as [
      { State: { Running: boolean }; Config: { Labels: object } },
    ];
    expect(inspected.State.Running).toBe(true);
    expect(inspected.Config.Labels).toEqual({ role: "web" });
    const missing = await rig.ssh("docker inspect nobody");
    expect([missing.code, missing.stdout, missing.stderr]).toEqual([1, "[]\n", "Error: No such object: nobody\n"]);
  });

  test("signals reach the app; stop gives it its time to say good-bye", async () => {
    await rig.ok("docker kill --signal USR1 web");
    await rig.ok("for i in $(seq 50); do docker logs web | grep -q draining && break; sleep 0.05; done");
    expect(await (await fetch(`http://${rig.spec.address}:8080/readyz`)).text()).toBe("draining");
    expect(await rig.ok("docker stop --time 5 web")).toBe("web\n");
    expect(await rig.ok("docker logs --tail 1 web 2>/dev/null")).toBe("bye\n");
    expect(await rig.ok("docker inspect -f '{{.State.Status}} {{.State.ExitCode}}' web")).toBe("exited 0\n");
    await rig.ok("docker rm web");
  });

  test("one that does not listen to SIGTERM is killed after its grace period", async () => {
    await rig.ok(
      `docker run -d --name deaf shop:1 node -e 'process.on("SIGTERM", () => console.log("no")); setInterval(() => {}, 1000); console.log("up")'`,
    );
    await rig.ok("for i in $(seq 50); do docker logs deaf | grep -q up && break; sleep 0.05; done");
    await rig.ok("docker stop -t 1 deaf");
    expect(await rig.ok("docker inspect -f '{{.State.ExitCode}}' deaf && docker logs deaf && docker rm deaf")).toBe(
      "137\nup\nno\ndeaf\n",
    );
  });

  test("a crash is restarted by policy, and counted", async () => {
    await rig.ok("docker run -d --name crash --restart on-failure:2 shop:1 node -e 'console.log(1); process.exit(9)'");
    await rig.ok(
      "for i in $(seq 100); do [ $(docker inspect -f '{{.RestartCount}}{{.State.Status}}' crash) = 2exited ] && break; sleep 0.05; done",
    );
    expect(await rig.ok("docker wait crash; docker logs crash; docker rm crash")).toBe("9\n1\n1\n1\ncrash\n");
  });

  test("health by the image's rules", async () => {
    await rig.ok(
      `docker run -d --name checked --health-interval 50ms --health-retries 2 --health-cmd 'node -e "fetch(\\"http://localhost:3000/readyz\\").then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"' shop:1`,
    );
    const until = (state: string) =>
      rig.ok(
        `for i in $(seq 100); do [ $(docker inspect -f '{{.State.Health.Status}}' checked) = ${state} ] && exit 0; sleep 0.05; done; docker inspect checked; exit 1`,
      );
    await until("healthy");
    await rig.ok("docker kill -s SIGUSR1 checked");
    await until("unhealthy");
    expect(await rig.ok("docker ps --format '{{.Status}}' --filter health=unhealthy")).toMatch(
      /^Up .* \(unhealthy\)\n$/,
    );
    await rig.ok("docker rm -f checked");
  });

  test("what it doesn't know it says", async () => {
    const flag = await rig.ssh("docker run --gpus all shop:1");
    expect([flag.code, flag.stderr]).toEqual([
      125,
      "unknown flag: --gpus\nthe local droplet's docker doesn't know --gpus of docker run\n",
    ]);
    const command = await rig.ssh("docker swarm init");
    expect(command.code).toBe(1);
    expect(command.stderr).toContain("docker: 'swarm' is not a docker command.");
    const program = await rig.ssh("docker run --rm shop:1 no-such-program");
    expect(program.code).toBe(127);
    expect(program.stderr).toContain("executable file not found in $PATH");
  });

  test("images: list, tag, remove; the disk is empty afterwards", async () => {
    await rig.ok("docker tag shop:1 shop:latest");
    expect(await rig.ok("docker images --format '{{.Repository}}:{{.Tag}}'")).toBe("shop:1\nshop:latest\n");
    expect(await rig.ok("docker rmi shop:latest")).toBe("Untagged: shop:latest\n");
    expect(await rig.ok("docker rmi shop:1")).toMatch(/^Untagged: shop:1\nDeleted: sha256:[0-9a-f]{64}\n$/);
    expect(
      await rig.ok(
        "ls ../../var/lib/docker/blobs ../../var/lib/docker/images ../../var/lib/docker/containers | grep -v :",
      ),
    ).toMatch(/^\s*$/);
    expect(readFileSync(join(rig.folder, "cloud.sqlite")).length).toBeGreaterThan(0);
  });
});
