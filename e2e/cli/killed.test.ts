/** Commands that are killed, or given up, while HCP Terraform works for them. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { doge, type Ran, tool } from "../tool.ts";
import { rehearse, type Rehearsal } from "./project.ts";

let at: Rehearsal;
const inProject = (...words: string[]): Promise<Ran> => doge(words, { cwd: at.project });

beforeAll(async () => {
  at = await rehearse();
  for (const words of [
    ["init", "meta"],
    ["apply", "meta", "--yes"],
    ["repo", "create"],
  ]) {
    const { exitCode, stderr } = await inProject(...words);
    if (exitCode !== 0) throw new Error(`doge ${words.join(" ")}: ${stderr}`);
  }
});
afterAll(() => at.remove());

interface Runs {
  readonly data: readonly { readonly id: string; readonly attributes: { readonly status: string } }[];
}

const tfe = (method: "GET" | "POST", path: string): Promise<Response> =>
  fetch(`${at.env["TFE_ADDRESS"]}/api/v2${path}`, {
    method,
    headers: { authorization: `Bearer ${at.env["TFE_TOKEN"]}` },
  });

/** Runs of base, the newest first. */
async function runs(): Promise<Runs> {
  const found = await tfe("GET", "/organizations/doge/workspaces/wow-base");
  const { data } = (await found.json()) as { data: { id: string } };
  return (await (await tfe("GET", `/workspaces/${data.id}/runs`)).json()) as Runs;
}

const statuses = async (): Promise<readonly string[]> => (await runs()).data.map((run) => run.attributes.status);

/** Starts a command and kills it as soon as its run is there. */
async function killWithRun(...words: string[]): Promise<void> {
  const child = spawn(tool, words, { cwd: at.project, stdio: ["ignore", "ignore", "pipe"] });
  for await (const text of child.stderr.setEncoding("utf8")) if (String(text).includes("run: ")) break;
  child.kill("SIGKILL");
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

async function until(status: string): Promise<void> {
  for (let turn = 0; turn < 100 && (await statuses())[0] !== status; turn++) await wait(100);
  expect((await statuses())[0]).toBe(status);
}

test("an answer that can't be asked for lets go of the plan", async () => {
  expect(await inProject("apply", "base")).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("[needs-yes]"),
  });
  expect(await statuses()).toEqual(["discarded"]);
});

test("a run whose command was killed while it planned does not stand in the way of the next", async () => {
  await killWithRun("apply", "base", "--yes");
  await until("planned");
  expect(await inProject("apply", "base", "--yes")).toMatchObject({ exitCode: 0 });
  expect(await statuses()).toEqual(["applied", "discarded", "discarded"]);
});

test("destroy, killed again and again, ends with nothing left", async () => {
  await killWithRun("destroy", "base", "--yes");
  await killWithRun("destroy", "base", "--yes");
  expect(await inProject("destroy", "base", "--yes")).toMatchObject({ exitCode: 0 });
  expect((await statuses())[0]).toMatch(/^(applied|planned_and_finished)$/);
});

test("a run that somebody else left waiting is named, and an interrupt takes one's own out of the queue", async () => {
  await killWithRun("apply", "base", "--yes");
  await until("planned");
  // As in a colleague's clone, which knows nothing of this one's runs.
  rmSync(join(at.project, ".doge/journal/runs"), { recursive: true });
  const child = spawn(tool, ["apply", "base", "--yes"], { cwd: at.project, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  const exited = once(child, "exit");
  for await (const text of child.stderr.setEncoding("utf8")) {
    const waited = said.includes("waits for");
    said += String(text);
    if (!waited && said.includes("waits for")) child.kill("SIGINT");
  }
  expect(await exited).toEqual([130, null]);
  expect(said).toContain("waits for a run before it (planned)");
  expect((await statuses()).slice(0, 2)).toEqual(["discarded", "planned"]);
  const { data } = await runs();
  await tfe("POST", `/runs/${data[1]?.id}/actions/discard`);
});

test("destroy of what was never provisioned: workspaces that hold nothing want no env files", async () => {
  expect(await inProject("destroy", "--yes", "--repository")).toMatchObject({ exitCode: 0 });
  const { stdout } = await inProject("cloud", "inventory", "--folder", at.cloud);
  expect(stdout).toBe("It holds nothing.\n");
});
