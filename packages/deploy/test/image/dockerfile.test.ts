import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type DogeError, Secret } from "@doge/core";
import { nodeMachine } from "@doge/core/node";
import { buildDockerfile, dockerfileCommands } from "../../src/image/dockerfile.ts";

const build = {
  folder: "/work/tree",
  host: "ghcr.io",
  repository: "ada/shop",
  tree: "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
  source: "https://github.com/ada/shop",
};

test("the commands, to the letter", () => {
  const { build: argv, login, push } = dockerfileCommands(build);
  expect(login("ada").join(" ")).toBe("docker login ghcr.io --username ada --password-stdin");
  expect(argv.join(" ")).toBe(
    "docker build --progress plain --platform linux/amd64 " +
      "--tag ghcr.io/ada/shop:tree-4b825dc642cb6eb9a060e54bf8d69288fbee4904 --tag ghcr.io/ada/shop:build-cache " +
      "--label org.opencontainers.image.revision=4b825dc642cb6eb9a060e54bf8d69288fbee4904 " +
      "--label org.opencontainers.image.source=https://github.com/ada/shop " +
      "--label dev.doge.tree=4b825dc642cb6eb9a060e54bf8d69288fbee4904 " +
      "--cache-from ghcr.io/ada/shop:build-cache --build-arg BUILDKIT_INLINE_CACHE=1 /work/tree",
  );
  expect(push.map((words) => words.join(" "))).toEqual([
    "docker push --quiet ghcr.io/ada/shop:build-cache",
    "docker push --quiet ghcr.io/ada/shop:tree-4b825dc642cb6eb9a060e54bf8d69288fbee4904",
  ]);
});

test("without a registry it is built under a name of its own, and saved", () => {
  const { buildHere, save } = dockerfileCommands({ ...build, host: "droplet.invalid" });
  expect(buildHere.join(" ")).toBe(
    "docker build --progress plain --platform linux/amd64 " +
      "--tag droplet.invalid/ada/shop:tree-4b825dc642cb6eb9a060e54bf8d69288fbee4904 " +
      "--label org.opencontainers.image.revision=4b825dc642cb6eb9a060e54bf8d69288fbee4904 " +
      "--label org.opencontainers.image.source=https://github.com/ada/shop " +
      "--label dev.doge.tree=4b825dc642cb6eb9a060e54bf8d69288fbee4904 /work/tree",
  );
  expect(save("/tmp/image.tar").join(" ")).toBe(
    "docker save --output /tmp/image.tar droplet.invalid/ada/shop:tree-4b825dc642cb6eb9a060e54bf8d69288fbee4904",
  );
});

/** A program in place of docker that writes down how it was called: argv, standard input, configuration folder. */
const recorder = `#!/bin/sh
if [ "$1" = version ]; then [ -z "$NO_ENGINE" ] || { echo "no engine here" >&2; exit 1; }; echo 27; exit 0; fi
if [ "$1" = login ]; then printf 'stdin %s\\n' "$(cat)" >> "$RECORD"; fi
if [ "$1" = build ] && [ -n "$BREAK_BUILD" ]; then echo "#7 ERROR: no such file" >&2; exit 1; fi
printf '%s %s\\n' "$DOCKER_CONFIG" "$*" >> "$RECORD"
`;

const path = process.env["PATH"];
let folder: string;
let record: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "doge-dockerfile-"));
  record = join(folder, "record");
  writeFileSync(join(folder, "docker"), recorder);
  chmodSync(join(folder, "docker"), 0o755);
  writeFileSync(join(folder, "Dockerfile"), "FROM scratch\n");
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  Object.assign(process.env, { PATH: path, NO_ENGINE: "", BREAK_BUILD: "" });
});

function run(env: Record<string, string> = {}): Promise<void> {
  // Programs are found by this process's own PATH.
  Object.assign(process.env, { PATH: `${folder}:${path}`, RECORD: record, NO_ENGINE: "", BREAK_BUILD: "", ...env });
  return buildDockerfile(nodeMachine(), {
    ...build,
    folder,
    credentials: { username: "ada", token: new Secret("canary-1f2e3d") },
    configFolder: join(folder, "config"),
  });
}

const problem = async (env: Record<string, string>): Promise<unknown> => {
  const thrown = await run(env).then(
    () => undefined,
    (caught: unknown) => caught as DogeError,
  );
  return thrown?.diagnostics[0];
};

test("the token goes by standard input into a configuration of its own, which does not stay", async () => {
  await run();
  const lines = readFileSync(record, "utf8").trim().split("\n");
  expect(lines[0]).toBe("stdin canary-1f2e3d");
  expect(lines.slice(1).every((line) => line.startsWith(join(folder, "config")) && !line.includes("canary"))).toBe(
    true,
  );
  expect(lines.map((line) => line.split(" ")[1])).toEqual(["canary-1f2e3d", "login", "build", "push", "push"]);
  expect(await nodeMachine().files.exists(join(folder, "config"))).toBe(false);
});

test("what goes wrong has its last lines and a remedy; the configuration does not stay then either", async () => {
  expect(await problem({ NO_ENGINE: "1" })).toMatchObject({ code: "image-no-engine", detail: "no engine here" });
  expect(await problem({ BREAK_BUILD: "1" })).toMatchObject({
    code: "image-build-failed",
    detail: "docker build ended with 1:\n#7 ERROR: no such file",
  });
  expect(await nodeMachine().files.exists(join(folder, "config"))).toBe(false);
  rmSync(join(folder, "Dockerfile"));
  expect(await problem({})).toMatchObject({ code: "image-no-dockerfile" });
});
