import { evaluateBody } from "../config/body.ts";
import { typeOfBlock } from "../config/schema-types.ts";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";
import type { Attributes, ProviderContext, Work } from "../provider.ts";
import type { Evaluation, ModuleInstance } from "./evaluation.ts";
import { Limiter } from "./graph.ts";
import type { PreparedProvider } from "./providers.ts";

/** A module with a provider block of its own has one instance. */
const scopeOf = (provider: PreparedProvider, evaluation: Evaluation): ModuleInstance =>
  evaluation.instancesOf(provider.module)[0] ?? evaluation.root;

/** The providers' clients: each configured once, when it is first needed. */
export class Clients {
  readonly context: ProviderContext;
  /** Objects that are changed at once. */
  readonly limiter: Limiter;
  /** Objects that are read at once: their calls wait for each other by vendor. */
  readonly reads: Limiter;
  readonly #parallelism: number;
  readonly #configs = new Map<string, Value>();
  readonly #clients = new Map<string, Promise<unknown>>();

  constructor(context: ProviderContext, parallelism: number) {
    this.context = context;
    this.#parallelism = parallelism;
    this.limiter = new Limiter(parallelism);
    this.reads = new Limiter(5 * parallelism);
  }

  /** Evaluates the provider's settings; they may be unknown until an apply. */
  evaluate(provider: PreparedProvider, evaluation: Evaluation): void {
    const config = provider.body
      ? evaluateBody(provider.body, evaluation.scope(scopeOf(provider, evaluation)), `provider.${provider.key}`)
      : v.object(
          Object.entries(typeOfBlock(provider.provider.schema)[1]).map(
            ([name, type]) => [name, v.nullOf(type)] as const,
          ),
        );
    this.#configs.set(provider.key, config);
  }

  /** Whether calls can be made: false while the provider's settings are unknown. */
  ready(provider: PreparedProvider): boolean {
    const config = this.#configs.get(provider.key);
    return config !== undefined && v.isWhollyKnown(config);
  }

  client(provider: PreparedProvider): Promise<unknown> {
    let client = this.#clients.get(provider.key);
    if (client === undefined) {
      const config = v.toPlain(this.#configs.get(provider.key) ?? v.object([])) as Attributes;
      client = Promise.resolve().then(() => provider.provider.configure(config, this.#contextOf()));
      this.#clients.set(provider.key, client);
    }
    return client;
  }

  /** With so many calls at once, for each vendor: limits are counted by vendor. */
  #contextOf(): ProviderContext {
    const { http } = this.context;
    const limiter = new Limiter(this.#parallelism);
    return { ...this.context, http: { send: (request) => limiter.run(() => http.send(request)) } };
  }

  work(address: string): Work {
    const { signal, clock, emit } = this.context;
    return {
      clock,
      progress: (message) => emit({ type: "resource.waiting", address, message }),
      ...(signal ? { signal } : {}),
    };
  }

  get aborted(): boolean {
    return this.context.signal?.aborted ?? false;
  }
}
