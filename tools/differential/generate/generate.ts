/** Cases by seed: a configuration, and how it, the world and the vendor's mood change step by step. */
import type { Case, Drift, Step } from "../case.ts";
import { type Block, filesOf, type Modules } from "./configuration.ts";
import { Context } from "./context.ts";
import { inputsOf } from "./inputs.ts";
import { objectNames } from "./managed.ts";
import { overriding } from "./overrides.ts";
import { Random } from "../random.ts";
import { indexed, keysOf } from "./repetition.ts";
import { Scope } from "./scope.ts";

/** A step before its configuration is written out, so that parts of it can be left away. */
export interface DraftStep extends Omit<Step, "files"> {
  readonly modules: Modules;
  /** Files of variables. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Blocks of the root's override file. */
  readonly overrides?: readonly Block[];
}

export interface Draft {
  readonly name: string;
  readonly json: boolean;
  readonly steps: readonly DraftStep[];
}

export const caseOf = ({ name, json, steps }: Draft): Case => ({
  name,
  steps: steps.map(({ modules, inputs, overrides, ...rest }) => ({
    files: { ...filesOf(modules, json, overrides), ...inputs },
    ...rest,
  })),
});

export function generate(seed: number): Draft {
  const random = new Random(seed);
  const json = random.chance(0.5);
  const root = new Scope(new Context(random));
  root.fill();
  const steps: DraftStep[] = [draftStep(root, false)];
  for (let n = 1 + random.below(2); n > 0; n--) {
    root.change();
    steps.push(draftStep(root, true));
  }
  if (random.chance(0.2)) {
    const targets = random.chance(0.3) ? targeted(root) : [];
    steps.push({ ...draftStep(root, false), mode: "destroy", ...(targets.length > 0 ? { targets } : {}) });
  }
  return { name: `seed ${seed}`, json, steps };
}

function draftStep(root: Scope, later: boolean): DraftStep {
  const { random } = root.context;
  const drift = [...root.foreign, ...(later && random.chance(0.25) ? drifting(root) : [])];
  const failing = random.chance(0.1) ? refused(root) : [];
  const mode = later && random.chance(0.06) ? "refresh-only" : undefined;
  const modules = root.modules();
  // Of a replacement that is made first, terraform leaves the old object when only what depends on it is targeted.
  const plain = !JSON.stringify(modules).includes("create_before_destroy");
  const targets = later && plain && mode === undefined && random.chance(0.08) ? targeted(root) : [];
  const replace = later && mode === undefined && random.chance(0.06) ? instances(root).slice(0, 1) : [];
  const taint = later && random.chance(0.06) ? instances(root) : [];
  const overrides = random.chance(0.08) ? overriding(root) : [];
  const { files, ...inputs } = inputsOf(root.variables, random);
  return {
    modules,
    inputs: { ...files, ...root.remoteFiles() },
    ...inputs,
    ...(drift.length > 0 ? { drift } : {}),
    ...(failing.length > 0 ? { failing } : {}),
    ...(mode ? { mode } : {}),
    ...(targets.length > 0 ? { targets } : {}),
    ...(replace.length > 0 ? { replace } : {}),
    ...(taint.length > 0 ? { taint } : {}),
    ...(overrides.length > 0 ? { overrides } : {}),
    ...(later && !mode && random.chance(0.06) ? { refresh: false as const } : {}),
  };
}

const objects = (root: Scope) =>
  [...root.all()].flatMap((scope) =>
    scope.resources.flatMap((resource) => objectNames(scope, resource).map((name) => ({ name, resource }))),
  );

function drifting(root: Scope): Drift[] {
  const { random } = root.context;
  const all = objects(root).filter(({ resource }) => resource.type.drifts.length > 0);
  if (all.length === 0) return [];
  const { name, resource } = random.pick(all);
  return [random.chance(0.4) ? { name } : { name, change: random.pick(resource.type.drifts) }];
}

function refused(root: Scope): string[] {
  const { random } = root.context;
  const all = objects(root);
  if (all.length === 0) return [];
  return [`${random.pick(["create", "create", "update", "delete", "read"])} ${random.pick(all).name}`];
}

/** Addresses of instances, in random order. */
function instances(root: Scope): string[] {
  const { random } = root.context;
  const all = [...root.all()].flatMap((scope) =>
    scope.resources.flatMap(({ address, repetition }) =>
      scope.addresses.flatMap((above) => keysOf(repetition).map((key) => `${above}${indexed(address, key)}`)),
    ),
  );
  return all.length === 0 ? [] : [random.pick(all)];
}

function targeted(root: Scope): string[] {
  const { random } = root.context;
  const whole = root.resources.map(({ address }) => address);
  const modules = root.calls.map(({ address }) => address);
  const all = [...whole, ...whole, ...modules, ...instances(root)];
  return all.length === 0 ? [] : [random.pick(all)];
}
