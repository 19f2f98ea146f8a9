import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeProjectFiles } from "@doge/core/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as v from "../src/lang/values.ts";
import { Bench } from "./memory.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "doge-functions-"));
  mkdirSync(join(folder, "project/infra"), { recursive: true });
  writeFileSync(join(folder, "outside.txt"), "not yours");
  writeFileSync(join(folder, "project/root.txt"), "root");
  writeFileSync(join(folder, "project/infra/name.tftpl"), "${prefix}-%{ for n in [1, 2] }${n}%{ endfor }");
  symlinkSync("../../outside.txt", join(folder, "project/infra/link.txt"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bench = (): Bench => {
  const made = new Bench();
  made.files = nodeProjectFiles(join(folder, "project"), "infra");
  return made;
};

describe("files of the project", () => {
  test("are read by plans and applies", async () => {
    const run = bench();
    await run.up(`
      resource "memory_server" "web" {
        name = templatefile("\${path.module}/name.tftpl", { prefix = "web" })
      }
      output "root" {
        value = file("../root.txt")
      }
    `);
    expect([...run.world.objects.values()].map((one) => one["name"])).toEqual(["web-12"]);
    expect(run.state?.outputs).toMatchObject({ root: { value: "root" } });
  });

  test.each(['file("../../outside.txt")', 'file("link.txt")', 'fileset("../..", "*")', 'filemd5("/etc/hostname")'])(
    "%s lies outside",
    async (expression) => {
      const outcome = await bench().outcome(`output "x" {\n  value = ${expression}\n}\n`);
      expect(outcome.diagnostics).toMatchObject([{ code: "file-outside-project" }]);
    },
  );
});

test("timestamp waits for the apply, plantimestamp does not", async () => {
  const run = bench();
  const plan = await run.plan(`
    resource "memory_server" "web" {
      name = timestamp()
      region = plantimestamp()
    }
  `);
  const planned = plan.changes[0]?.after;
  expect(planned && v.isMapping(planned) && planned.entries.get("name")).toMatchObject({ kind: "unknown" });
  run.clock = { ...run.clock, now: () => new Date("2027-01-01T00:00:00Z") };
  await run.apply(plan);
  expect([...run.world.objects.values()]).toMatchObject([
    { name: "2027-01-01T00:00:00Z", region: "2026-01-02t03:04:05z" },
  ]);
});
