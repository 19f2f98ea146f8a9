import { expect, test } from "vitest";
import { parsePlan, planToJson, renderPlan } from "../src/index.ts";
import { Bench } from "./memory.ts";

const canary = "canary-9f2c";

test.each([
  "${{ a = 1 }[var.s]}",
  "${tomap({ a = 1 })[var.s]}",
  "${lookup({ a = 1 }, var.s)}",
  "${parseint(var.s, 10)}",
  "${tonumber(var.s)}",
  "${{ for x in [var.s, var.s] : x => x }}",
  "${jsondecode(var.s)}",
  '${regex(var.s, "b")}',
  "${var.s + 1}",
])("no diagnostic shows a secret: %s", async (value) => {
  const document = { variable: { s: { type: "string", sensitive: true } }, output: { o: { value, sensitive: true } } };
  const { diagnostics } = await new Bench().outcome(document, { variables: { s: { value: canary } } });
  expect(diagnostics.some((one) => one.severity === "error")).toBe(true);
  expect(JSON.stringify(diagnostics)).not.toContain(canary);
});

test("neither the plan's text, nor its JSON, nor an event shows one, wherever it went", async () => {
  const bench = new Bench();
  const document = (s: string) => ({
    variable: { s: { type: "string", sensitive: true, default: s } },
    locals: { wrapped: { inner: ["${var.s}"] } },
    provider: { memory: { token: "${var.s}" } },
    resource: {
      memory_server: { web: { name: "web", user_data: "x${var.s}", tags: ["${local.wrapped.inner[0]}", "open"] } },
      memory_record: { r: { name: "r", value: "${base64encode(var.s)}", labels: { secret: "${var.s}", open: "yes" } } },
    },
    output: { o: { value: "${memory_record.r.labels}", sensitive: true } },
  });
  const forms = [canary, Buffer.from(canary).toString("base64")];
  for (const secret of [canary, `${canary}-2`]) {
    const plan = await bench.plan(document(secret));
    const shown = renderPlan(plan) + JSON.stringify(planToJson({ ...plan, configuration: { ...plan.configuration } }));
    for (const form of forms) expect(shown).not.toContain(form.replace(/=+$/, ""));
    expect(shown).toContain("open");
    expect(JSON.stringify(planToJson(plan, { secrets: true }))).toContain(secret);
    await bench.apply(plan);
  }
  expect(JSON.stringify(bench.events)).not.toContain(canary);
  expect((await parsePlan("null")).value).toBeUndefined();
});

test("a condition that waits for a secret marks what it chooses once it is known", async () => {
  const bench = new Bench();
  const document = {
    resource: { memory_server: { web: { name: "web" } } },
    output: {
      chosen: { value: '${[for x in ["a"] : x if memory_server.web.password != "a"]}', sensitive: true },
      open: { value: '${length([for x in ["a"] : x if memory_server.web.password != "a"])}' },
    },
  };
  // Nothing can be seen while it is not known: terraform takes such an output for an open one, until the apply.
  expect((await bench.plan(document)).outputs.map(({ name }) => name)).toEqual(["chosen", "open"]);
  await expect(bench.up(document)).rejects.toThrow("Output refers to sensitive values");
});
