/** What the real terraform said, once: kept beside the case it was asked, so that the case can be played without it. */
import type { Case } from "./case.ts";
import { type Applied, type Engine, nothingToApply } from "./engine.ts";
import { World } from "./vendor.ts";

type Json = Readonly<Record<string, unknown>>;

/** One answer, and how things stood after it. */
interface Answer extends Applied {
  readonly json?: Json;
  readonly state?: unknown;
  readonly objects: readonly Json[];
}

/** A case with all that terraform answered, in the order in which it was asked. */
export interface Golden extends Case {
  readonly answers: readonly Answer[];
}

/** Passes everything on, and keeps the answers. */
export function recording(engine: Engine): Engine & { readonly answers: readonly Answer[] } {
  const answers: Answer[] = [];
  const keep = async ({ ok, said, json }: Applied & { readonly json?: Json }): Promise<void> => {
    const state = await engine.state();
    answers.push({
      ok,
      said: ok ? "" : firstError(said),
      ...(json ? { json: essential(json) } : {}),
      ...(state === undefined ? {} : { state: JSON.parse(state) as unknown }),
      objects: [...engine.world.objects.values()],
    });
  };
  return {
    ...engine,
    answers,
    async plan(step) {
      const planned = await engine.plan(step);
      await keep(planned);
      return {
        ...planned,
        async apply() {
          const applied = await planned.apply();
          await keep(applied);
          return applied;
        },
      };
    },
  };
}

const firstError = (said: string): string => /Error: .*/.exec(said)?.[0] ?? "";

/** Without what is never compared. */
const essential = (json: Json): Json =>
  Object.fromEntries(
    Object.entries(json).filter(([name]) => !["configuration", "relevant_attributes", "timestamp"].includes(name)),
  );

/** Answers as terraform did. */
export function recordedEngine({ answers }: Golden): Engine {
  const world = new World();
  const left = [...answers];
  let state: unknown;
  const next = (): Answer => {
    const answer = left.shift();
    if (answer === undefined) throw new Error("terraform was not asked this when the case was recorded");
    state = answer.state;
    world.objects.clear();
    for (const object of answer.objects) world.objects.set(object["id"] as string, object);
    return answer;
  };
  return {
    name: "terraform, as recorded",
    world,
    async plan() {
      const { ok, said, json } = next();
      return { ok, said, ...(json ? { json } : {}), apply: ok ? async () => next() : nothingToApply };
    },
    state: () => Promise.resolve(state === undefined ? undefined : JSON.stringify(state)),
    // Its answer to our state is the next one recorded.
    setState: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  };
}
