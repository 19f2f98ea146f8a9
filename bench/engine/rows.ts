/** Our engine beside the real terraform, on the same configuration and the same vendor, in turns of one run. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeMachine, nodeProcesses } from "@doge/core/node";
import { serveProviders } from "../../tools/provider-server/server.ts";
import { fakeProvider, World } from "../../tools/differential/vendor.ts";

export interface EngineRow {
  readonly what: string;
  readonly milliseconds: number;
  readonly against?: { readonly what: string; readonly milliseconds: number };
  /** Beside the time, or instead of a comparison. */
  readonly note?: string;
}

const child = join(import.meta.dirname, "child.ts");

interface Measured {
  readonly milliseconds: number;
  readonly output: string;
}

async function run(argv: readonly [string, ...string[]], cwd: string, env: Record<string, string>): Promise<Measured> {
  const started = performance.now();
  const { exitCode, stdout, stderr } = await nodeProcesses.run({ argv, cwd, env });
  if (exitCode !== 0) throw new Error(`${argv.join(" ")} ended with ${exitCode}\n${stdout}\n${stderr}`);
  return { milliseconds: performance.now() - started, output: stdout };
}

/** A root module with so many objects. */
function configuration(parent: string, count: number): string {
  const folder = join(parent, String(count));
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, "main.tf"),
    `terraform {
  required_providers {
    fake = { source = "doge/fake" }
  }
}

resource "fake_record" "one" {
  count  = ${count}
  name   = "record-\${count.index}"
  value  = "10.0.0.\${count.index}"
  labels = { number = count.index }
}
`,
  );
  return folder;
}

export async function engineRows(): Promise<EngineRow[]> {
  const parent = mkdtempSync(join(tmpdir(), "doge-bench-engine-"));
  const world = new World();
  const { http, clock } = nodeMachine();
  const server = await serveProviders([fakeProvider(world)], { http, clock, env: {}, emit: () => undefined });
  writeFileSync(join(parent, "cli.tfrc"), "");
  const env = {
    TF_REATTACH_PROVIDERS: server.reattach,
    TF_CLI_CONFIG_FILE: join(parent, "cli.tfrc"),
    TF_INPUT: "0",
    CHECKPOINT_DISABLE: "1",
  };
  const doge = (verb: string, folder: string): Promise<Measured> =>
    run([process.execPath, "--disable-warning=ExperimentalWarning", child, verb, folder], folder, {});
  const terraform = (folder: string, ...args: string[]): Promise<Measured> =>
    run(["terraform", ...args, "-no-color"], folder, env);
  try {
    const rows: EngineRow[] = [];
    const linear: number[] = [];
    for (const count of [200, 1000]) {
      const folder = configuration(parent, count);
      const ours = await doge("apply", folder);
      world.objects.clear();
      const theirs = await terraform(folder, "apply", "-auto-approve");
      linear.push(ours.milliseconds);
      rows.push(row(`apply of ${count} objects`, ours, theirs));
      if (count < 1000) continue;
      const plans = [await doge("plan", folder), await doge("plan", folder), await doge("plan", folder)];
      const others = [
        await terraform(folder, "plan"),
        await terraform(folder, "plan"),
        await terraform(folder, "plan"),
      ];
      rows.push(row(`no-op plan of ${count} objects`, middle(plans), middle(others)));
      const saved = readFileSync(join(folder, "terraform.tfstate"), "utf8");
      if ((JSON.parse(saved) as { resources: unknown[] }).resources.length === 0)
        throw new Error("nothing was applied");
    }
    const [small = 1, large = 1] = linear;
    rows.push({
      what: "apply of 1000 against 200",
      milliseconds: large,
      note: `${(large / small).toFixed(2)} × the time for 5 × the objects`,
    });
    const big = configuration(parent, 5000);
    const made = await doge("apply", big);
    const read = await doge("plan", big);
    rows.push({
      what: "apply of 5000 objects",
      milliseconds: made.milliseconds,
      note: `peak ${made.output.trim()} MiB`,
    });
    rows.push({
      what: "no-op plan of 5000 objects",
      milliseconds: read.milliseconds,
      note: `peak ${read.output.trim()} MiB`,
    });
    return rows;
  } finally {
    server.stop();
    rmSync(parent, { recursive: true, force: true });
  }
}

const row = (what: string, ours: Measured, theirs: Measured): EngineRow => ({
  what,
  milliseconds: ours.milliseconds,
  against: { what: "terraform", milliseconds: theirs.milliseconds },
});

const middle = (measured: readonly Measured[]): Measured =>
  measured.toSorted((a, b) => a.milliseconds - b.milliseconds)[1] as Measured;
