import { createHash, randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { type Machine, Secret } from "../../../packages/core/src/index.ts";
import { createRegistry, findImageForTree, type Registry, tagImage } from "../../../packages/deploy/src/index.ts";
import { media } from "../../../packages/deploy/src/registry/media.ts";
import { codeOf } from "./rig.ts";

export interface RegistryPlace {
  readonly machine: Machine;
  readonly url: string;
  readonly username: string;
  readonly token: Secret;
}

/** Over HTTP a status says no more; a droplet's store names the blob. */
const refused = /^(registry-failed|image-incomplete)$/;

const digestOf = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** A registry behind HTTP: what every registry does, and what only one does that has several repositories and users. */
export function registryConformance(place: () => RegistryPlace): void {
  const open = (credentials?: { readonly username: string; readonly password: Secret }): Registry => {
    const { machine, url } = place();
    return createRegistry({ http: machine.http, clock: machine.clock, url, ...(credentials ? { credentials } : {}) });
  };
  const mine = (): Registry => open({ username: place().username, password: place().token });
  imagesConformance(mine, (repository, push) => {
    test("mounts a blob of another repository instead of taking it again", async () => {
      const layer = randomBytes(1_000);
      await push("source", layer);
      const other = `${repository}-other`;
      let asked = 0;
      const content = async (): Promise<Uint8Array> => ((asked += 1), layer);
      const outcome = await mine().putBlob(other, { digest: digestOf(layer), content }, repository);
      expect([outcome, asked]).toEqual(["mounted", 0]);
      expect(digestOf(await mine().blob(other, digestOf(layer)))).toBe(digestOf(layer));
    });

    test("lets nobody in without the token, and nobody write who may not", async () => {
      await push("private");
      const wrong = open({ username: place().username, password: new Secret("wrong") });
      const blob = { digest: digestOf(Buffer.from("x")), content: async () => Buffer.from("x") };
      expect(await codeOf(wrong.resolve(repository, "private"))).toMatch(/^registry-(auth|denied)$/);
      expect(await codeOf(open().manifest(repository, "private"))).toMatch(/^registry-(auth|denied)$/);
      expect(await codeOf(open().putBlob(repository, blob))).toMatch(/^registry-(auth|denied)$/);
    });

    test("says of one that is not there that it can't be reached", async () => {
      const { machine } = place();
      const clock = { ...machine.clock, sleep: async () => {} };
      const nobody = createRegistry({ http: machine.http, clock, url: "http://127.0.0.1:9" });
      expect(await codeOf(nobody.resolve(repository, "any"))).toBe("registry-unreachable");
    });

    test("knows nothing of a repository that nobody pushed to", async () => {
      await push("tree-abc");
      expect(await findImageForTree(mine(), `${repository}-never`, "abc")).toBeUndefined();
    });
  });
}

type Push = (tag: string, layer?: Uint8Array) => Promise<string>;

/** What must hold for `Registry`, wherever it keeps images: whole content by digest, tags that move, nothing sent twice. */
export function imagesConformance(
  mine: () => Registry,
  more: (repository: string, push: Push) => void = () => {},
): void {
  describe("Registry", () => {
    // Names of their own: a registry may remember what an earlier run pushed.
    const mark = Date.now().toString(36);
    const repository = `doge/suite-${mark}`;
    const blobOf = (bytes: Uint8Array) => ({ digest: digestOf(bytes), content: async () => bytes });

    /** Pushes an image of one layer under a tag; returns its digest. */
    const push: Push = async (tag, layer = randomBytes(1_000)) => {
      const into = repository;
      const registry = mine();
      const config = Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", tag }));
      await registry.putBlob(into, blobOf(layer));
      await registry.putBlob(into, blobOf(config));
      const manifest = {
        schemaVersion: 2,
        mediaType: media.manifest,
        config: { mediaType: media.config, digest: digestOf(config), size: config.byteLength },
        layers: [{ mediaType: media.layer, digest: digestOf(layer), size: layer.byteLength }],
      };
      return registry.putManifest(into, tag, media.manifest, Buffer.from(JSON.stringify(manifest)));
    };
    more(repository, push);

    test("takes a blob of megabytes once, and gives it back whole", async () => {
      const registry = mine();
      const bytes = randomBytes(6_000_000);
      const { digest } = blobOf(bytes);
      expect(await registry.hasBlob(repository, digest)).toBe(false);
      expect(await registry.putBlob(repository, blobOf(bytes))).toBe("uploaded");
      expect(await registry.hasBlob(repository, digest)).toBe(true);
      expect(await registry.putBlob(repository, blobOf(bytes))).toBe("present");
      expect(digestOf(await registry.blob(repository, digest))).toBe(digest);
      expect(await codeOf(registry.blob(repository, digestOf(Buffer.from("absent"))))).toMatch(refused);
    });

    test("refuses a blob that is not what its digest says, and keeps none of it", async () => {
      const registry = mine();
      const digest = digestOf(randomBytes(10));
      const content = async (): Promise<Uint8Array> => Buffer.from("something else");
      expect(await codeOf(registry.putBlob(repository, { digest, content }))).toMatch(refused);
      expect(await registry.hasBlob(repository, digest)).toBe(false);
    });

    test("finds an image by tag and by digest, byte for byte, and says where there is none", async () => {
      const digest = await push("tree-abc");
      const registry = mine();
      const [byTag, byDigest] = await Promise.all([
        registry.manifest(repository, "tree-abc"),
        registry.manifest(repository, digest),
      ]);
      expect(byTag).toEqual(byDigest);
      expect(byTag).toMatchObject({ digest, mediaType: media.manifest });
      expect(digestOf(byTag?.bytes ?? Buffer.from(""))).toBe(digest);
      expect(await registry.resolve(repository, "tree-abc")).toBe(digest);
      expect(await findImageForTree(registry, repository, "abc")).toMatchObject({ digest });
      expect(await registry.resolve(repository, "no-such-tag")).toBeUndefined();
      expect(await registry.manifest(repository, `sha256:${"0".repeat(64)}`)).toBeUndefined();
    });

    test("moves a tag, and the image before stays under its digest", async () => {
      const [first, second] = [await push("moving"), await push("moving")];
      const registry = mine();
      expect(await registry.resolve(repository, "moving")).toBe(second);
      expect((await registry.manifest(repository, first))?.digest).toBe(first);
      expect(await tagImage(registry, repository, first, "proven")).toBe(true);
      expect(await registry.resolve(repository, "proven")).toBe(first);
      expect(await tagImage(registry, repository, `sha256:${"0".repeat(64)}`, "proven")).toBe(false);
    });

    test("refuses a manifest whose layers it does not have", async () => {
      const absent = { mediaType: media.layer, digest: digestOf(randomBytes(5)), size: 5 };
      const bytes = Buffer.from(
        JSON.stringify({ schemaVersion: 2, mediaType: media.manifest, config: absent, layers: [absent] }),
      );
      expect(await codeOf(mine().putManifest(repository, "broken", media.manifest, bytes))).toMatch(refused);
      expect(await mine().resolve(repository, "broken")).toBeUndefined();
    });

    test("of many who push the same at once, all are served", async () => {
      const layer = randomBytes(500_000);
      const digests = await Promise.all(Array.from({ length: 6 }, (_, i) => push(`same-${i % 2}`, layer)));
      expect(new Set(digests).size).toBe(2);
      expect(digestOf(await mine().blob(repository, digestOf(layer)))).toBe(digestOf(layer));
    });
  });
}
