/** Every mismatch with terraform that was found and mended: played against what terraform said. See tools/differential. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Golden, recordedEngine } from "../tools/differential/recorded.ts";
import { runCase } from "../tools/differential/run.ts";

const folder = join(import.meta.dirname, "../tools/differential/golden");
const goldens = readdirSync(folder).map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")) as Golden);

test.each(goldens.map((one) => [one.name, one] as const))("as terraform: %s", async (_, golden) => {
  expect(await runCase(golden, recordedEngine(golden))).toBeUndefined();
});
