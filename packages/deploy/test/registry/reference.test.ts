import { expect, test } from "vitest";
import { parseChallenge } from "../../src/registry/auth.ts";
import { parseReference, registryUrl } from "../../src/registry/reference.ts";

const digest = `sha256:${"0".repeat(64)}`;

test.each([
  ["node", { host: "docker.io", repository: "library/node" }],
  [
    "docker.io/library/node:24-bookworm-slim",
    { host: "docker.io", repository: "library/node", tag: "24-bookworm-slim" },
  ],
  [`ghcr.io/ada/shop@${digest}`, { host: "ghcr.io", repository: "ada/shop", digest }],
  [`127.0.0.1:5000/ada/shop:v1@${digest}`, { host: "127.0.0.1:5000", repository: "ada/shop", tag: "v1", digest }],
  ["localhost/shop", { host: "localhost", repository: "shop" }],
  ["ada/my_app--x", { host: "docker.io", repository: "ada/my_app--x" }],
])("%s", (text, expected) => {
  expect(parseReference(text)).toEqual(expected);
});

test("what is no reference is refused", () => {
  expect(() => parseReference("ghcr.io/Ada/Shop")).toThrow("Not an image reference");
});

test("a mirror stands for Docker Hub only", () => {
  expect(registryUrl("docker.io", undefined)).toBe("https://registry-1.docker.io");
  expect(registryUrl("docker.io", "http://127.0.0.1:7/")).toBe("http://127.0.0.1:7");
  expect(registryUrl("ghcr.io", "http://127.0.0.1:7")).toBe("https://ghcr.io");
});

test("challenges", () => {
  expect(parseChallenge('Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:a/b:pull"')).toEqual({
    scheme: "bearer",
    realm: "https://ghcr.io/token",
    service: "ghcr.io",
    scope: "repository:a/b:pull",
  });
  expect(parseChallenge('Basic realm="x"')).toEqual({ scheme: "basic", realm: "x" });
  expect(parseChallenge(undefined)).toBeUndefined();
});
