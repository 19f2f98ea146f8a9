import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { contentIn, type Host, type ImageContent, pushContent, storeOn } from "../../../packages/deploy/src/index.ts";
import { dockerOn } from "../../../packages/deploy/src/containers/containers.ts";
import { packLayer } from "../../../packages/deploy/src/image/tar.ts";
import { media } from "../../../packages/deploy/src/registry/media.ts";
import { pruneStore } from "../../../packages/deploy/src/registry/prune.ts";
import { engineName, sentHost } from "../../../packages/deploy/src/registry/sent.ts";
import { takeSent } from "../../../packages/deploy/src/registry/take.ts";
import { registryOf } from "../app.ts";
import { imagesConformance } from "./registry.ts";
import { codeOf, openRelay, type Rig } from "./rig.ts";

const digestOf = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const repository = "doge/ports";

/** What a droplet must do to have images without a registry: keep what is sent, and give it to its engine. */
export function storeConformance(rig: () => Rig): void {
  describe("images sent over SSH", () => {
    let host: Host;
    let folder: string;
    let first: ImageContent;
    let second: ImageContent;
    beforeAll(async () => {
      host = await rig().connect();
      folder = `${(await host.run({ argv: ["mktemp", "-d"] })).stdout.trim()}/images`;
      const found = await contentIn(
        registryOf({ ...rig(), environment: "prod", app: "", cache: "" }),
        repository,
        rig().image,
      );
      if (!found) throw new Error("the suites' image is not in the registry");
      first = found;
      second = await withFile(first, "wow.txt", `much ${randomBytes(8).toString("hex")}\n`);
    });
    afterAll(async () => {
      for (const image of [first, second]) await host?.run({ argv: ["docker", "image", "rm", nameOf(image)] });
      await host?.run({ argv: ["rm", "-rf", folder] });
      await host?.close();
    });

    imagesConformance(() => storeOn(host, folder));

    const sent = ({ digest }: ImageContent) => ({ digest, reference: `${sentHost}/${repository}@${digest}` });
    const nameOf = (image: ImageContent): string => engineName(sent(image).reference);
    /** As a deploy does it; what was sent, and what the image is for. */
    const take = async (image: ImageContent, may = true) => {
      const store = storeOn(host, folder);
      const send = (): Promise<unknown> => pushContent({ registry: store, repository, content: image });
      const containers = dockerOn(host);
      const platform = await takeSent({
        host,
        containers,
        store,
        folder,
        image: sent(image),
        ...(may ? { send } : {}),
      });
      return { ...store.sent, platform };
    };
    const inside = async (image: ImageContent, ...argv: readonly string[]): Promise<string> => {
      const ran = await host.run({ argv: ["docker", "run", "--rm", nameOf(image), ...argv] });
      expect(ran.exitCode === 0 ? "" : ran.stderr).toBe("");
      return ran.stdout;
    };

    test("an image is sent whole, and the engine has it", async () => {
      const { platform, blobs, present, bytes } = await take(first);
      expect(platform).toMatch(/^linux\/(amd64|arm64)$/);
      expect([blobs, present]).toEqual([first.blobs.length, 0]);
      expect(bytes).toBe(first.blobs.reduce((sum, { size }) => sum + size, 0));
      expect(await inside(first, "node", "-p", "6 * 7")).toBe("42\n");
      expect(await take(first)).toMatchObject({ bytes: 0, blobs: 0, present: 0 });
    });

    test("of the next one goes only what is new, without a word to any registry", async () => {
      const { blobs, present, bytes } = await take(second);
      expect([blobs, present]).toEqual([2, first.blobs.length - 1]);
      expect(bytes).toBeLessThan(10_000);
      expect(await inside(second, "cat", "/app/wow.txt")).toMatch(/^much /);
    });

    test("an image that the engine lost comes out of the store again", async () => {
      await host.run({ argv: ["docker", "image", "rm", nameOf(second)] });
      expect(await take(second, false)).toMatchObject({ platform: expect.any(String) as unknown, bytes: 0 });
    });

    test("a name that leads to something else is seen, and led back", async () => {
      await host.run({ argv: ["docker", "tag", nameOf(first), nameOf(second)] });
      await take(second, false);
      expect(await inside(second, "cat", "/app/wow.txt")).toMatch(/^much /);
    });

    test("a blob that broke on the droplet is not used, and sent anew", async () => {
      const layer = second.blobs.at(-2)?.digest.replace("sha256:", "") ?? "";
      await host.run({ argv: ["docker", "image", "rm", nameOf(second)] });
      await host.run({ argv: ["sh", "-c", 'echo x >> "$1"', "sh", `${folder}/blobs/sha256/${layer}`] });
      expect(await codeOf(take(second, false))).toBe("image-incomplete");
      expect(await take(second)).toMatchObject({ blobs: 1 });
      expect(await inside(second, "cat", "/app/wow.txt")).toMatch(/^much /);
    });

    test("what no release needs goes, and its proof stays", async () => {
      const store = storeOn(host, folder);
      await store.putManifest(repository, "proven-first", first.mediaType, first.manifest);
      await pruneStore(host, folder, { images: [second.digest], tags: [first.digest] });
      expect(await store.resolve("", `tree-${first.tree}`)).toBeUndefined();
      expect(await store.resolve("", "proven-first")).toBe(first.digest);
      expect(await store.resolve("", `tree-${second.tree}`)).toBe(second.digest);
      const { stdout } = await host.run({ argv: ["ls", `${folder}/blobs/sha256`] });
      expect(stdout.split("\n").filter(Boolean)).toHaveLength(second.blobs.length + 1);
      await host.run({ argv: ["docker", "image", "rm", nameOf(first)] });
      expect(await codeOf(take(first, false))).toBe("image-gone");
    });

    test("cut in the middle of a blob, it goes on from there", async () => {
      const bytes = randomBytes(60_000_000);
      const blob = { digest: digestOf(bytes), content: async () => bytes };
      const relay = await openRelay(rig().ssh);
      const doomed = await rig().connect({ host: relay.host, port: relay.port });
      const before = storeOn(doomed, folder);
      const sending = codeOf(before.putBlob("", blob));
      while (before.sent.bytes < 5_000_000) await rig().machine.clock.sleep(1);
      relay.cut();
      expect(await sending).toBe("ssh-lost");
      await doomed.close();
      await relay.close();
      const said: string[] = [];
      const after = storeOn(host, folder, (message) => said.push(message));
      expect(await after.hasBlob("", blob.digest)).toBe(false);
      expect(await after.putBlob("", blob)).toBe("uploaded");
      expect(after.sent.bytes).toBeGreaterThan(0);
      expect(after.sent.bytes).toBeLessThan(bytes.byteLength - 1_000_000);
      expect(said.some((line) => line.endsWith(" of 60.0 MB are there already"))).toBe(true);
      expect(digestOf(await after.blob("", blob.digest))).toBe(blob.digest);
    });

    test("what an earlier sender left broken is not taken over", async () => {
      const bytes = randomBytes(200_000);
      const blob = { digest: digestOf(bytes), content: async () => bytes };
      await host.writeFile(`${folder}/incoming/${blob.digest.slice(7)}`, "nonsense".repeat(10_000));
      const store = storeOn(host, folder);
      expect(await codeOf(store.putBlob("", blob))).toBe("image-incomplete");
      expect(await store.putBlob("", blob)).toBe("uploaded");
    });
  });
}

