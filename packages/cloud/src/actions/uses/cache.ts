import { createHash } from "node:crypto";
import { globSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { CacheRecord } from "../records.ts";
import { stepEnvironment } from "../runner/effects.ts";
import { findProgram, runLogged } from "../runner/shell.ts";
import type { ActionCall } from "./index.ts";
import { failed, flagOf, linesOf, requiredInput } from "./inputs.ts";

/** actions/cache: restores now, saves at the end of a job that went well, where the key was not there. */
export async function cache(call: ActionCall): Promise<void> {
  const hit = await restore(call);
  if (hit) return;
  call.session.posts.push({
    name: `Post ${call.name}`,
    condition: "success()",
    run: (signal) => save({ ...call, cancel: signal }),
  });
}

export async function restoreCache(call: ActionCall): Promise<void> {
  await restore(call);
}

export const saveCache = (call: ActionCall): Promise<void> => save(call);

async function restore(call: ActionCall): Promise<boolean> {
  const { session, inputs, outputs } = call;
  const { caches } = session.office;
  const key = requiredInput(inputs, "key");
  const version = versionOf(inputs);
  const known = caches
    .list((each) => each.repository === session.run.repository && each.version === version)
    .toReversed();
  const prefixes = linesOf(inputs["restore-keys"] ?? "");
  const exact = known.find((each) => each.key === key);
  const found = exact ?? prefixes.map((prefix) => known.find((each) => each.key.startsWith(prefix))).find(Boolean);
  outputs["cache-primary-key"] = key;
  outputs["cache-hit"] = exact ? "true" : found ? "false" : "";
  if (!found) {
    session.log.write(`Cache not found for input keys: ${[key, ...prefixes].join(", ")}`);
    if (flagOf(inputs, "fail-on-cache-miss", false))
      failed(`Failed to restore cache entry. Exiting as fail-on-cache-miss is set. Input key: ${key}`);
    return false;
  }
  outputs["cache-matched-key"] = found.key;
  if (!flagOf(inputs, "lookup-only", false)) await tar(call, ["-xPf", archiveOf(call, found)]);
  session.log.write(`Cache restored from key: ${found.key}`);
  return exact !== undefined;
}

async function save(call: ActionCall): Promise<void> {
  const { session, inputs } = call;
  const { caches, context, timestamp } = session.office;
  const key = requiredInput(inputs, "key");
  const version = versionOf(inputs);
  const repository = session.run.repository;
  if (
    caches.list((each) => each.repository === repository && each.version === version && each.key === key).length > 0
  ) {
    session.log.write(`Cache hit occurred on the primary key ${key}, not saving cache.`);
    return;
  }
  const paths = linesOf(inputs["path"] ?? "")
    .map((path) => path.replace(/^~(?=\/|$)/, session.machineEnv["HOME"] ?? homedir()))
    .flatMap((path) => globSync(resolve(session.folders.workspace, path)));
  if (paths.length === 0) {
    session.log.write(
      "##[warning]Path Validation Error: Path(s) specified in the action for caching do(es) not exist, hence no cache is being saved.",
    );
    return;
  }
  const record: CacheRecord = {
    id: context.ids.next("actions.cache"),
    repository,
    key,
    version,
    createdAt: timestamp(),
  };
  const archive = archiveOf(call, record);
  const list = join(session.folders.temp, `cache-${record.id}.txt`);
  await mkdir(resolve(archive, ".."), { recursive: true });
  await mkdir(session.folders.temp, { recursive: true });
  await writeFile(list, paths.join("\n"));
  await tar(call, ["-cPf", `${archive}.part`, "--files-from", list]);
  await rename(`${archive}.part`, archive);
  caches.put(record.id, record);
  session.log.write(`Cache saved with key: ${key}`);
}

const versionOf = (inputs: Readonly<Record<string, string>>): string =>
  createHash("sha256")
    .update(linesOf(requiredInput(inputs, "path")).join("\n"))
    .digest("hex");

const archiveOf = ({ session }: ActionCall, { id }: CacheRecord): string =>
  join(session.office.context.folder, "actions", "caches", `${id}.tar`);

async function tar(call: ActionCall, args: readonly string[]): Promise<void> {
  const { session } = call;
  const env = stepEnvironment(session, call.env, call.variables);
  const program = findProgram("tar", env["PATH"] ?? "") ?? failed("tar is not on this machine's PATH");
  await runLogged(session, { argv: [program, ...args], cwd: session.folders.workspace, env, cancel: call.cancel });
}
