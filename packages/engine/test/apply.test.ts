import { DogeError, fail } from "@doge/core";
import { describe, expect, test } from "vitest";
import { hasChanges, parsePlan, parseState, planSummary, serializePlan, serializeState } from "../src/index.ts";
import { Bench } from "./memory.ts";

const web = (more: object = {}, others: object = {}) => ({
  resource: { memory_server: { web: { name: "web", ...more } }, ...others },
});

const actions = (plan: { changes: readonly { address: string; action: string }[] }) =>
  Object.fromEntries(plan.changes.map((change) => [change.address, change.action]));

describe("one object", () => {
  test("is created, stays, is updated and goes", async () => {
    const bench = new Bench();
    const first = await bench.plan(web({ tags: ["b", "a"], region: "FRA1", user_data: "#cloud-config" }));
    expect(planSummary(first)).toEqual({ add: 1, change: 0, destroy: 0 });
    expect(await bench.apply(first)).toMatchObject({ add: 1, change: 0, destroy: 0, diagnostics: [] });
    expect(bench.state?.resources[0]).toMatchObject({
      mode: "managed",
      type: "memory_server",
      name: "web",
      provider: 'provider["registry.terraform.io/doge/memory"]',
      instances: [
        {
          schema_version: 1,
          attributes: {
            id: "1",
            name: "web",
            region: "fra1",
            tags: ["a", "b"],
            size: 1,
            user_data: expect.stringMatching(/^[0-9a-f]{40}$/),
          },
          sensitive_attributes: [[{ type: "get_attr", value: "password" }]],
        },
      ],
    });

    const second = await bench.plan(web({ tags: ["a", "b"], region: "fra1", user_data: "#cloud-config" }));
    expect(actions(second)).toEqual({ "memory_server.web": "no-op" });
    expect(hasChanges(second)).toBe(false);

    expect(await bench.up(web({ tags: ["c"], user_data: "#cloud-config" }))).toMatchObject({ change: 1 });
    expect(bench.world.objects.get("1")).toMatchObject({ tags: ["c"], ip: "10.0.1.1" });

    expect(await bench.up(web(), { mode: "destroy" })).toMatchObject({ destroy: 1 });
    expect(bench.world.objects.size).toBe(0);
    expect(bench.state?.resources).toEqual([]);
  });

  test("computed attributes are known over an update unless an attribute recomputes them", async () => {
    const bench = new Bench();
    await bench.up(web({ size: 1 }));
    const tags = await bench.plan(web({ size: 1, tags: ["x"] }));
    const size = await bench.plan(web({ size: 2 }));
    const ip = (plan: typeof tags) => {
      const after = plan.changes[0]?.after;
      return after && "entries" in after ? after.entries.get("ip")?.kind : undefined;
    };
    expect([ip(tags), ip(size)]).toEqual(["string", "unknown"]);
  });

  test("that vanished is made again; one that drifted is mended", async () => {
    const bench = new Bench();
    await bench.up(web({ tags: ["a"] }));
    bench.world.objects.set("1", { ...bench.world.objects.get("1"), tags: ["foreign"] });
    const mend = await bench.plan(web({ tags: ["a"] }));
    expect(mend.drift).toMatchObject([{ address: "memory_server.web", action: "update" }]);
    expect(actions(mend)).toEqual({ "memory_server.web": "update" });
    bench.world.objects.delete("1");
    const again = await bench.plan(web({ tags: ["a"] }));
    expect(again.drift).toMatchObject([{ action: "delete" }]);
    expect(actions(again)).toEqual({ "memory_server.web": "create" });
  });

  test("ignore_changes leaves an attribute alone, normalized or not", async () => {
    const bench = new Bench();
    const lifecycle = { ignore_changes: ["tags", "user_data"] };
    await bench.up(web({ tags: ["a"], user_data: "one", lifecycle }));
    expect(actions(await bench.plan(web({ tags: ["b"], user_data: "two", lifecycle })))).toEqual({
      "memory_server.web": "no-op",
    });
    await bench.up(web({ name: "other", tags: ["b"], user_data: "two", lifecycle }));
    expect(bench.world.objects.get("1")).toMatchObject({ name: "other", tags: ["a"] });
    expect(hasChanges(await bench.plan(web({ name: "other", tags: ["b"], user_data: "two", lifecycle })))).toBe(false);
  });

  test("prevent_destroy refuses replacement and destruction", async () => {
    const bench = new Bench();
    const lifecycle = { prevent_destroy: true };
    await bench.up(web({ lifecycle }));
    for (const outcome of [
      await bench.outcome(web({ region: "ams3", lifecycle })),
      await bench.outcome(web({ lifecycle }), { mode: "destroy" }),
    ]) {
      expect(outcome.value).toBeUndefined();
      expect(outcome.diagnostics).toMatchObject([{ code: "prevent-destroy", address: "memory_server.web" }]);
    }
  });
});

