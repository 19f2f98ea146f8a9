import type { Clock, Diagnostic, Emit, Http, ProjectFiles } from "@doge/core";
import type { Value } from "./lang/values.ts";
import type { Block } from "./schema.ts";
import type { State } from "./state/model.ts";

/** A resource's or data source's attributes as plain JSON: every attribute of the schema present, null for none. */
export type Attributes = Record<string, unknown>;

/** What the engine lends a provider. */
export interface ProviderContext {
  readonly http: Http;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly signal?: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What `file` and its like may read; nothing where it is absent. */
  readonly files?: ProjectFiles;
  /** Reads the state that a `terraform_remote_state` names; undefined where there is none. */
  readonly remoteState?: (wanted: RemoteState) => Promise<State | undefined>;
}

export interface RemoteState {
  /** `local`, `remote`, `s3` */
  readonly backend: string;
  /** As in the backend's own block. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly workspace: string;
}

export interface Work {
  readonly signal?: AbortSignal;
  readonly clock: Clock;
  /** For waits over a second: "booting, 12 s". */
  progress(message: string): void;
}

/**
 * One kind of managed object, written as what to observe and how to make reality agree: no separate
 * create, update and adopt. `Client` is what the provider's `configure` returns.
 *
 * Operations throw `DogeError` with a diagnostic that names the vendor's own message, or what their
 * client throws; "not there" is `undefined`, never an exception. A 403 is never "not there".
 */
export interface ResourceType<Client, S extends Block = Block> {
  /** `digitalocean_droplet` */
  readonly type: string;
  /** Schema version of the official provider, written into the state. */
  readonly schemaVersion: number;
  readonly schema: S;

  /** The object as it is, or undefined when it is gone. `prior` is the state's attributes, `prior.id` among them. */
  read(client: Client, prior: Attributes, work: Work): Promise<Attributes | undefined>;

  /**
   * The object that an interrupted create with these inputs may have left behind (its intent was journaled
   * at `since`), or undefined. By what the vendor allows: a unique name, or name and creation time.
   */
  find?(
    client: Client,
    intent: { readonly config: Attributes; readonly since: Date },
    work: Work,
  ): Promise<Attributes | undefined>;

  /**
   * Makes reality agree with `config`: creates where `prior` is undefined, else updates. Returns the state,
   * every attribute known. `config` holds the configured values with defaults filled in, before `normalize`.
   * `created(attributes)` must be called as soon as a create has given the object an id and before any wait:
   * the engine saves it at once, so that a kill during the wait loses nothing.
   */
  reconcile(
    client: Client,
    request: {
      readonly config: Attributes;
      readonly prior: Attributes | undefined;
      readonly created: (partial: Attributes) => Promise<void>;
    },
    work: Work,
  ): Promise<Attributes>;

  /** Removes the object; one that is gone already is no error. */
  remove(client: Client, prior: Attributes, work: Work): Promise<void>;

  /** Attributes to hand to `read` for `import ADDRESS ID`. */
  importState?(id: string): Attributes;

  /** Further checks of known values, beyond types: pure. */
  validate?(config: Attributes): readonly Diagnostic[];

  /**
   * For Terraform's own types, whose attributes have no fixed type: values in the place of JSON, no vendor.
   * `plan` refines what the schema proposes; `make` gives the object, in place of `reconcile`.
   */
  readonly builtin?: { plan(after: Value): Value; make(after: Value): Value };
}

export interface DataSource<Client, S extends Block = Block> {
  readonly type: string;
  readonly schema: S;
  read(client: Client, config: Attributes, work: Work): Promise<Attributes>;
  /** For Terraform's own data source: values in the place of JSON, instead of `read`. */
  readonly builtin?: (config: Value, context: ProviderContext) => Promise<Value>;
}

/** A provider whose client type is settled: what the engine works with. */
export interface Provider<Client = unknown> {
  /** Local name in configurations: `digitalocean`. */
  readonly name: string;
  /** `digitalocean/digitalocean`; the state spells it `provider["registry.terraform.io/<source>"]`. */
  readonly source: string;
  /** The official provider's version whose schemas these are. */
  readonly version: string;
  readonly schema: Block;
  readonly resources: readonly ResourceType<Client>[];
  readonly dataSources: readonly DataSource<Client>[];
  /** May check credentials; throws DogeError. Missing attributes come from `context.env`, as in the official provider. */
  configure(config: Attributes, context: ProviderContext): Client | Promise<Client>;
}

/** Checks a resource at its definition; the schema keeps its literal types, so that builders can check inputs. */
export const defineResource =
  <Client>() =>
  <const S extends Block>(resource: ResourceType<Client, S>): ResourceType<Client, S> =>
    resource;

/** Checks a data source at its definition. */
export const defineDataSource =
  <Client>() =>
  <const S extends Block>(source: DataSource<Client, S>): DataSource<Client, S> =>
    source;

/** Checks a provider at its definition and forgets its client's type, so that an array can hold several. */
export function defineProvider<Client>(provider: Provider<Client>): Provider {
  // The engine only ever hands a client back to the provider that made it.
  return provider;
}
