import { join } from "node:path";
import { expect, test } from "vitest";
import { planToJson, renderPlan, schemasToJson } from "../src/index.ts";
import { Bench, memory } from "./memory.ts";

const golden = (name: string): string => join(import.meta.dirname, "golden", name);

const document = (options: { region: string; size: number; motd: string; names: readonly string[] }) => ({
  variable: { key: { sensitive: true, default: "s3cret!" } },
  resource: {
    memory_server: {
      web: {
        name: "web",
        region: options.region,
        tags: ["doge", options.region],
        user_data: options.motd,
        disk: [{ gigabytes: options.size }],
      },
      sized: { name: "sized", size: options.size, tags: ["stays"] },
    },
    memory_record: {
      www: {
        for_each: Object.fromEntries(options.names.map((name) => [name, name])),
        name: "${each.key}",
        value: "${memory_server.web.ip}",
        labels: { team: options.region, "key of it": "${var.key}" },
      },
      text: { name: "text", value: `one\ntwo ${options.size}\nthree\n` },
    },
  },
  data: { memory_lookup: { web: { name: "web", depends_on: ["memory_server.web"] } } },
  output: {
    shape: { value: { "a b": [{ c: options.size }], d: {} } },
    ip: { value: "${memory_server.web.ip}" },
    password: { value: "${memory_server.web.password}", sensitive: true },
  },
});

const first = document({ region: "fra1", size: 10, motd: "#cloud-config\n", names: ["a", "b"] });
const second = document({ region: "ams3", size: 20, motd: "#cloud-config\n", names: ["b"] });

test("plans as people read them", async () => {
  const bench = new Bench();
  const creating = await bench.plan(first);
  await expect(renderPlan(creating)).toMatchFileSnapshot(golden("create.txt"));
  await bench.apply(creating);
  await expect(renderPlan(await bench.plan(first))).toMatchFileSnapshot(golden("nothing.txt"));
  await expect(renderPlan(await bench.plan(second))).toMatchFileSnapshot(golden("change.txt"));
  await expect(renderPlan(await bench.plan(first, { mode: "destroy" }))).toMatchFileSnapshot(golden("destroy.txt"));
  bench.world.objects.set("2", { ...bench.world.objects.get("2"), tags: ["foreign"] });
  await expect(renderPlan(await bench.plan(first))).toMatchFileSnapshot(golden("drift.txt"));
});

test("plans as Terraform's JSON", async () => {
  const bench = new Bench();
  await bench.up(first);
  const json = JSON.stringify(planToJson(await bench.plan(second)), null, 2);
  await expect(`${json}\n`).toMatchFileSnapshot(golden("change.json"));
});

test("schemas as Terraform's JSON", async () => {
  const json = JSON.stringify(schemasToJson([memory(new Bench().world)]), null, 2);
  await expect(`${json}\n`).toMatchFileSnapshot(golden("schemas.json"));
});