describe("replacement", () => {
  const pair = (region: string, lifecycle: object = {}) =>
    web({ region, lifecycle }, { memory_record: { www: { name: "www", value: "${memory_server.web.ip}" } } });

  test("destroys first, and says which attribute forces it", async () => {
    const bench = new Bench();
    await bench.up(pair("fra1"));
    bench.world.take();
    const plan = await bench.plan(pair("ams3"));
    expect(plan.changes.find((one) => one.type === "memory_server")).toMatchObject({
      action: "replace",
      reason: "replace_because_cannot_update",
      replacePaths: [["region"]],
    });
    expect(await bench.apply(plan)).toMatchObject({ add: 1, change: 1, destroy: 1, diagnostics: [] });
    expect(bench.world.take()).toEqual(["delete web", "create web", "made web", "after create web", "update www"]);
  });

  test("creates first where asked, and destroys when its users have moved on", async () => {
    const bench = new Bench();
    const lifecycle = { create_before_destroy: true };
    await bench.up(pair("fra1", lifecycle));
    bench.world.take();
    await bench.up(pair("ams3", lifecycle));
    expect(bench.world.take()).toEqual(["create web", "made web", "after create web", "update www", "delete web"]);
    expect(bench.state?.resources.find((one) => one.type === "memory_server")?.instances).toMatchObject([
      { create_before_destroy: true, attributes: { region: "ams3" } },
    ]);
  });

  test("a failed removal of the old object leaves it deposed, and the next run removes it", async () => {
    const bench = new Bench();
    const lifecycle = { create_before_destroy: true };
    await bench.up(pair("fra1", lifecycle));
    bench.world.fault = (call) => (call === "delete web" ? fail({ code: "vendor", summary: "Busy" }) : undefined);
    expect((await bench.apply(await bench.plan(pair("ams3", lifecycle)))).diagnostics).toMatchObject([
      { summary: "Busy" },
    ]);
    bench.world.fault = () => undefined;
    const plan = await bench.plan(pair("ams3", lifecycle));
    expect(plan.changes.filter((one) => one.action !== "no-op")).toMatchObject([
      { action: "delete", deposed: expect.stringMatching(/^[0-9a-f]{8}$/) },
    ]);
    await bench.apply(plan);
    expect(new Set([...bench.world.objects.values()].map((one) => one["name"]))).toEqual(new Set(["web", "www"]));
    expect(hasChanges(await bench.plan(pair("ams3", lifecycle)))).toBe(false);
  });

  test("on request, and of tainted objects", async () => {
    const bench = new Bench();
    await bench.up(web());
    expect((await bench.plan(web(), { replace: ["memory_server.web"] })).changes).toMatchObject([
      { action: "replace", reason: "replace_by_request" },
    ]);
    expect((await bench.plan(web(), { replace: ["memory_server.wbe"] })).warnings).toMatchObject([
      { code: "replace-unknown", detail: "There is no memory_server.wbe in the configuration or the state." },
    ]);
    const text = serializeState(bench.state!).replace(
      '"schema_version": 1',
      '"status": "tainted", "schema_version": 1',
    );
    bench.state = parseState(text).value;
    expect((await bench.plan(web())).changes).toMatchObject([{ action: "replace", reason: "replace_because_tainted" }]);
  });
});

