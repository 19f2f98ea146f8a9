import { createHash } from "node:crypto";
import { type Clock, type DogeEvent, type Http, type ProjectFiles, fail, unwrap } from "@doge/core";
import {
  applyPlan,
  type ApplyRequest,
  type ApplyResult,
  type Attributes,
  defineDataSource,
  defineProvider,
  defineResource,
  emptyState,
  type Journal,
  loadConfiguration,
  memoryJournal,
  type Plan,
  type PlanRequest,
  planRun,
  type Provider,
  type Source,
  type State,
} from "../src/index.ts";

/** A vendor in memory: objects by id, a log of calls, and faults that a test asks for. */
export class World {
  readonly objects = new Map<string, Attributes>();
  readonly calls: string[] = [];
  /** Throws before (`create web`) or after (`after create web`) a call takes effect. */
  fault: (call: string) => void | Promise<void> = () => undefined;
  token: unknown;
  #next = 1;

  async call(what: string): Promise<void> {
    this.calls.push(what);
    await this.fault(what);
  }

  id(): string {
    return String(this.#next++);
  }

  take(): string[] {
    return this.calls.splice(0).filter((call) => !call.startsWith("read"));
  }
}

const sha1 = (value: unknown): string => createHash("sha1").update(String(value)).digest("hex");
const resource = defineResource<World>();

const server = resource({
  type: "memory_server",
  schemaVersion: 1,
  schema: {
    attributes: {
      id: { type: "string", computed: true },
      name: { type: "string", required: true },
      region: {
        type: "string",
        optional: true,
        default: "fra1",
        forceNew: true,
        normalize: (value) => String(value).toLowerCase(),
      },
      tags: { type: ["set", "string"], optional: true },
      user_data: { type: "string", optional: true, forceNew: true, normalize: sha1 },
      size: { type: "number", optional: true, computed: true },
      ip: { type: "string", computed: true, recomputedBy: ["size"] },
      password: { type: "string", computed: true, sensitive: true },
    },
    blocks: {
      disk: {
        nesting: "list",
        block: {
          attributes: { gigabytes: { type: "number", required: true }, device: { type: "string", computed: true } },
        },
      },
    },
  },
  async read(world, prior) {
    await world.call(`read ${String(prior["name"])}`);
    return world.objects.get(prior["id"] as string);
  },
  async find(world, { config }) {
    await world.call(`find ${String(config["name"])}`);
    const found = [...world.objects.values()].find((one) => one["name"] === config["name"]);
    return found && { ...found, user_data: null };
  },
  async reconcile(world, { config, prior, created }) {
    const verb = prior ? "update" : "create";
    await world.call(`${verb} ${String(config["name"])}`);
    const id = (prior?.["id"] as string | undefined) ?? world.id();
    const made: Attributes = {
      ...config,
      id,
      region: String(config["region"]).toLowerCase(),
      user_data:
        config["user_data"] === null
          ? null
          : prior?.["user_data"] === config["user_data"]
            ? config["user_data"]
            : sha1(config["user_data"]),
      size: config["size"] ?? 1,
      ip: prior && prior["size"] === config["size"] ? prior["ip"] : `10.0.${Number(config["size"] ?? 1)}.${id}`,
      password: prior?.["password"] ?? `hunter-${id}`,
      disk: (config["disk"] as Attributes[] | null)?.map((one, i) => ({ ...one, device: `sd${i}` })) ?? [],
    };
    world.objects.set(id, made);
    if (!prior) await world.call(`made ${String(config["name"])}`);
    if (!prior) await created({ id, name: config["name"] });
    await world.call(`after ${verb} ${String(config["name"])}`);
    return made;
  },
  async remove(world, prior) {
    await world.call(`delete ${String(prior["name"])}`);
    world.objects.delete(prior["id"] as string);
  },
});

const record = resource({
  type: "memory_record",
  schemaVersion: 0,
  schema: {
    attributes: {
      id: { type: "string", computed: true },
      name: { type: "string", required: true, forceNew: true },
      value: { type: "string", required: true },
      labels: { type: ["map", "string"], optional: true },
    },
  },
  read: async (world, prior) => world.objects.get(prior["id"] as string),
  async reconcile(world, { config, prior }) {
    await world.call(`${prior ? "update" : "create"} ${String(config["name"])}`);
    const id = (prior?.["id"] as string | undefined) ?? world.id();
    world.objects.set(id, { ...config, id });
    return { ...config, id };
  },
  async remove(world, prior) {
    await world.call(`delete ${String(prior["name"])}`);
    world.objects.delete(prior["id"] as string);
  },
});

const lookup = defineDataSource<World>()({
  type: "memory_lookup",
  schema: { attributes: { name: { type: "string", required: true }, ip: { type: "string", computed: true } } },
  async read(world, config) {
    await world.call(`lookup ${String(config["name"])}`);
    const found = [...world.objects.values()].find((one) => one["name"] === config["name"]);
    return found
      ? { name: config["name"], ip: found["ip"] }
      : fail({ code: "not-found", summary: "No such server", detail: String(config["name"]) });
  },
});

export const memory = (world: World): Provider =>
  defineProvider<World>({
    name: "memory",
    source: "doge/memory",
    version: "1.2.3",
    schema: { attributes: { token: { type: "string", optional: true, sensitive: true } } },
    resources: [server, record],
    dataSources: [lookup],
    configure(config) {
      world.token = config["token"];
      return world;
    },
  });

export const memoryServer = server;

const clock: Clock = { now: () => new Date("2026-01-02T03:04:05Z"), sleep: async () => undefined };
const http: Http = { send: () => Promise.reject(new Error("no network in these tests")) };

/** An object is one document of Terraform JSON; a string is HCL; a map of files names them. */
export function sourcesOf(document: unknown): Source[] {
  if (document instanceof Map)
    return [...(document as Map<string, string>)].map(([file, content]) => ({ file, content }));
  return typeof document === "string"
    ? [{ file: "main.tf", content: document }]
    : [{ file: "main.tf.json", content: JSON.stringify(document) }];
}

/** A workspace over a world: configuration in, state kept, everything that was saved or emitted remembered. */
export class Bench {
  readonly world = new World();
  readonly events: DogeEvent[] = [];
  readonly saved: State[] = [];
  journal: Journal = memoryJournal();
  clock = clock;
  files: ProjectFiles | undefined;
  state: State | undefined;
  controller = new AbortController();

