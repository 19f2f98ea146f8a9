import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Secret } from "../../../packages/core/src/index.ts";
import type { Host } from "../../../packages/deploy/src/index.ts";
import { type Containers, dockerOn } from "../../../packages/deploy/src/containers/containers.ts";
import { compose, docker } from "../../../packages/deploy/src/containers/docker.ts";
import { hostFactsArgv, readFacts } from "../../../packages/deploy/src/release/check-host.ts";
import { codeOf, type Rig, troubleOf } from "./rig.ts";
import { run } from "./services.ts";

const port = 4301;

/** What the container engine of a droplet must do for `Containers` and the builders of its commands. */
export function containersConformance(rig: () => Rig): void {
  describe("Containers", () => {
    let host: Host;
    let containers: Containers;
    let folder: string;
    beforeAll(async () => {
      host = await rig().connect();
      containers = dockerOn(host);
      folder = (await host.run({ argv: ["mktemp", "-d"] })).stdout.trim();
      await host.writeFile(`${folder}/compose.yaml`, composeFile());
      await host.writeFile(`${folder}/app.env`, "FROM_FILE=two words # and more\n", { mode: 0o600 });
    });
    afterAll(async () => {
      await host?.run({ argv: project().down({ volumes: true }) });
      await host?.run({ argv: ["rm", "-rf", folder] });
      await host?.close();
    });

    const project = () => compose({ name: "ports", files: [`${folder}/compose.yaml`], directory: folder });
    const composeFile = (release = "one", extra = ""): string => `
name: ports
services:
  app:
    image: ${rig().image.reference}
    container_name: ports-app
    init: true
    restart: unless-stopped
    env_file: [app.env]
    environment: { PORT: "3000", RELEASE: "${release}" }
    labels: { dev.doge.project: ports }
    ports: ["127.0.0.1:${port}:3000"]
    networks: { default: { aliases: [such-alias] } }
    stop_grace_period: 3s
    ${extra}
  worker:
    image: ${rig().image.reference}
    command: ["node", "-e", "process.on('SIGINT', () => { console.log('done'); process.exit(0) }); console.log('at work'); setInterval(() => {}, 1000)"]
    stop_signal: SIGINT
    scale: 2
  job:
    image: ${rig().image.reference}
    command: ["node", "-e", "console.log('job')"]
    profiles: [jobs]
  later:
    image: ${rig().image.reference}
    command: ["node", "-e", "setInterval(() => {}, 1000)"]
    profiles: [later]
    volumes: ["later:/later"]
    stop_grace_period: 1s
  crash:
    image: ${rig().image.reference}
    command: ["node", "-e", "console.log('such crash'); process.exit(9)"]
    restart: on-failure:2
volumes: { later: }
`;
    const get = async (path: string): Promise<string> => (await host.http({ method: "GET", port, path })).text();
    const up = async (): Promise<void> => {
      await containers.run(project().up({ services: ["app"] }));
      await expect.poll(() => get("/readyz").catch(() => "not yet"), { timeout: 15_000 }).toBe("ready");
    };
    const until = (container: string, wanted: object) =>
      expect.poll(() => containers.inspect(container), { timeout: 20_000 }).toMatchObject(wanted);
    const only = (lines: string): readonly string[] => lines.trim().split("\n").sort();

    test("knows its platform, and pulls an image by digest once, with a token that does not stay", async () => {
      const facts = readFacts((await host.run({ argv: hostFactsArgv("/tmp") })).stdout);
      expect(facts).toMatchObject({ platform: "linux/amd64", engineTrouble: "" });
      const { reference } = rig().image;
      await host.run({ argv: docker.removeImage(reference) });
      expect(await containers.hasImage(reference)).toBe(false);
      const wrong = { ...rig().access, token: new Secret("wrong-canary-71") };
      const refused = await troubleOf(containers.pull(reference, wrong));
      expect(refused.code).toBe("containers-failed");
      expect(refused.detail).not.toContain("wrong-canary-71");
      expect(await containers.hasImage(reference)).toBe(false);
      expect(await containers.pull(reference, rig().access)).toBe("linux/amd64");
      expect(await containers.hasImage(reference)).toBe(true);
      const kept = (await host.run({ argv: ["sh", "-c", "cat ~/.docker/config.json 2>/dev/null || true"] })).stdout;
      expect(kept).not.toContain(Buffer.from(`${rig().access.username}:`).toString("base64").slice(0, 6));
      expect(kept).not.toContain(rig().access.token.reveal());
      // It is here: nobody is asked, and no login is needed.
      expect(await containers.pull(reference, wrong)).toBe("linux/amd64");
      const missing = reference.replace(/.{8}$/, "00000000");
      expect(await codeOf(containers.pull(missing, rig().access))).toBe("containers-failed");
    });

    test("starts a service with its environment, labels, port and logs", async () => {
      await up();
      expect(await get("/")).toBe("one");
      const env = JSON.parse(await get("/env")) as Record<string, string>;
      expect(env).toMatchObject({ RELEASE: "one", PORT: "3000", FROM_FILE: "two words", NODE_ENV: "production" });
      expect(await containers.inspect("ports-app")).toMatchObject({
        running: true,
        status: "running",
        restarts: 0,
        outOfMemory: false,
        image: rig().image.reference,
        labels: { "dev.doge.project": "ports", "com.docker.compose.project": "ports" },
      });
      const lines = await containers.lastLines("ports-app", 10);
      expect(only(lines)).toEqual(["listening", "to stderr"]);
      expect(await containers.inspect("nobody")).toBeUndefined();
      expect(await containers.lastLines("nobody", 5)).toContain("nobody");
    });

    test("leaves alone what is as it should be, and makes anew what changed or is asked for", async () => {
      const id = async (): Promise<string> =>
        (await host.run({ argv: ["docker", "inspect", "--format", "{{.Id}}", "ports-app"] })).stdout;
      const first = await id();
      await up();
      expect(await id()).toBe(first);
      await containers.run(project().up({ recreate: true, services: ["app"] }));
      const second = await id();
      expect(second).not.toBe(first);
      await host.writeFile(`${folder}/compose.yaml`, composeFile("two"));
      await up();
      expect(await id()).not.toBe(second);
      expect(await get("/")).toBe("two");
    });

    test("runs single commands: exit code, input, environment, and nothing left", async () => {
      const once = (...argv: string[]) => project().runOnce("app", argv);
      const echo = await host.run({ argv: once("node", "-e", "process.stdin.pipe(process.stdout)"), stdin: "through" });
      expect([echo.exitCode, echo.stdout]).toEqual([0, "through"]);
      const script = "console.log(process.env.RELEASE, process.argv[1]); process.exit(3)";
      const failed = await host.run({ argv: once("node", "-e", script, "two words"), stdin: "" });
      expect([failed.exitCode, failed.stdout]).toEqual([3, "two two words\n"]);
      const { detail } = await troubleOf(containers.run(once("node", "no-such-file.mjs"), { stdin: "" }));
      expect(detail).toContain("no-such-file.mjs");
      const inside = await host.run({ argv: docker.exec("ports-app", ["node", "-p", "process.env.RELEASE"]) });
      expect(inside.stdout).toBe("two\n");
      expect(only((await host.run({ argv: project().containers() })).stdout)).toEqual(["ports-app"]);
      expect((await host.run({ argv: docker.running("label=com.docker.compose.oneoff=True") })).stdout).toBe("");
    });

    test("containers find each other by alias", async () => {
      const ask = "fetch('http://such-alias:3000/').then(r => r.text()).then(console.log)";
      const { stdout } = await host.run({ argv: project().runOnce("worker", ["node", "-e", ask]), stdin: "" });
      expect(stdout).toBe("two\n");
    });

    test("gives a container another weight, which it keeps when it starts again", async () => {
      const shares = async (): Promise<string> =>
        run(host, ["docker", "inspect", "--format", "{{.HostConfig.CpuShares}}", "ports-app"]);
      await host.writeFile(`${folder}/compose.yaml`, composeFile("two", "cpu_shares: 256"));
      await up();
      expect(await shares()).toBe("256\n");
      await containers.run(docker.setCpuShares("ports-app", 2_600));
      expect(await shares()).toBe("2600\n");
      await containers.run(docker.restart("ports-app", 3));
      await expect.poll(() => get("/readyz").catch(() => "not yet"), { timeout: 15_000 }).toBe("ready");
      expect(await shares()).toBe("2600\n");
      // Compose sees no difference to its file.
      await up();
      expect(await shares()).toBe("2600\n");
    });

    test("hands a signal to the app; stops it with its good-bye; starts it again", async () => {
      await containers.run(docker.signal("ports-app", "SIGUSR1"));
      await expect.poll(() => get("/readyz")).toBe("draining");
      await containers.run(docker.restart("ports-app", 3));
      await expect.poll(() => get("/readyz").catch(() => "not yet"), { timeout: 15_000 }).toBe("ready");
      // By hand is no crash.
      expect(await containers.inspect("ports-app")).toMatchObject({ running: true, restarts: 0 });
      await containers.run(project().stop());
      expect(await containers.inspect("ports-app")).toMatchObject({ running: false, status: "exited", exitCode: 0 });
      expect((await containers.lastLines("ports-app", 3)).split("\n")).toContain("bye");
      await expect(host.http({ method: "GET", port, path: "/" })).rejects.toMatchObject({ reason: "refused" });
      await up();
    });

    test("shows the logs of a span, and follows them", async () => {
      await rig().machine.clock.sleep(1_200);
      const since = (seconds: number) => host.run({ argv: docker.logs("ports-app", { sinceSeconds: seconds }) });
      expect((await since(0.5)).stdout).toBe("");
      await containers.run(docker.signal("ports-app", "SIGUSR1"));
      await expect.poll(async () => (await since(5)).stdout, { timeout: 5_000 }).toContain("draining");
      const off = new AbortController();
      let followed = "";
      const following = host
        .run({
          argv: docker.logs("ports-app", { tail: 1, follow: true }),
          signal: off.signal,
          onOutput: (chunk) => (followed += chunk),
        })
        .catch(() => {});
      await expect.poll(() => followed, { timeout: 5_000 }).toContain("draining");
      off.abort();
      await following;
    });

    test("scales workers, stops them by their own signal, and leaves jobs to be called", async () => {
      await containers.run(project().up({ services: ["worker"] }));
      const names = only((await host.run({ argv: project().containers() })).stdout);
      expect(names).toEqual(["ports-app", "ports-worker-1", "ports-worker-2"]);
      await until("ports-worker-2", { running: true });
      await expect.poll(() => containers.lastLines("ports-worker-1", 5), { timeout: 10_000 }).toContain("at work");
      await expect.poll(() => containers.lastLines("ports-worker-2", 5), { timeout: 10_000 }).toContain("at work");
      await containers.run(project().stop());
      expect(await containers.lastLines("ports-worker-1", 5)).toBe("at work\ndone");
      expect(await containers.inspect("ports-worker-2")).toMatchObject({ status: "exited", exitCode: 0 });
      const job = await host.run({ argv: project().runOnce("job", ["node", "-p", "6 * 7"]), stdin: "" });
      expect(job.stdout).toBe("42\n");
    });

    test("a crash has its exit code, its lines, and is restarted as often as it may be", async () => {
      await containers.run(project().up({ services: ["crash"] }));
      await until("ports-crash-1", { status: "exited", exitCode: 9, restarts: 2, outOfMemory: false });
      expect(await containers.lastLines("ports-crash-1", 10)).toBe("such crash\nsuch crash\nsuch crash");
    });

    test("what takes more memory than it may is stopped, and that is told", async ({ skip }) => {
      if (!rig().limits) skip("containers of the local cloud are plain processes without limits");
      const extra = 'command: ["node", "hog.mjs"]\n    mem_limit: 64m\n    memswap_limit: 64m';
      await host.writeFile(`${folder}/compose.yaml`, composeFile("hog", extra).replace("unless-stopped", '"no"'));
      await containers.run(project().up({ services: ["app"] }));
      await until("ports-app", { status: "exited", exitCode: 137 });
      expect(await containers.inspect("ports-app")).toMatchObject({ outOfMemory: true });
    });

    test("leaves alone what only a profile starts, unless that is asked for", async () => {
      await host.writeFile(`${folder}/compose.yaml`, composeFile());
      const [program = "", verb = "", ...rest] = project().down({ volumes: true });
      const withProfile = [program, verb, "--profile", "later", ...rest];
      await up();
      await containers.run([...withProfile.slice(0, -3), "up", "--detach", "later"]);
      await until("ports-later-1", { running: true });
      const volumes = ["docker", "volume", "ls", "--quiet", "--filter", "label=com.docker.compose.project=ports"];
      await containers.run([...project().stop().slice(0, -1), "kill"]);
      await until("ports-app", { running: false });
      expect(await containers.inspect("ports-later-1")).toMatchObject({ running: true });
      await containers.run(project().down({ volumes: true }));
      expect(only((await host.run({ argv: project().containers() })).stdout)).toEqual(["ports-later-1"]);
      expect(await containers.inspect("ports-later-1")).toMatchObject({ running: true });
      expect((await host.run({ argv: volumes })).stdout).toBe("ports_later\n");
      await containers.run(withProfile);
      expect((await host.run({ argv: project().containers() })).stdout).toBe("");
      expect((await host.run({ argv: volumes })).stdout).toBe("");
    });

    test("takes everything of a project away", async () => {
      await up();
      await containers.run(project().down({ volumes: true }));
      expect((await host.run({ argv: project().containers() })).stdout).toBe("");
      expect(await containers.inspect("ports-app")).toBeUndefined();
    });
  });
}
