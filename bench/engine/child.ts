/**
 * `node bench/engine/child.ts plan|apply FOLDER`: one run of our engine as a process of its own, over the vendor in
 * memory, with state, lease and journal in FOLDER as a project has them. Prints its peak memory in MiB.
 */
import { basename, join } from "node:path";
import { nodeMachine } from "@doge/core/node";
import { unwrap } from "@doge/core";
import {
  applyPlan,
  collectSources,
  fileJournal,
  folderFiles,
  loadConfiguration,
  planRun,
  planSummary,
  sealer,
  versionedStateStore,
} from "@doge/engine";
import { fakeProvider, World } from "../../tools/differential/vendor.ts";

const [verb, folder = "."] = process.argv.slice(2);
const { files, clock, http, processes, env } = nodeMachine();
const store = versionedStateStore({
  files: folderFiles(files, join(folder, "state")),
  name: "state.tfstate",
  sealer: sealer([], "state"),
  clock,
  processes,
});
const world = new World();
const lease = await store.lock(`bench ${basename(folder)}`);
const state = await lease.read();
// The vendor forgets with its process: what the state holds is there.
for (const { instances } of state?.resources ?? [])
  for (const { attributes } of instances) world.objects.set(attributes["id"] as string, { ...attributes });

const journal = fileJournal({ files, folder: join(folder, "journal"), sealer: sealer([], "journal") });
const context = { http, clock, env, emit: () => undefined };
const providers = [fakeProvider(world)];
const configuration = unwrap(await loadConfiguration(await collectSources(files, folder)));
const plan = unwrap(
  await planRun({ configuration, variables: {}, state, providers, context, journal, mode: "normal" }),
);
const { add, change, destroy } = planSummary(plan);
if (verb === "plan" && add + change + destroy > 0)
  throw new Error(`${add} to add, ${change} to change: not a no-op plan`);
if (verb === "apply") {
  const result = await applyPlan({ plan, providers, context, store: lease, journal, state: state ?? plan.prior });
  unwrap({ value: result, diagnostics: result.diagnostics });
}
await lease.release();
console.log((process.resourceUsage().maxRSS / 1024).toFixed(0));
