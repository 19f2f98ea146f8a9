/**
 * `make bench`: one table. Ratios are what counts: machines are noisy, so each pair is measured in the same run.
 * Medians where something is run several times.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appLines, measureApp } from "./app.ts";
import { type EngineRow, engineRows } from "./engine/rows.ts";
import { latencyRows } from "./latency.ts";

const tool = join(import.meta.dirname, "../dist/bin/doge");
const demo = join(import.meta.dirname, "../tools/demo/main.ts");

type Row = EngineRow;

function run(
  argv: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): number {
  const started = performance.now();
  const [program, ...words] = argv;
  const { status, stderr, stdout } = spawnSync(program as string, words, {
    ...options,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`${argv.join(" ")} ended with ${status}\n${stdout}\n${stderr}`);
  return performance.now() - started;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;

/** Taken in turns, so that what else the machine does hits both alike. */
function pair(turns: number, first: () => number, second: () => number): readonly [number, number] {
  const [a, b]: [number[], number[]] = [[], []];
  for (let turn = 0; turn < turns; turn++) {
    a.push(first());
    b.push(second());
  }
  return [median(a), median(b)];
}

const rows: Row[] = [];
const [version, bare] = pair(
  15,
  () => run([tool, "--version"]),
  () => run([process.execPath, "-e", "0"]),
);
rows.push({ what: "doge --version", milliseconds: version, against: { what: "node -e 0", milliseconds: bare } });

const folder = mkdtempSync(join(tmpdir(), "doge-bench-"));
let app: readonly string[] = [];
const env = { ...process.env, DEMO_FOLDER: folder, DEMO_PORT: "0" };
try {
  run([process.execPath, demo, "up"], { env });
  const timeline = JSON.parse(readFileSync(join(folder, "timeline.json"), "utf8")) as {
    title: string;
    milliseconds: number;
  }[];
  for (const { title, milliseconds } of timeline) rows.push({ what: `demo: ${title}`, milliseconds });
  const project = join(folder, "doge-app");
  for (const workspace of ["meta", "base", "dotenv", "stage", "prod"]) {
    const times = [1, 2, 3].map(() => run([tool, "plan", workspace, "--quiet"], { cwd: project }));
    rows.push({ what: `no-op plan of ${workspace}`, milliseconds: median(times) });
  }
  const plan = (workspace: string): number =>
    run([tool, "plan", workspace, "--quiet", "--executor", "native"], { cwd: project });
  rows.push(...(await latencyRows(join(folder, "cloud"), plan)));
  // The project's own PostgreSQL from npm.
  const { temporaryPostgres } = (await import(join(project, "src/dev/postgres.ts"))) as {
    temporaryPostgres(): Promise<{ url(name: string): string; stop(): Promise<void> }>;
  };
  const postgres = await temporaryPostgres();
  try {
    app = appLines(await measureApp(project, postgres.url("postgres")));
  } finally {
    await postgres.stop();
  }
} finally {
  run([process.execPath, demo, "down"], { env });
  rmSync(folder, { recursive: true, force: true });
}

rows.push(...(await engineRows()));

const width = Math.max(...rows.map((row) => row.what.length)) + 2;
for (const { what, milliseconds, against, note } of rows) {
  const ratio = against
    ? `  ${(milliseconds / against.milliseconds).toFixed(2)} × ${against.what} (${against.milliseconds.toFixed(0)} ms)`
    : note
      ? `  ${note}`
      : "";
  console.log(`${what.padEnd(width)}${milliseconds.toFixed(0).padStart(8)} ms${ratio}`);
}
for (const line of app) console.log(line);
