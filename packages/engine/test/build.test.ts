import { unwrap } from "@doge/core";
import { expect, test } from "vitest";
import { Configuration, defineResource, literal, loadConfiguration, raw } from "../src/index.ts";
import { Bench, memory } from "./memory.ts";

/** As providers write theirs: the schema keeps its literal types. */
const server = defineResource<never>()({
  type: "memory_server",
  schemaVersion: 1,
  schema: {
    attributes: {
      id: { type: "string", computed: true },
      name: { type: "string", required: true },
      size: { type: "number", optional: true, computed: true },
      tags: { type: ["set", "string"], optional: true },
      user_data: { type: "string", optional: true },
      ip: { type: "string", computed: true },
    },
    blocks: { disk: { nesting: "list", block: { attributes: { gigabytes: { type: "number", required: true } } } } },
  },
  read: async () => undefined,
  reconcile: async () => ({}),
  remove: async () => undefined,
});

test("typed builders write what the engine applies", async () => {
  const bench = new Bench();
  const config = new Configuration();
  config.provider(memory(bench.world));
  const size = config.variable<number>("size", { type: "number", default: 3 });
  const suffix = config.local("suffix", "-1");
  const web = config.resource(server, "web", {
    name: `web${suffix.toString()}`,
    size,
    tags: ["a"],
    disk: [{ gigabytes: 5 }],
    user_data: literal("echo ${HOME} %{x}"),
  });
  const names = raw<readonly string[]>('toset(["x"])');
  config.resource(
    server,
    "more",
    { name: raw<string>("each.key"), size: raw<number>("memory_server.web.size") },
    { forEach: names, dependsOn: [web], lifecycle: { prevent_destroy: true } },
  );
  config.output("ip", web.ip, { description: "where it is" });
  const document = config.toJSON();
  expect(document).toMatchObject({
    terraform: { required_providers: { memory: { source: "doge/memory", version: "1.2.3" } } },
    output: { ip: { value: "${memory_server.web.ip}" } },
  });
  const configuration = unwrap(await loadConfiguration([{ file: "main.tf.json", content: JSON.stringify(document) }]));
  await bench.up(document, { configuration });
  expect([...bench.world.objects.values()]).toMatchObject([
    { name: "web-1", size: 3 },
    { name: "x", size: 3 },
  ]);
  expect(() => config.output("ip", 1)).toThrow("declared twice");
});

test("what the schema doesn't allow doesn't compile", () => {
  const config = new Configuration();
  // @ts-expect-error name is required
  config.resource(server, "a", {});
  // @ts-expect-error no such attribute
  config.resource(server, "b", { name: "b", nmae: "b" });
  // @ts-expect-error a number is wanted
  config.resource(server, "c", { name: "c", size: "big" });
  // @ts-expect-error computed only
  config.resource(server, "d", { name: "d", ip: "1.1.1.1" });
  // @ts-expect-error a block lacks its required attribute
  config.resource(server, "e", { name: "e", disk: [{}] });
  // @ts-expect-error an expression of another type
  const f = config.resource(server, "f", { name: "f", size: raw<boolean>("true") });
  // @ts-expect-error no such attribute to refer to
  expect(f.nothing).toBeUndefined();
});
