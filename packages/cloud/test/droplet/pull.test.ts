import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Registry, startRegistry } from "./registry.ts";
import { image, type Rig, startRig } from "./support.ts";

let rig: Rig;
let registry: Registry;
let digest: string;
const base = { "etc/release": "base\n", "app/gone.txt": "x", "link@": "app" };
const hello = (name: string) => ({
  "app/server.mjs": `console.log("hello from ${name}")`,
  "app/.wh.gone.txt": "",
  "link/by-link.txt": "y",
});

beforeAll(async () => {
  registry = await startRegistry("ada", "tok3n");
  digest = registry.push("ada/shop:tree-1", await image([base, hello("one")]));
  rig = await startRig({ registries: { "ghcr.io": registry.url } });
});
afterAll(async () => {
  await rig.close();
  await registry.close();
});

describe("pulling from a registry", () => {
  test("a private image needs a login, whose password travels by stdin", async () => {
    const refused = await rig.ssh(`docker pull -q ghcr.io/ada/shop@${digest}`);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("bad credentials");
    const wrong = await rig.ssh("docker login ghcr.io --username ada --password-stdin", { stdin: "guess" });
    expect(wrong.code).toBe(1);
    expect(await rig.ok("docker login ghcr.io --username ada --password-stdin", "tok3n\n")).toBe("Login Succeeded\n");
  });

  test("by digest, layers one over the other, through an index", async () => {
    const reference = `ghcr.io/ada/shop@${digest}`;
    expect((await rig.ssh(`docker image inspect --format '{{.Id}}' ${reference}`)).code).toBe(1);
    expect(await rig.ok(`docker pull --quiet ${reference}`)).toBe(`${reference}\n`);
    expect(await rig.ok(`docker image inspect --format '{{.Id}}' ${reference}`)).toMatch(/^sha256:[0-9a-f]{64}\n$/);
    expect(await rig.ok(`docker run --rm ${reference}`)).toBe("hello from one\n");
    // A whiteout took a file of the base away; a file below a link landed in its target.
    const listing = await rig.ok(`docker run --rm ${reference} node -p 'fs.readdirSync(".").join()'`);
    expect(listing).toBe("by-link.txt,server.mjs\n");
  });

  test("layers that are there already are not fetched again", async () => {
    registry.push("ada/shop:tree-2", await image([base, hello("two")]));
    registry.served.length = 0;
    const said = await rig.ok("docker pull ghcr.io/ada/shop:tree-2");
    expect(said).toMatch(
      /^tree-2: Pulling from ada\/shop\n[0-9a-f]{12}: Already exists\n[0-9a-f]{12}: Pull complete\nDigest: sha256:/,
    );
    expect(registry.served.filter((path) => path.includes("/blobs/"))).toHaveLength(2);
    expect(await rig.ok("docker pull ghcr.io/ada/shop:tree-2")).toContain(
      "Status: Image is up to date for ghcr.io/ada/shop:tree-2",
    );
    expect(await rig.ok("docker run --rm ghcr.io/ada/shop:tree-2")).toBe("hello from two\n");
  });

  test("an image that was removed comes back whole", async () => {
    await rig.ok("docker rmi ghcr.io/ada/shop:tree-2 && docker image prune --all --force");
    expect(await rig.ok("docker images -q")).toBe("");
    expect(await rig.ok("docker run --rm ghcr.io/ada/shop:tree-2 2>/dev/null")).toContain("hello from two\n");
  });

  test("content that does not match its digest is refused", async () => {
    const parts = await image([base, hello("three")]);
    registry.push("ada/shop:tree-3", parts);
    const layer = [...registry.content].findLast(([, bytes]) => bytes === parts.layers[1]);
    registry.content.set(layer?.[0] ?? "", Buffer.from("something else"));
    const result = await rig.ssh("docker pull ghcr.io/ada/shop:tree-3");
    expect(result.code).toBe(1);
    expect(result.stderr).toContain("filesystem layer verification failed for digest sha256:");
    expect((await rig.ssh("docker run --pull never ghcr.io/ada/shop:tree-3")).code).toBe(125);
  });

  test("what is not there, and who has logged out", async () => {
    expect((await rig.ssh("docker pull ghcr.io/ada/shop:none")).stderr).toContain(
      "manifest for ghcr.io/ada/shop:none not found: manifest unknown",
    );
    expect(await rig.ok("docker logout ghcr.io")).toBe("Removing login credentials for ghcr.io\n");
    expect((await rig.ssh("docker pull ghcr.io/ada/shop:tree-2")).code).toBe(1);
  });
});
