#!/usr/bin/env node
// A `docker` for tests: containers are plain Node processes, an image is a folder. It knows what deploy uses.
import { spawn } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

const state = process.env.DOCKER_STATE;
const argv = process.argv.slice(2);
appendFileSync(join(state, "calls.log"), `${argv.join(" ")}\n`);
mkdirSync(join(state, "containers"), { recursive: true });

const file = (name) => join(state, "containers", `${name}.json`);
const read = (name) => (existsSync(file(name)) ? JSON.parse(readFileSync(file(name), "utf8")) : undefined);
const write = (container) => writeFileSync(file(container.name), JSON.stringify(container));
const alive = (pid) => {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
};
const end = (code, text = "") => {
  if (text) (code === 0 ? process.stdout : process.stderr).write(`${text}\n`);
  process.exit(code);
};
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const imageFolder = (reference) => join(state, "images", reference.split("@")[1].replace("sha256:", ""));

function launch(container) {
  const log = openSync(join(state, `${container.name}.log`), "a");
  const child = spawn(process.execPath, [join(imageFolder(container.image), "server.mjs")], {
    detached: true,
    stdio: ["ignore", log, log],
    env: { PATH: process.env.PATH, ...container.env },
  });
  write({ ...container, pid: child.pid, stopped: false });
  child.unref();
}

async function stop(container, seconds) {
  if (!container || container.stopped) return;
  write({ ...container, stopped: true });
  try {
    process.kill(container.pid, "SIGTERM");
  } catch {}
  for (let i = 0; i < seconds * 50 && alive(container.pid); i++) await sleep(20);
  if (alive(container.pid)) process.kill(container.pid, "SIGKILL");
}

async function composed() {
  const { parse } = await import("yaml");
  const files = argv.flatMap((word, i) => (argv[i - 1] === "--file" ? [word] : []));
  const directory = argv[argv.indexOf("--project-directory") + 1];
  const { services, name } = parse(readFileSync(files[0], "utf8"));
  const app = services.app;
  if (!app) return { name, services: Object.keys(services) };
  const env = {};
  for (const path of app.env_file ?? []) {
    for (const line of readFileSync(join(directory, path), "utf8").split("\n")) {
      const [, key, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
      if (key) env[key] = value;
    }
  }
  Object.assign(env, app.environment);
  return { name, app, env };
}

async function compose(words) {
  if (words[0] === "version") end(0, "2.40.0");
  const at = words.findLastIndex((_, i) => ["--file"].includes(words[i - 1])) + 1;
  const [verb, ...rest] = words.slice(at);
  const { name, app, env, services } = await composed();
  if (verb === "up" && app) {
    // A published port leads to the port in PORT; a process in no container of its own listens on the former.
    const [, published] = app.ports[0].split(":");
    const listen = JSON.parse(process.env.DOCKER_PORTS)[published];
    await stop(read(app.container_name), 5);
    if (rest.includes("--no-start")) end(0);
    launch({ name: app.container_name, image: app.image, labels: app.labels, env: { ...env, PORT: String(listen) } });
    end(0);
  }
  if (verb === "up") end(0, services.join("\n"));
  if (verb === "stop") {
    await stop(read(name), 5);
    end(0);
  }
  if (verb === "run") {
    const command = rest.slice(rest.indexOf("app") + 1);
    const child = spawn(command[0], command.slice(1), {
      cwd: imageFolder(app.image),
      stdio: "inherit",
      env: { ...process.env, ...env },
    });
    child.on("exit", (code) => end(code ?? 1));
    return;
  }
  if (verb === "exec" && rest[1] === "postgres") {
    const child = spawn(rest[2], rest.slice(3), { stdio: "inherit" });
    child.on("exit", (code) => end(code ?? 1));
    return;
  }
  end(64, `compose ${verb} is not known`);
}

async function main() {
  const [verb, ...rest] = argv;
  const name = rest.at(-1);
  switch (verb) {
    case "version":
      return end(0, argv.includes("--format") ? "29.0.0 platform=linux/amd64" : "29.0.0");
    case "login":
      writeFileSync(join(state, "login"), readFileSync(0));
      return end(0);
    case "logout":
      rmSync(join(state, "login"), { force: true });
      return end(0);
    case "pull":
      if (!existsSync(join(state, "login")) || !existsSync(imageFolder(name))) return end(1, "denied");
      writeFileSync(join(imageFolder(name), "pulled"), "");
      return end(0);
    case "image":
      if (rest[0] === "rm") rmSync(join(imageFolder(name), "pulled"), { force: true });
      return end(existsSync(join(imageFolder(name), "pulled")) || rest[0] === "rm" ? 0 : 1);
    case "inspect": {
      const found = rest.flatMap((wanted) => read(wanted) ?? []);
      process.stdout.write(
        JSON.stringify(
          found.map(({ name: own, pid, image, labels }) => {
            const running = alive(pid);
            const State = { Status: running ? "running" : "exited", ExitCode: running ? 0 : 1, OOMKilled: false };
            return { Name: `/${own}`, State, RestartCount: 0, Config: { Image: image, Labels: labels } };
          }),
        ),
      );
      return end(found.length === rest.length ? 0 : 1);
    }
    case "update":
      write({ ...read(name), cpuShares: Number(rest[rest.indexOf("--cpu-shares") + 1]) });
      return end(0);
    case "kill":
      process.kill(read(name).pid, rest[1]);
      return end(0);
    case "restart":
      await stop(read(name), Number(rest[1]));
      launch(read(name));
      return end(0);
    case "logs": {
      const lines = readFileSync(join(state, `${name}.log`), "utf8")
        .trim()
        .split("\n");
      const since = rest.includes("--since") ? Date.now() / 1000 - parseFloat(rest[rest.indexOf("--since") + 1]) : 0;
      // Caddy's own lines have a time.
      return end(0, lines.filter((line) => Number(/"ts":([\d.]+)/.exec(line)?.[1] ?? Infinity) >= since).join("\n"));
    }
    case "ps":
      if (rest.includes("--quiet")) return end(0);
      return end(
        0,
        readdirSync(join(state, "containers"))
          .map((entry) => entry.replace(".json", ""))
          .join("\n"),
      );
    case "exec": {
      const container = read(rest[0]);
      const child = spawn(rest[1], rest.slice(2), { stdio: "inherit", env: { ...process.env, ...container.env } });
      return child.on("exit", (code) => end(code ?? 1));
    }
    case "compose":
      return compose(rest);
    case "reap":
      for (const entry of readdirSync(join(state, "containers"))) await stop(read(entry.replace(".json", "")), 2);
      return end(0);
    default:
      return end(64, `${verb} is not known`);
  }
}

await main();
