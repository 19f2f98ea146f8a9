import { describe, expect, test } from "vitest";
import { slots } from "../../src/edge/configuration.ts";
import { chooseCourse, type SlotState } from "../../src/release/converge.ts";

const off: SlotState = { running: false, ready: false };
const ready: SlotState = { running: true, ready: true };
const sick: SlotState = { running: true, ready: false };

describe("where a deploy begins", () => {
  test("nothing was deployed: blue", () => {
    expect(chooseCourse({ current: undefined, pending: undefined, states: { blue: off, green: off } })).toEqual({
      live: undefined,
      adopt: false,
      next: "blue",
      leftovers: [],
    });
  });

  test("a release serves: the other slot", () => {
    const course = chooseCourse({
      current: { slot: "green" },
      pending: undefined,
      states: { blue: off, green: ready },
    });
    expect(course).toEqual({ live: "green", adopt: false, next: "blue", leftovers: [] });
  });

  test("cut off before its switch: the new one is a leftover, although it is ready", () => {
    const pending = { slot: "green", phase: "starting" } as const;
    const course = chooseCourse({ current: { slot: "blue" }, pending, states: { blue: ready, green: ready } });
    expect(course).toEqual({ live: "blue", adopt: false, next: "green", leftovers: ["green"] });
  });

  test("cut off in its switch: the new one has taken over, and the old one is the leftover", () => {
    const pending = { slot: "green", phase: "switching" } as const;
    const course = chooseCourse({ current: { slot: "blue" }, pending, states: { blue: sick, green: ready } });
    expect(course).toEqual({ live: "green", adopt: true, next: "blue", leftovers: ["blue"] });
  });

  test("cut off in its switch and dead since: the old one is taken, and told to come back", () => {
    const pending = { slot: "green", phase: "switching" } as const;
    const course = chooseCourse({ current: { slot: "blue" }, pending, states: { blue: sick, green: off } });
    expect(course).toEqual({ live: "blue", adopt: false, next: "green", leftovers: [] });
  });
});

describe("in every situation", () => {
  const states = [off, ready, sick];
  const claims = [undefined, ...slots];
  const phases = ["preparing", "starting", "switching"] as const;
  const situations = claims.flatMap((current) =>
    claims.flatMap((pendingSlot) =>
      phases.flatMap((phase) =>
        states.flatMap((blue) =>
          states.map((green) => ({
            current: current && { slot: current },
            pending: pendingSlot && { slot: pendingSlot, phase },
            states: { blue, green },
          })),
        ),
      ),
    ),
  );

  test("whoever serves is live if anyone serves, and nothing starts over it", () => {
    expect(situations).toHaveLength(243);
    const wrong = situations.filter((situation) => {
      const { live, next, leftovers, adopt } = chooseCourse(situation);
      const serving = slots.filter((slot) => situation.states[slot].ready);
      const others = slots.filter((slot) => situation.states[slot].running && slot !== live);
      return (
        (serving.length > 0 && !serving.some((slot) => slot === live)) ||
        next === live ||
        // Afterwards nothing runs but what is live.
        leftovers.join() !== others.join() ||
        (adopt && live !== situation.pending?.slot)
      );
    });
    expect(wrong).toEqual([]);
  });
});
