import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { edgeFile } from "../../src/edge/configuration.ts";

const haveCaddy = ((): boolean => {
  try {
    execFileSync("caddy", ["version"]);
    return true;
  } catch {
    return false;
  }
})();

const site = { domains: ["shop.test"], port: 3000, readyPath: "/readyz" } as const;
const production = edgeFile({
  domains: ["shop.test", "www.shop.test"],
  port: 3000,
  readyPath: "/readyz",
  email: "ops@shop.test",
  acmeDirectory: "https://ca.test/directory",
});

test("the configuration of production, to the letter", () => {
  expect(production).toBe(readFileSync(join(import.meta.dirname, "golden/production.json"), "utf8"));
});

test("the maintenance page stands in the app's place, under its headers, and says no markup", () => {
  const text = edgeFile({
    domains: ["shop.test"],
    port: 3000,
    readyPath: "/readyz",
    maintenance: { message: "<b>{env.SECRET}" },
  });
  expect(text).toContain("&#60;b&#62;&#123;env.SECRET&#125;");
  expect(text).toContain('"status_code": 503');
  expect(text).toContain("Strict-Transport-Security");
  expect(text).not.toContain("reverse_proxy");
});

test("a hold lets requests wait for another configuration, which has a server for them; then comes the page", () => {
  const held = edgeFile({ ...site, maintenance: { message: "at work", holdSeconds: 45 } });
  expect(held).toContain('"upstreams": [],');
  expect(held).toContain('"try_duration": "45s"');
  expect(held).toContain('"dial": "127.0.0.1:4300"');
  expect(held).toContain("<p>at work</p>");
  expect(held).not.toContain("app-blue");
  const releasing = edgeFile({ ...site, releasedTo: "green" });
  expect(releasing).toContain('"127.0.0.1:4300"');
  expect(releasing.match(/app-blue:3000/g)).toHaveLength(1);
  expect(releasing.match(/app-green:3000/g)).toHaveLength(2);
  expect(releasing).toContain('"{http.request.header.X-Forwarded-For}"');
});

test("staging has one name: no redirect, and Let's Encrypt", () => {
  const staging = edgeFile({ domains: ["staging.shop.test"], port: 8080, readyPath: "/up" });
  expect(staging).not.toContain("308");
  expect(staging).not.toContain('"ca"');
  expect(staging).toContain('"dial": "app-green:8080"');
});

test.skipIf(!haveCaddy).each([
  ["production's", production],
  ["a hold's", edgeFile({ ...site, maintenance: { message: "at work", holdSeconds: 45 } })],
  ["that of a hold's end", edgeFile({ ...site, releasedTo: "blue" })],
])("caddy accepts %s configuration (needs caddy)", (_, configuration) => {
  const folder = mkdtempSync(join(tmpdir(), "doge-edge-"));
  const file = join(folder, "caddy.json");
  writeFileSync(file, configuration);
  const env = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const run = spawnSync("caddy", ["validate", "--config", file], { env, encoding: "utf8" });
  expect([run.status, run.stdout.trim()]).toEqual([0, "Valid configuration"]);
  rmSync(folder, { recursive: true });
});
