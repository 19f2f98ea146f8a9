import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { nodeMachine } from "@doge/core/node";
import { afterAll, expect, test } from "vitest";
import { createRegistry } from "../../src/registry/client.ts";

const unknown = JSON.stringify({ errors: [{ code: "MANIFEST_BLOB_UNKNOWN", message: "blob unknown to registry" }] });
let answers: readonly (readonly [status: number, body: string])[] = [];
const server = createServer((request, response) => {
  const [next, ...rest] = answers;
  if (rest.length > 0) answers = rest;
  request.resume().on("end", () => response.writeHead(next?.[0] ?? 500).end(next?.[1]));
});
await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
afterAll(() => server.close());

/** Puts a manifest; what the client slept before it was done with. */
async function put(...given: typeof answers): Promise<readonly number[]> {
  answers = given;
  const slept: number[] = [];
  const { http, clock } = nodeMachine();
  const sleep = async (milliseconds: number): Promise<void> => void slept.push(milliseconds);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const registry = createRegistry({ http, clock: { ...clock, now: () => clock.now(), sleep }, url });
  await registry.putManifest("ada/shop", "tree-1", "application/json", Buffer.from("{}"));
  return slept;
}

test("a blob that shows a moment later is waited for", async () => {
  expect(await put([400, unknown], [404, unknown], [201, ""])).toEqual([250, 1_000]);
});

test("one that never shows is told, and nothing else is waited for", async () => {
  await expect(put([400, unknown])).rejects.toThrow("MANIFEST_BLOB_UNKNOWN: blob unknown to registry");
  const invalid = JSON.stringify({ errors: [{ code: "MANIFEST_INVALID" }] });
  await expect(put([400, invalid], [201, ""])).rejects.toThrow("HTTP 400, MANIFEST_INVALID");
});
