/** Ctrl-C in the middle of an apply: once to finish what is under way, twice to stop at once. Neither loses anything. */
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openSandbox, type Sandbox } from "../support/project.ts";
import { tool } from "../tool.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await openSandbox();
});
afterAll(() => sandbox?.stop());

const count = 8;
const addresses = Array.from({ length: count }, (_, i) => `tls_private_key.k${i}`);
const words = ["apply", "base", "--yes", "--parallelism", "1", ...addresses.flatMap((one) => ["--target", one])];

/** Large enough to take their time. */
function writeKeys(folder: string): void {
  const keys = Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`k${i}`, { algorithm: "RSA", rsa_bits: 4096 }]),
  );
  mkdirSync(join(folder, "infra/base"), { recursive: true });
  writeFileSync(join(folder, "infra/base/keys.tf.json"), JSON.stringify({ resource: { tls_private_key: keys } }));
}

test.each([
  ["SIGINT", 1, "Interrupted: finishing what is under way. Once more to stop at once."],
  ["SIGTERM", 1, "What was done is in the state"],
  ["SIGINT", 2, "Stopped. What was under way is in the journal: run the same command again."],
] as const)("%s, %i times", async (signal, times, message) => {
  const project = sandbox.project(`stop-${signal.toLowerCase()}-${times}`, {
    executor: "native",
    state: { backend: "folder" },
  });
  writeKeys(project.folder);

  const child = spawn(tool, words, {
    cwd: project.folder,
    env: { ...process.env, ...project.env, NO_COLOR: "1" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  let sent = 0;
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
    const due = sent === 0 ? said.includes("✓ tls_private_key.") : said.includes("Interrupted") && sent < times;
    if (due && sent < times) {
      sent++;
      child.kill(signal);
    }
  });
  expect(await new Promise((done) => child.on("close", done))).toBe(130);
  expect(said).toContain(message);

  const kept = (await project.data(["state", "list", "base"])) as { readonly objects: readonly object[] };
  expect(kept.objects.length).toBeGreaterThanOrEqual(1);
  expect(kept.objects.length).toBeLessThan(count);
  const rest = (await project.data(words)) as { readonly counts: { readonly add: number } };
  expect(rest.counts.add + kept.objects.length).toBe(count);
});

test("a deadline stops as Ctrl-C does, and says so", async () => {
  const project = sandbox.project("deadline", { executor: "native", state: { backend: "folder" } });
  writeKeys(project.folder);
  const late = await project.run([...words, "--deadline", "1s", "--json"], 1);
  expect(JSON.parse(late.stdout)).toMatchObject({ diagnostics: [{ code: "deadline" }] });
  await project.data(words);
  const kept = (await project.data(["state", "list", "base"])) as { readonly objects: readonly object[] };
  expect(kept.objects).toHaveLength(count);
});