/** The same image with one more file, in a layer of its own. */
async function withFile(image: ImageContent, path: string, text: string): Promise<ImageContent> {
  const layer = await packLayer("app", [
    { path, kind: "file", executable: false, read: async () => Buffer.from(text) },
  ]);
  const own = JSON.parse(Buffer.from(image.manifest).toString()) as { layers: object[] };
  const before = (await image.blobs.at(-1)?.content()) ?? new Uint8Array();
  const settings = JSON.parse(Buffer.from(before).toString()) as { rootfs: { diff_ids: string[] }; history?: object[] };
  const config = Buffer.from(
    JSON.stringify({
      ...settings,
      rootfs: { ...settings.rootfs, diff_ids: [...settings.rootfs.diff_ids, layer.diffId] },
      history: [...(settings.history ?? []), { created_by: "suite" }],
    }),
  );
  const described = { mediaType: media.config, digest: digestOf(config), size: config.byteLength };
  const manifest = Buffer.from(
    JSON.stringify({
      ...own,
      config: described,
      layers: [...own.layers, { mediaType: media.layer, digest: layer.digest, size: layer.size }],
    }),
  );
  return {
    digest: digestOf(manifest),
    tree: "def",
    mediaType: media.manifest,
    manifest,
    blobs: [
      ...image.blobs.slice(0, -1),
      { digest: layer.digest, size: layer.size, content: layer.bytes },
      { ...described, content: async () => config },
    ],
  };
}
