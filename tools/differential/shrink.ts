/** Makes a case that differs smaller, as long as it differs in the same way. */
import type { Block, Modules } from "./generate/configuration.ts";
import { type Draft, type DraftStep } from "./generate/generate.ts";

/** `differs` plays a case; what it says of the whole must stay so. At most `tries` are played. */
export async function shrink(draft: Draft, differs: (one: Draft) => Promise<boolean>, tries = 250): Promise<Draft> {
  let best = draft;
  let left = tries;
  for (let again = true; again && left > 0;) {
    again = false;
    for (const make of smaller(best)) {
      const candidate = make(best);
      if (candidate === undefined || left-- <= 0) continue;
      if (!(await differs(candidate))) continue;
      best = candidate;
      again = true;
    }
  }
  return best;
}

/** Undefined where it changes nothing. */
type Change = (draft: Draft) => Draft | undefined;

/** Coarse ones first. They name what they take away, so that they still mean something when others have worked. */
function* smaller(draft: Draft): Iterable<Change> {
  for (let i = draft.steps.length - 1; i >= 0; i--) {
    const step = draft.steps[i];
    yield (now) =>
      now.steps.length > 1
        ? changed(
            now,
            now.steps.filter((one) => one !== step),
          )
        : undefined;
  }
  const names = [
    "drift",
    "failing",
    "taint",
    "targets",
    "replace",
    "refresh",
    "mode",
    "env",
    "args",
    "overrides",
  ] as const;
  for (const name of names) yield (now) => eachStep(now, (step) => leaving(step, name));
  yield (now) => eachStep(now, (step) => ({ ...step, inputs: {} }));
  const folders = new Set(draft.steps.flatMap(({ modules }) => Object.keys(modules)));
  for (const folder of folders) {
    const blocks = draft.steps.flatMap(({ modules }) => modules[folder] ?? []);
    for (const name of new Set(blocks.map(nameOf))) {
      yield (now) => eachBlock(now, folder, (one) => (nameOf(one) === name ? undefined : one));
      const parts = blocks.filter((one) => nameOf(one) === name);
      for (const inner of new Set(parts.flatMap(({ blocks: nested }) => (nested ?? []).map(nameOf))))
        yield (now) =>
          eachBlock(now, folder, (one) =>
            nameOf(one) === name
              ? { ...one, blocks: (one.blocks ?? []).filter((each) => nameOf(each) !== inner) }
              : one,
          );
      for (const argument of new Set(parts.flatMap(({ arguments: args }) => Object.keys(args))))
        yield (now) => eachBlock(now, folder, (one) => (nameOf(one) === name ? without(one, argument) : one));
    }
  }
}

const nameOf = ({ type, labels, arguments: args }: Block): string =>
  [type, ...labels, ...(labels.length === 0 ? Object.keys(args) : [])].join(" ");

const without = (one: Block, argument: string): Block => {
  const { [argument]: _, ...rest } = one.arguments;
  return { ...one, arguments: rest };
};

const leaving = (step: DraftStep, name: keyof DraftStep): DraftStep => {
  const { [name]: _, ...rest } = step;
  return rest as DraftStep;
};

function changed(draft: Draft, steps: readonly DraftStep[]): Draft | undefined {
  return JSON.stringify(steps) === JSON.stringify(draft.steps) ? undefined : { ...draft, steps };
}

const eachStep = (draft: Draft, change: (step: DraftStep) => DraftStep): Draft | undefined =>
  changed(draft, draft.steps.map(change));

const eachBlock = (draft: Draft, folder: string, change: (one: Block) => Block | undefined): Draft | undefined =>
  eachStep(draft, (step) => {
    const own = step.modules[folder];
    if (own === undefined) return step;
    const modules: Modules = { ...step.modules, [folder]: own.flatMap((one) => change(one) ?? []) };
    return { ...step, modules: reached(modules) };
  });

/** Without folders that nobody calls any more. */
const reached = (modules: Modules): Modules => {
  const called = (folder: string): boolean => {
    if (folder === "") return true;
    const at = folder.lastIndexOf("/");
    const above = at < 0 ? "" : folder.slice(0, at);
    const name = folder.slice(at + 1);
    return called(above) && (modules[above] ?? []).some((one) => one.type === "module" && one.labels[0] === name);
  };
  return Object.fromEntries(Object.entries(modules).filter(([folder]) => called(folder)));
};
