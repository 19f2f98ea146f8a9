import { readFile } from "node:fs/promises";
import { Hono } from "hono";
import { expect, test } from "vitest";
import { docsPath, localCloudDocs } from "../../../../tools/local-cloud-docs.ts";
import { describeCloud } from "../../src/control/docs.ts";

test("docs/local-cloud.md is what the code says", async () => {
  expect(await readFile(docsPath, "utf8")).toBe(await localCloudDocs());
});

test("routes are told once, without middleware; a service may tell its operations itself", () => {
  const app = new Hono().use("/v2/*", (_, next) => next());
  app.get("/v2/b", (c) => c.text("")).post((c) => c.text(""));
  app.get("/v2/a/:id", (c) => c.text(""));
  const common = { inventory: () => Promise.resolve([]), gaps: [] };
  const text = describeCloud({
    services: [
      { ...common, name: "digitalocean", app, gaps: [{ service: "digitalocean", gap: "no volumes" }] },
      { ...common, name: "spaces", app: new Hono(), operations: [{ method: "PUT", path: "/:bucket" }] },
    ],
    control: new Hono().get("/health", (c) => c.text("")),
  });
  expect(text).toContain("| `/v2/a/:id` | GET |\n| `/v2/b` | GET, POST |\n\nNot here, or different:\n\n- no volumes");
  expect(text).toContain("## Spaces\n\n| path | methods |\n| --- | --- |\n| `/:bucket` | PUT |");
  expect(text).not.toContain("/v2/*");
});