  get context() {
    return {
      http,
      clock: this.clock,
      env: {},
      ...(this.files ? { files: this.files } : {}),
      emit: (event: DogeEvent) => void this.events.push(event),
      signal: this.controller.signal,
    };
  }

  /** `document`: Terraform JSON, or HCL as a string, or files by name. */
  async outcome(document: unknown, more: Partial<PlanRequest> = {}) {
    const configuration = unwrap(await loadConfiguration(sourcesOf(document)));
    return planRun({
      configuration,
      variables: {},
      state: this.state,
      providers: [memory(this.world)],
      context: this.context,
      mode: "normal",
      journal: this.journal,
      ...more,
    });
  }

  async plan(document: unknown, more: Partial<PlanRequest> = {}): Promise<Plan> {
    return unwrap(await this.outcome(document, more));
  }

  async apply(
    plan: Plan,
    save: (state: State) => Promise<void> = async () => undefined,
    more: Partial<ApplyRequest> = {},
  ): Promise<ApplyResult> {
    const store = {
      save: async (state: State) => {
        await save(state);
        this.saved.push(state);
        this.state = state;
      },
    };
    return applyPlan({
      plan,
      providers: [memory(this.world)],
      context: this.context,
      store,
      journal: this.journal,
      state: this.state ?? { ...emptyState(), ...plan.baseline },
      ...more,
    });
  }

  /** Plans and applies; throws for any error. */
  async up(document: unknown, more: Partial<PlanRequest> = {}): Promise<ApplyResult> {
    const result = await this.apply(await this.plan(document, more));
    return unwrap({ value: result, diagnostics: result.diagnostics });
  }
}
