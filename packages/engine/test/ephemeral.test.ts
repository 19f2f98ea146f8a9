import { expect, test } from "vitest";
import { unwrap } from "@doge/core";
import { parsePlan, planToJson, serializePlan } from "../src/index.ts";
import { Bench } from "./memory.ts";

const variable = { session: { type: "string", ephemeral: true } };
const given = { variables: { session: { value: "canary-77aa" } } };
const codes = async (document: object): Promise<readonly string[]> =>
  (await new Bench().outcome({ variable, ...document }, given)).diagnostics.map(({ code }) => code);

test("an ephemeral value configures a provider, through locals too, and is nowhere kept", async () => {
  const bench = new Bench();
  const document = {
    variable,
    locals: { token: "${upper(var.session)}" },
    provider: { memory: { token: "${local.token}" } },
    resource: { memory_server: { web: { name: "web" } } },
  };
  const plan = await bench.plan(document, given);
  await bench.apply(plan);
  expect(JSON.stringify(planToJson(plan, { secrets: true })).toLowerCase()).not.toContain("canary");
  expect(JSON.stringify(bench.state).toLowerCase()).not.toContain("canary");
});

test("a saved plan keeps no ephemeral value: the same variables are given again, to whatever value", async () => {
  const bench = new Bench();
  const document = {
    variable: { ...variable, other: { type: "string", ephemeral: true, default: "d" } },
    provider: { memory: { token: "${var.session}" } },
    resource: { memory_server: { web: { name: "web" } } },
  };
  const saved = serializePlan(await bench.plan(document, given));
  expect(saved).not.toContain("canary");
  const again = { session: { value: "again" } };
  const refusal = async (values: object): Promise<readonly string[]> =>
    (await parsePlan(saved, () => ({ ...values }))).diagnostics.map(({ code }) => code);
  expect(await refusal({})).toEqual(["variable-missing"]);
  expect(await refusal({ ...again, other: { value: "more" } })).toEqual(["variable-not-planned"]);
  await bench.apply(unwrap(await parsePlan(saved, () => again)));
  expect(bench.world.token).toBe("again");
});

test("what is kept can't be ephemeral: arguments, outputs of the root", async () => {
  const server = (user_data: string) => ({ resource: { memory_server: { web: { name: "web", user_data } } } });
  expect(await codes(server("a${var.session}"))).toEqual(["ephemeral-argument"]);
  expect(await codes({ output: { o: { value: "${var.session}" } } })).toEqual(["ephemeral-output"]);
  expect(await codes({ output: { o: { value: "x", ephemeral: true } } })).toEqual(["ephemeral-output"]);
  expect(await codes({ output: { o: { value: "${ephemeralasnull(var.session)}" } } })).toEqual([]);
});

test("ephemeral resources are told to be for other executors", async () => {
  const document = { ephemeral: { random_password: { p: { length: 8 } } } };
  await expect(new Bench().outcome(document, {})).rejects.toMatchObject({
    diagnostics: [{ code: "config-not-supported", remedy: expect.stringContaining("terraform") }],
  });
});