describe("many", () => {
  const each = (names: readonly string[]) => ({
    variable: { names: { type: "set(string)", default: names } },
    resource: {
      memory_server: { web: { for_each: "${var.names}", name: "${each.key}" } },
      memory_record: { www: { for_each: "${memory_server.web}", name: "www-${each.key}", value: "${each.value.ip}" } },
    },
    output: { ips: { value: "${[for s in memory_server.web : s.ip]}" } },
  });

  test("for_each makes and removes by key", async () => {
    const bench = new Bench();
    expect(await bench.up(each(["a", "b"]))).toMatchObject({ add: 4 });
    expect(bench.state?.outputs["ips"]).toEqual({
      value: ["10.0.1.1", "10.0.1.2"],
      type: ["tuple", ["string", "string"]],
    });
    const plan = await bench.plan(each(["b", "c"]));
    expect(actions(plan)).toEqual({
      'memory_server.web["a"]': "delete",
      'memory_server.web["b"]': "no-op",
      'memory_server.web["c"]': "create",
      'memory_record.www["a"]': "delete",
      'memory_record.www["b"]': "no-op",
      'memory_record.www["c"]': "create",
    });
    bench.world.take();
    await bench.apply(plan);
    const calls = bench.world.take();
    expect(calls.indexOf("delete www-a")).toBeLessThan(calls.indexOf("delete a"));
    expect(calls.indexOf("create c")).toBeLessThan(calls.indexOf("create www-c"));
    expect(await bench.up(each([]), { mode: "destroy" })).toMatchObject({ destroy: 4 });
    expect(bench.state).toMatchObject({ resources: [], outputs: {} });
  });

  test("count shrinks from its end", async () => {
    const bench = new Bench();
    const counted = (count: number) => web({ count, name: "web-${count.index}" });
    await bench.up(counted(3));
    const plan = await bench.plan(counted(1));
    expect(plan.changes.filter((one) => one.action === "delete")).toMatchObject([
      { address: "memory_server.web[1]", reason: "delete_because_count_index" },
      { address: "memory_server.web[2]" },
    ]);
  });

  test("a resource that left the configuration goes, after what used it", async () => {
    const bench = new Bench();
    await bench.up(each(["a"]));
    bench.world.take();
    const plan = await bench.plan({ terraform: {} });
    expect(plan.changes.every((one) => one.reason === "delete_because_no_resource_config")).toBe(true);
    await bench.apply(plan);
    expect(bench.world.take()).toEqual(["delete www-a", "delete a"]);
  });

  test("never more than ten at once, and a thousand in order", async () => {
    const bench = new Bench();
    let [now, most] = [0, 0];
    bench.world.fault = async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now--;
    };
    await bench.up(web({ count: 60, name: "w-${count.index}" }));
    expect(most).toBeGreaterThan(5);
    expect(most).toBeLessThanOrEqual(10);
    expect(new Set(bench.saved.map((state) => state.serial)).size).toBe(bench.saved.length);
  });
});

