import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";

const run = promisify(execFile);
const source = join(import.meta.dirname, "../../src/actions/language/workflow.ts");
const program = (path: string): string => `
  import { parseWorkflowFile } from ${JSON.stringify(path)};
  const { value } = await parseWorkflowFile("a.yml", "name: Loaded\\non: push\\njobs: { a: { runs-on: x, steps: [{ run: y }] } }");
  console.log(value.name);`;

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "doge-loading-"))));
afterAll(() => rm(folder, { recursive: true, force: true }));

test("GitHub's parser loads under plain Node", async () => {
  await writeFile(join(folder, "plain.ts"), program(source));
  expect((await run(process.execPath, [join(folder, "plain.ts")])).stdout).toBe("Loaded\n");
});

test("GitHub's parser loads in a bundle that stands alone", async () => {
  await writeFile(join(folder, "entry.ts"), program(source));
  const outdir = join(folder, "dist");
  // As tools/build.ts has it, for dependencies in CommonJS.
  const js = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';
  const options = {
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node24",
    banner: { js },
  } as const;
  await build({ ...options, entryPoints: [join(folder, "entry.ts")], outdir, outExtension: { ".js": ".mjs" } });
  expect((await run(process.execPath, [join(outdir, "entry.mjs")])).stdout).toBe("Loaded\n");
});
