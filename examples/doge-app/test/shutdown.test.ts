import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { stopGracefully } from "../src/shutdown.ts";

test("a running request finishes, although its connection would be kept alive", async () => {
  const server = createServer((_, response) => void setTimeout(() => response.end("done"), 150));
  const arrived = once(server, "request");
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true });
  const answer = new Promise<string>((resolve, reject) => {
    get({ port, host: "127.0.0.1", agent }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
      response.on("end", () => resolve(body));
    }).on("error", reject);
  });
  await arrived;
  const finished = await stopGracefully(server, { graceMilliseconds: 5_000 });
  assert.equal(await answer, "done");
  assert.equal(finished, true);
  agent.destroy();
});
