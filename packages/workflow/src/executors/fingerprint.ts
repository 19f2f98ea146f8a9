import { createHash } from "node:crypto";
import type { Provider } from "@doge/engine";
import type { PlannedRun, RunOptions, WorkspaceDefinition } from "./executor.ts";

/** What a plan was made of, thing by thing: what it is for people, and a digest of it. */
export type Fingerprint = Readonly<Record<string, string>>;

interface PlanJson {
  readonly resource_changes?: readonly {
    readonly address: string;
    readonly deposed?: string;
    readonly change: Readonly<Record<string, unknown>>;
  }[];
  readonly output_changes?: Readonly<Record<string, unknown>>;
}

/** Digests of the configuration and the variables that a plan is made from, but for those that pass by: ephemeral ones. */
export function inputsOf(
  workspace: WorkspaceDefinition,
  options: RunOptions,
  providers: readonly Provider[],
  ephemeral: ReadonlySet<string>,
): Fingerprint {
  const beside = Object.entries(workspace.files).map(([name, content]) => [
    name,
    Buffer.from(content).toString("base64"),
  ]);
  const files = [...beside, ...Object.entries(workspace.documents)].map(([name, content]) => [
    `file ${name}`,
    digest(content),
  ]);
  const given = { ...secrets(workspace), ...options.variables };
  const kept = Object.entries(given).filter(([name]) => !ephemeral.has(name));
  const variables = kept.map(([name, value]) => [`variable ${name}`, digest(value)]);
  const versions = providers.map((one) => [`provider ${one.source}`, one.version]);
  return Object.fromEntries([...files, ...variables, ...versions]) as Fingerprint;
}

/** Digests of the objects as they were read, and of what is to become of each. */
export function observationsOf(planned: Pick<PlannedRun, "json">): Fingerprint {
  const { resource_changes: changes = [], output_changes: outputs = {} } = (planned.json ?? {}) as PlanJson;
  const found: Record<string, string> = {};
  for (const { address, deposed, change } of changes) {
    const name = deposed === undefined ? address : `${address} (deposed ${deposed})`;
    found[`object ${name}`] = digest(change["before"]);
    found[`change of ${name}`] = digest([change["actions"], change["after"], change["after_unknown"]]);
  }
  for (const [name, change] of Object.entries(outputs)) found[`output ${name}`] = digest(change);
  return found;
}

/** What is not as it was, for people: `file main.tf.json changed`. */
export function movedBetween(before: Fingerprint, now: Fingerprint): readonly string[] {
  const moved = [...new Set([...Object.keys(before), ...Object.keys(now)])]
    .filter((name) => before[name] !== now[name])
    .map((name) => (name in before ? (name in now ? `${name} changed` : `${name} is gone`) : `${name} is new`));
  // An object that moved takes its change with it: once is enough.
  const objects = new Set(moved.filter((one) => one.startsWith("object ")).map(subject));
  return moved.filter((one) => !one.startsWith("change of ") || !objects.has(subject(one))).sort();
}

const subject = (moved: string): string =>
  moved.replace(/^(?:object|change of) /, "").replace(/ (?:changed|is gone|is new)$/, "");

const secrets = (workspace: WorkspaceDefinition): Record<string, unknown> =>
  Object.fromEntries(Object.entries(workspace.variables).map(([name, value]) => [name, { value: value.reveal() }]));

const digest = (value: unknown): string =>
  createHash("sha256")
    .update(typeof value === "string" ? value : canonical(value))
    .digest("hex");

const canonical = (value: unknown): string =>
  JSON.stringify(value ?? null, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
