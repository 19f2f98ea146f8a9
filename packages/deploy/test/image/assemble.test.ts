import { chmod, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { extract } from "tar-stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type DogeError, Secret } from "@doge/core";
import { nodeClock, nodeHttp, nodeMachine } from "@doge/core/node";
import { assembleImage, type AssembledImage, createRegistry, findImageForTree, pushImage } from "../../src/index.ts";
import { type RegistryServer, startRegistry } from "../support/registry-server.ts";

let server: RegistryServer;
let folder: string;
const top = await mkdtemp(join(tmpdir(), "doge-image-"));
const tree = "1f2e".padEnd(40, "0");

const files: Readonly<Record<string, string>> = {
  "package.json": JSON.stringify({
    name: "shop",
    version: "1.0.0",
    scripts: { start: "node src/server.ts", prepare: "exit 1" },
    dependencies: { local: "file:./local" },
    devDependencies: { tool: "file:.doge/missing.tgz" },
  }),
  "package-lock.json": "{}",
  ".dockerignore": "# rules\n.*\n*.md\ntest\n!keep.md\n",
  "src/server.ts": "console.log(1)",
  "test/a.test.ts": "",
  "README.md": "",
  "keep.md": "kept",
  ".env": "SECRET=1",
};

beforeAll(async () => {
  server = await startRegistry();
  server.seed("library/node", "24-bookworm-slim");
});
afterAll(async () => {
  await server.stop();
  await rm(top, { recursive: true });
});

async function project(changes: Readonly<Record<string, string>> = {}): Promise<string> {
  folder = await mkdtemp(join(top, "project-"));
  for (const [path, content] of Object.entries({ ...files, ...changes })) {
    await mkdir(join(folder, path, ".."), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return folder;
}

const withoutDependencies = { "package.json": JSON.stringify({ scripts: { start: "node src/server.ts" } }) };

const assemble = async (from: string, more: { readonly compile?: readonly string[] } = {}): Promise<AssembledImage> =>
  assembleImage({
    ...more,
    machine: nodeMachine({ DOGE_REGISTRY_MIRROR: server.url }),
    folder: from,
    tree,
    source: "https://github.test/ada/shop",
    cacheFolder: join(top, "cache"),
  });

async function listing(layer: Uint8Array): Promise<string[]> {
  const names: string[] = [];
  const archive = extract();
  archive.on("entry", ({ name, mode, uid, mtime, linkname }, stream, next) => {
    names.push(
      [name, mode?.toString(8), uid, mtime?.getTime(), linkname]
        .filter((part) => part !== undefined && part !== null)
        .join(" "),
    );
    stream.on("end", next).resume();
  });
  const done = new Promise<void>((resolve) => archive.on("finish", () => resolve()));
  archive.end(gunzipSync(layer));
  await done;
  return names;
}

test("the layer holds the project without what is ignored, with fixed owners, modes and times", async () => {
  const from = await project(withoutDependencies);
  await symlink("server.ts", join(from, "src/main.ts"));
  await writeFile(join(from, "run"), "#!/bin/sh");
  await chmod(join(from, "run"), 0o711);
  const image = await assemble(from);
  const [layer] = [...image.layers.values()];
  expect(await listing((await layer?.bytes()) ?? new Uint8Array())).toEqual([
    "app/ 755 0 0",
    "app/keep.md 644 0 0",
    "app/package-lock.json 644 0 0",
    "app/package.json 644 0 0",
    "app/run 755 0 0",
    "app/src/ 755 0 0",
    "app/src/main.ts 777 0 0 server.ts",
    "app/src/server.ts 644 0 0",
  ]);
  await rm(from, { recursive: true });
});

test("the same tree gives the same digest, whatever the times of its files; another content another", async () => {
  const [one, two, other] = [
    await project(withoutDependencies),
    await project(withoutDependencies),
    await project({ ...withoutDependencies, "src/server.ts": "x" }),
  ];
  await utimes(join(two, "src/server.ts"), 1, 1);
  const digests = await Promise.all([one, two, other].map(async (from) => (await assemble(from)).digest));
  expect(digests[0]).toBe(digests[1]);
  expect(digests[0]).not.toBe(digests[2]);
});

test("the configuration runs the start script on the base, as a user without rights", async () => {
  const image = await assemble(await project(withoutDependencies));
  const { config, rootfs, created } = JSON.parse(Buffer.from(image.configuration).toString()) as Record<string, never>;
  expect({ config, created }).toEqual({
    created: "1970-01-01T00:00:00Z",
    config: {
      Entrypoint: ["docker-entrypoint.sh"],
      User: "1000:1000",
      WorkingDir: "/app",
      Env: ["PATH=/usr/local/bin", "NODE_ENV=production", "PORT=3000"],
      Cmd: ["node", "src/server.ts"],
      ExposedPorts: { "3000/tcp": {} },
      Labels: {
        "org.opencontainers.image.created": "1970-01-01T00:00:00Z",
        "org.opencontainers.image.revision": tree,
        "org.opencontainers.image.source": "https://github.test/ada/shop",
        "org.opencontainers.image.base.digest": image.base.digest,
        "dev.doge.tree": tree,
      },
    },
  });
  expect(rootfs).toMatchObject({ diff_ids: ["sha256:base", [...image.layers.values()][0]?.diffId] });
});

test("production dependencies are a layer of their own; development ones, even files that are not here, are left out", async () => {
  const manifest = {
    name: "shop",
    version: "1.0.0",
    scripts: { start: "node a.js", prepare: "exit 1" },
    dependencies: { dep: "file:dep.tgz" },
    devDependencies: { tool: "file:.doge/tool.tgz" },
  };
  const { scripts: _, ...root } = manifest;
  const lock = {
    name: "shop",
    version: "1.0.0",
    lockfileVersion: 3,
    requires: true,
    packages: {
      "": root,
      "node_modules/dep": { version: "1.0.0", resolved: "file:dep.tgz" },
      "node_modules/tool": { version: "0.1.0", resolved: "file:.doge/tool.tgz", dev: true },
    },
  };
  const from = await project({
    "package.json": JSON.stringify(manifest),
    "package-lock.json": JSON.stringify(lock),
  });
  // npm stands in: what matters is what it is given, and what is made of what it leaves.
  const given: Record<string, string | undefined> = {};
  const machine = nodeMachine({ DOGE_REGISTRY_MIRROR: server.url });
  let installs = 0;
  const processes = {
    ...machine.processes,
    run: async ({ argv, cwd = "" }: { readonly argv: readonly string[]; readonly cwd?: string }) => {
      installs++;
      given["argv"] = argv.slice(0, 3).join(" ");
      given["manifest"] = await machine.files.read(join(cwd, "package.json"));
      given["lock"] = await machine.files.read(join(cwd, "package-lock.json"));
      await machine.files.write(join(cwd, "node_modules/dep/index.js"), "1");
      return { exitCode: 0, stdout: "", stderr: "" };
    },
  };
  const registry = createRegistry({
    http: machine.http,
    clock: machine.clock,
    url: server.url,
    credentials: { username: "ada", password: new Secret("right") },
  });
  const build = (cache = "cache-a"): Promise<AssembledImage> =>
    assembleImage({
      machine: { ...machine, processes },
      folder: from,
      tree,
      source: "",
      cacheFolder: join(top, cache),
      shared: { registry, repository: "ada/layers" },
    });
  const image = await build();
  expect(await listing((await [...image.layers.values()][0]?.bytes()) ?? new Uint8Array())).toEqual([
    "app/node_modules/ 755 0 0",
    "app/node_modules/dep/ 755 0 0",
    "app/node_modules/dep/index.js 644 0 0",
  ]);
  expect(given["argv"]).toBe("npm ci --omit=dev");
  expect(`${given["manifest"]}${given["lock"]}`).not.toMatch(/tool|prepare/);
  const again = await build();
  expect([again.digest, again.dependenciesCached, installs]).toEqual([image.digest, true, 1]);
  // Another machine finds the layer in the registry, and needs its bytes only where it is missing.
  const elsewhere = await build("cache-b");
  expect([elsewhere.digest, elsewhere.dependenciesCached, installs]).toEqual([image.digest, true, 1]);
  expect((await pushImage({ registry, repository: "ada/mirror", image: elsewhere })).digest).toBe(image.digest);
  await rm(join(top, "cache-a"), { recursive: true });

  await rm(join(from, "package-lock.json"));
  const thrown = await build().catch((reason: DogeError) => reason.diagnostics[0]?.code);
  expect(thrown).toBe("image-no-lock");
});

test("what the project compiles is in its layer; a compilation that fails says why", async () => {
  const compiled = `require("fs").mkdirSync("dist"); require("fs").writeFileSync("dist/server.js", "1")`;
  const from = await project({
    ...withoutDependencies,
    "compile.cjs": compiled,
    "bad.cjs": "throw new Error('no types')",
  });
  const { layers } = await assemble(from, { compile: ["node", "compile.cjs"] });
  const [layer] = [...layers.values()];
  expect(await listing((await layer?.bytes()) ?? new Uint8Array())).toContain("app/dist/server.js 644 0 0");
  const thrown = await assemble(from, { compile: ["node", "bad.cjs"] }).catch(
    (error: DogeError) => error.diagnostics[0],
  );
  expect(thrown).toMatchObject({ code: "image-compile", detail: expect.stringContaining("no types") });
});

test("a start script that needs a shell is named", async () => {
  const from = await project({ "package.json": JSON.stringify({ scripts: { start: "npm run build && node a.js" } }) });
  const thrown = await assemble(from).catch((reason: DogeError) => reason.diagnostics[0]);
  expect(thrown).toMatchObject({ code: "image-start", detail: "start is: npm run build && node a.js" });
});

test("pushing sends what is missing, tags the tree last, and sends nothing the second time", async () => {
  const image = await assemble(await project(withoutDependencies));
  const registryFor = (password: string) =>
    createRegistry({
      http: nodeHttp({}),
      clock: nodeClock,
      url: server.url,
      credentials: { username: "ada", password: new Secret(password) },
    });
  const registry = registryFor("right");
  server.requests.length = 0;
  expect(await findImageForTree(registry, "ada/shop", tree)).toBeUndefined();
  const pushed = await pushImage({ registry, repository: "ada/shop", image });
  expect(pushed).toEqual({
    reference: `${new URL(server.url).host}/ada/shop@${image.digest}`,
    digest: image.digest,
    tree,
  });
  // The base's layer is in the same registry: mounted, not sent.
  expect(server.requests.filter((line) => line.startsWith("PUT /v2/ada/shop/blobs"))).toHaveLength(2);
  expect(server.requests.at(-1)).toBe(`PUT /v2/ada/shop/manifests/tree-${tree}`);
  expect(await findImageForTree(registry, "ada/shop", tree)).toEqual(pushed);

  server.requests.length = 0;
  await pushImage({ registry, repository: "ada/shop", image });
  expect(server.requests.filter((line) => /^(PUT|POST) .*blobs/.test(line))).toEqual([]);

  const denied = await pushImage({ registry: registryFor("wrong"), repository: "ada/other", image }).catch(
    (reason: DogeError) => reason.diagnostics[0]?.code,
  );
  expect(denied).toBe("registry-auth");
});
