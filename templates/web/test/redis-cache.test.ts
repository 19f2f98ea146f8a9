// {{#if redis}}
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { after, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { jsonLog } from "../src/log.ts";
import { redisCache } from "../src/redis-cache.ts";

const program = ["/usr/bin/redis-server", "/usr/local/bin/redis-server", "/opt/homebrew/bin/redis-server"].find((path) => existsSync(path));

/** A Redis server of this test's own, or the one that TEST_REDIS_URL names. */
async function redisUrl(): Promise<string> {
  const given = process.env["TEST_REDIS_URL"];
  if (given) return given;
  const port = await new Promise<number>((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port: free } = probe.address() as AddressInfo;
      probe.close(() => resolve(free));
    });
  });
  const server = spawn(program ?? "", ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"], { stdio: "ignore" });
  after(() => server.kill());
  return `redis://127.0.0.1:${port}`;
}

test("Redis forgets in time and counts from the first", { skip: program || process.env["TEST_REDIS_URL"] ? false : "needs redis-server" }, async () => {
  const cache = redisCache(await redisUrl(), jsonLog(() => {}));
  after(() => cache.close());
  for (let tries = 0; tries < 100 && !(await cache.set("word", "wow", 60).then(() => true, () => false)); tries++) await wait(50);
  assert.equal(await cache.get("word"), "wow");
  await cache.delete("word");
  assert.equal(await cache.get("word"), undefined);
  assert.equal(await cache.increment("count", 60), 1);
  assert.equal(await cache.increment("count", 60), 2);
  assert.equal(await cache.increment("brief", 1), 1);
  await wait(1_100);
  assert.equal(await cache.increment("brief", 1), 1);
});
// {{/if}}