describe("failures", () => {
  const three = web(
    {},
    {
      memory_record: {
        www: { name: "www", value: "${memory_server.web.ip}" },
        alone: { name: "alone", value: "1" },
      },
    },
  );

  test("independent branches go on, dependents are skipped, the state keeps what was made", async () => {
    const bench = new Bench();
    bench.world.fault = (call) =>
      call === "create web" ? fail({ code: "vendor", summary: "No capacity" }) : undefined;
    const result = await bench.apply(await bench.plan(three));
    expect(result).toMatchObject({ add: 1, diagnostics: [{ summary: "No capacity", address: "memory_server.web" }] });
    expect(bench.state?.resources.map((one) => one.name)).toEqual(["alone"]);
    expect(bench.events.filter((event) => event.type === "resource.failed")).toMatchObject([
      { address: "memory_server.web", action: "create" },
    ]);
    bench.world.fault = () => undefined;
    expect(await bench.up(three)).toMatchObject({ add: 2 });
    expect(await bench.journal.list()).toEqual([]);
  });

  test("an abort begins nothing new and keeps what is done", async () => {
    const bench = new Bench();
    bench.world.fault = (call) => (call === "after create web" ? bench.controller.abort() : undefined);
    const result = await bench.apply(
      await bench.plan(web({}, { memory_record: { www: { name: "www", value: "${memory_server.web.ip}" } } })),
    );
    expect(result.diagnostics).toMatchObject([{ code: "interrupted" }]);
    expect(bench.state?.resources.map((one) => one.type)).toEqual(["memory_server"]);
  });

  test("a state that can't be written is told", async () => {
    const bench = new Bench();
    const result = await bench.apply(await bench.plan(web()), () =>
      Promise.reject(new DogeError([{ severity: "error", code: "disk", summary: "Disk full" }])),
    );
    expect(result.diagnostics.map((one) => one.summary)).toContain("Disk full");
  });
});

describe("a saved plan", () => {
  test("is applied exactly after a round trip", async () => {
    const bench = new Bench();
    const document = { variable: { p: { type: "string", sensitive: true } }, ...web({ user_data: "${var.p}" }) };
    const plan = await bench.plan(document, { variables: { p: { value: "s3cret" } } });
    const back = await parsePlan(serializePlan(plan));
    expect(back.value && serializePlan(back.value)).toBe(serializePlan(plan));
    expect(await bench.apply(back.value!)).toMatchObject({ add: 1, diagnostics: [] });
    expect(bench.state?.resources[0]?.instances[0]?.sensitive_attributes).toEqual([
      [{ type: "get_attr", value: "password" }],
      [{ type: "get_attr", value: "user_data" }],
    ]);
    expect(hasChanges(await bench.plan(document, { variables: { p: { value: "s3cret" } } }))).toBe(false);
  });

  test("is refused when the state moved, or belongs to another lineage", async () => {
    const bench = new Bench();
    await bench.up(web());
    const plan = await bench.plan(web({ tags: ["a"] }));
    await bench.up(web({ tags: ["b"] }));
    expect((await bench.apply(plan)).diagnostics).toMatchObject([{ code: "plan-stale" }]);
    bench.state = { ...bench.state!, lineage: "other", serial: plan.baseline.serial };
    expect((await bench.apply(plan)).diagnostics).toMatchObject([{ code: "plan-stale" }]);
    expect((await parsePlan("{")).diagnostics).toMatchObject([{ code: "plan-unreadable" }]);
  });
});

test("the serial grows only with the content", async () => {
  const bench = new Bench();
  await bench.up(web());
  const serial = bench.state?.serial;
  const content = serializeState({ ...bench.state!, serial: 0 });
  await bench.up(web());
  expect(bench.state?.serial).toBe(serial);
  expect(serializeState({ ...parseState(serializeState(bench.state!)).value!, serial: 0 })).toBe(content);
});

test("where the schema leaves the type open, a list is not what a tuple of the same elements is", async () => {
  const bench = new Bench();
  const triggers = (value: string) => `resource "terraform_data" "a" { triggers_replace = ${value} }`;
  await bench.up(triggers('["x", "y"]'));
  expect((await bench.plan(triggers('["x", "y"]'))).changes).toMatchObject([{ action: "no-op" }]);
  expect((await bench.plan(triggers('tolist(["x", "y"])'))).changes).toMatchObject([{ action: "replace" }]);
});
