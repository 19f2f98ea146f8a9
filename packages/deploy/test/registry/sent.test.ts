import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { nodeMachine } from "@doge/core/node";
import { releaseComposeFile } from "../../src/release/compose-file.ts";
import { readSaved } from "../../src/image/saved.ts";
import { digestOf } from "../../src/registry/client.ts";
import { readStore, staleIn } from "../../src/registry/prune.ts";
import { engineName, isSent } from "../../src/registry/sent.ts";
import { loadArgv } from "../../src/registry/take.ts";

const hex = (letter: string): string => letter.repeat(64);
const digest = (letter: string): string => `sha256:${hex(letter)}`;

test("an image that was sent has a name that an engine takes and no registry answers; any other keeps its own", () => {
  const sent = `droplet.invalid/ada/shop@${digest("a")}`;
  expect([isSent(sent), engineName(sent)]).toEqual([true, `droplet.invalid/ada/shop:sha256-${hex("a")}`]);
  const pulled = `ghcr.io/ada/shop@${digest("a")}`;
  expect([isSent(pulled), engineName(pulled)]).toEqual([false, pulled]);
});

test("the compose file of a release that was sent never asks a registry", () => {
  const file = (host: string): string =>
    releaseComposeFile({
      target: { project: "shop", environment: "prod" },
      slot: "blue",
      number: 1,
      image: { reference: `${host}/ada/shop@${digest("a")}`, digest: digest("a"), tree: "1", commit: "2" },
      settings: { domains: ["shop.test"], port: 3000, alivePath: "/", readyPath: "/", appEnvFiles: [] },
    });
  expect(file("droplet.invalid")).toContain(
    `    image: droplet.invalid/ada/shop:sha256-${hex("a")}\n    pull_policy: never\n`,
  );
  expect(file("ghcr.io")).not.toContain("pull_policy");
});

test("the archive that the engine loads says the same in Docker's words and in OCI's", () => {
  const manifest = {
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: { digest: digest("c") },
    layers: [{ digest: digest("b") }, { digest: digest("d") }, { digest: digest("b") }],
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const stored = { digest: digest("a"), mediaType: manifest.mediaType, bytes };
  const [folder, own, index, ...blobs] = loadArgv("/images", "droplet.invalid/shop:x", stored).slice(4);
  expect(folder).toBe("/images");
  expect(JSON.parse(own ?? "")).toEqual([
    {
      Config: `blobs/sha256/${hex("c")}`,
      RepoTags: ["droplet.invalid/shop:x"],
      Layers: ["b", "d", "b"].map((letter) => `blobs/sha256/${hex(letter)}`),
    },
  ]);
  expect(JSON.parse(index ?? "")).toMatchObject({
    manifests: [
      {
        digest: digest("a"),
        size: bytes.length,
        annotations: { "io.containerd.image.name": "droplet.invalid/shop:x" },
      },
    ],
  });
  expect(blobs).toEqual([hex("a"), hex("c"), hex("b"), hex("d")]);
});

test("what goes of a store: everything but kept images, their dependencies, and proof", () => {
  const manifest = (config: string, ...layers: readonly string[]): string =>
    JSON.stringify({ config: { digest: digest(config) }, layers: layers.map((layer) => ({ digest: digest(layer) })) });
  const store = readStore(
    [
      `tag tree-1 ${digest("1")}`,
      `tag proven-1 ${digest("1")}`,
      `tag tree-2 ${digest("2")}`,
      `tag dependencies-old ${digest("3")}`,
      `tag dependencies-new ${digest("4")}`,
      `tag proven-0 ${digest("0")}`,
      ..."12345abcdef".split("").map((letter) => `blob ${hex(letter)}`),
      `manifest ${digest("1")} ${manifest("a", "b", "c")}`,
      `manifest ${digest("2")} ${manifest("d", "b", "e")}`,
      `manifest ${digest("3")} ${manifest("f", "c")}`,
      `manifest ${digest("4")} ${manifest("f", "e")}`,
      "",
    ].join("\n"),
  );
  expect(staleIn(store, { images: [digest("2")], tags: [digest("1"), digest("2")] })).toEqual([
    "tags/tree-1",
    "tags/dependencies-old",
    "tags/proven-0",
    ...["1", "3", "5", "a", "c"].map((letter) => `blobs/sha256/${hex(letter)}`),
  ]);
});

test("an image that an engine saved: the same layer is always the same bytes, and comes once", async () => {
  const folder = mkdtempSync(join(tmpdir(), "doge-saved-"));
  try {
    const config = JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { diff_ids: ["x", "y", "x"] } });
    mkdirSync(join(folder, "archive/blobs"), { recursive: true });
    writeFileSync(join(folder, "archive/config.json"), config);
    writeFileSync(join(folder, "archive/blobs/one"), "layer one ".repeat(1_000));
    writeFileSync(join(folder, "archive/blobs/two"), "layer two");
    const Layers = ["blobs/one", "blobs/two", "blobs/one"];
    writeFileSync(
      join(folder, "archive/manifest.json"),
      JSON.stringify([{ Config: "config.json", RepoTags: null, Layers }]),
    );
    execFileSync("tar", ["-cf", join(folder, "saved.tar"), "-C", join(folder, "archive"), "."]);
    const read = (into: string) =>
      readSaved({ machine: nodeMachine(), file: join(folder, "saved.tar"), folder: join(folder, into), tree: "abc" });
    const image = await read("first");
    expect((await read("second")).digest).toBe(image.digest);
    const contents = await Promise.all(image.blobs.map(({ content }) => content()));
    expect(contents.map(digestOf)).toEqual(image.blobs.map((blob) => blob.digest));
    expect(contents.slice(0, 2).map((bytes) => gunzipSync(bytes).toString().slice(0, 9))).toEqual([
      "layer one",
      "layer two",
    ]);
    const manifest = JSON.parse(Buffer.from(image.manifest).toString()) as { layers: { digest: string }[] };
    expect(manifest.layers.map((layer) => layer.digest)).toEqual([0, 1, 0].map((i) => image.blobs[i]?.digest));
    expect(Buffer.from(contents[2] ?? "").toString()).toBe(config);

    writeFileSync(join(folder, "saved.tar"), "no archive");
    await expect(read("third")).rejects.toMatchObject({ diagnostics: [{ code: "image-unreadable" }] });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
