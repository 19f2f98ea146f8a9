import type { DataSource, Provider, ResourceType } from "./provider.ts";
import type { Attribute, Block, NestedBlock, Type } from "./schema.ts";

/** A Terraform expression that gives a `T`: written as `${…}` into the configuration. */
export class Expression<out T = unknown> {
  readonly source: string;
  declare readonly _type: T;

  constructor(source: string) {
    this.source = source;
  }

  toJSON(): string {
    return `\${${this.source}}`;
  }

  /** So that expressions stand inside template literals: `www.${domain.name}`. */
  toString(): string {
    return this.toJSON();
  }
}

/** An expression written by hand: `raw<string>("jsondecode(var.env_file_map)[each.key]")`. */
export const raw = <T>(source: string): Expression<T> => new Expression<T>(source);

/** Text that must reach Terraform as it is: `${` and `%{` are no templates in it. */
export const literal = (text: string): string => text.replace(/[$%](?=\{)/g, (sign) => sign + sign);

type ValueOf<T extends Type> = T extends "string"
  ? string
  : T extends "number"
    ? number
    : T extends "bool"
      ? boolean
      : T extends readonly ["list" | "set", infer E extends Type]
        ? readonly Input<ValueOf<E>>[]
        : T extends readonly ["map", infer E extends Type]
          ? Readonly<Record<string, Input<ValueOf<E>>>>
          : T extends readonly ["object", infer O extends Readonly<Record<string, Type>>]
            ? { readonly [K in keyof O]: Input<ValueOf<O[K]>> }
            : unknown;

/** A value, or an expression that gives one. */
export type Input<T> = T | Expression<T>;

type Flag<A, F extends string> = A extends Readonly<Record<F, true>> ? true : false;
type RequiredNames<A> = { [K in keyof A]: Flag<A[K], "required"> extends true ? K : never }[keyof A];
type OptionalNames<A> = { [K in keyof A]: Flag<A[K], "optional"> extends true ? K : never }[keyof A];
type AttributeInput<A> = A extends Attribute ? Input<ValueOf<A["type"]>> : never;
type BlockInput<N> = N extends NestedBlock
  ? N["nesting"] extends "single"
    ? InputsOf<N["block"]>
    : readonly InputsOf<N["block"]>[]
  : never;

/** What a configuration may say of a block: a wrong or missing attribute is a compile error. */
export type InputsOf<S extends Block> = {
  readonly [K in RequiredNames<S["attributes"]>]: AttributeInput<S["attributes"][K]>;
} & {
  readonly [K in OptionalNames<S["attributes"]>]?: AttributeInput<S["attributes"][K]>;
} & { readonly [K in keyof S["blocks"]]?: BlockInput<S["blocks"][K]> };

/** Every attribute of an object as an expression. */
export type Reference<S extends Block> = {
  readonly [K in keyof S["attributes"]]: Expression<ValueOf<S["attributes"][K]["type"]>>;
} & {
  readonly address: string;
};

/** Terraform's meta-arguments. */
export interface Meta {
  readonly forEach?: Expression;
  readonly count?: number | Expression<number>;
  readonly dependsOn?: readonly { readonly address: string }[];
  readonly provider?: string;
  readonly lifecycle?: {
    readonly prevent_destroy?: boolean;
    readonly create_before_destroy?: boolean;
    readonly ignore_changes?: readonly string[] | "all";
  };
}

export interface VariableOptions {
  readonly type: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly sensitive?: boolean;
}

type Json = Record<string, unknown>;

/** Terraform JSON, put together with types. `toJSON()` is the document that every executor reads. */
export class Configuration {
  readonly #terraform: Json = {};
  readonly #sections: Record<string, Record<string, Json>> = { variable: {}, provider: {}, output: {} };
  readonly #locals: Json = {};
  readonly #objects: Record<"resource" | "data", Record<string, Record<string, Json>>> = { resource: {}, data: {} };

  /** Declares `required_providers` with the exact version, and the provider's own block. */
  provider(provider: Provider, settings: Json = {}): void {
    const required = (this.#terraform["required_providers"] ??= {}) as Json;
    required[provider.name] = { source: provider.source, version: provider.version };
    this.#add("provider", provider.name, settings);
  }

  /** `terraform { cloud { … } }` or any other setting of the terraform block. */
  terraform(settings: Json): void {
    Object.assign(this.#terraform, settings);
  }

  variable<T = string>(name: string, options: VariableOptions): Expression<T> {
    this.#add("variable", name, { ...options });
    return new Expression<T>(`var.${name}`);
  }

  local<T>(name: string, value: Input<T>): Expression<T> {
    this.#locals[name] = value;
    return new Expression<T>(`local.${name}`);
  }

  output(
    name: string,
    value: unknown,
    options: { readonly sensitive?: boolean; readonly description?: string } = {},
  ): void {
    this.#add("output", name, { value, ...options });
  }

  resource<S extends Block>(
    type: Pick<ResourceType<never, S>, "type" | "schema">,
    name: string,
    inputs: InputsOf<S>,
    meta: Meta = {},
  ): Reference<S> {
    return this.#object("resource", type, name, inputs, meta);
  }

  data<S extends Block>(
    type: Pick<DataSource<never, S>, "type" | "schema">,
    name: string,
    inputs: InputsOf<S>,
    meta: Meta = {},
  ): Reference<S> {
    return this.#object("data", type, name, inputs, meta);
  }

  toJSON(): Json {
    const filled = Object.entries(this.#sections).filter(([, section]) => Object.keys(section).length > 0);
    const document: Json = {
      ...(Object.keys(this.#terraform).length > 0 ? { terraform: this.#terraform } : {}),
      ...Object.fromEntries(filled),
      ...(Object.keys(this.#locals).length > 0 ? { locals: this.#locals } : {}),
      ...(Object.keys(this.#objects.data).length > 0 ? { data: this.#objects.data } : {}),
      ...(Object.keys(this.#objects.resource).length > 0 ? { resource: this.#objects.resource } : {}),
    };
    return JSON.parse(JSON.stringify(document)) as Json;
  }

  #add(section: string, name: string, body: Json): void {
    const entries = (this.#sections[section] ??= {});
    if (name in entries) throw new Error(`${section} "${name}" is declared twice`);
    entries[name] = body;
  }

  #object<S extends Block>(
    mode: "resource" | "data",
    type: { readonly type: string; readonly schema: S },
    name: string,
    inputs: Json,
    meta: Meta,
  ): Reference<S> {
    const objects = (this.#objects[mode][type.type] ??= {});
    const address = `${mode === "data" ? "data." : ""}${type.type}.${name}`;
    if (name in objects) throw new Error(`${address} is declared twice`);
    objects[name] = {
      ...inputs,
      ...(meta.forEach ? { for_each: meta.forEach } : {}),
      ...(meta.count === undefined ? {} : { count: meta.count }),
      ...(meta.dependsOn ? { depends_on: meta.dependsOn.map((d) => d.address) } : {}),
      ...(meta.provider ? { provider: meta.provider } : {}),
      ...(meta.lifecycle ? { lifecycle: meta.lifecycle } : {}),
    };
    const fields = Object.keys(type.schema.attributes).map((key) => [key, new Expression(`${address}.${key}`)]);
    return { ...Object.fromEntries(fields), address } as Reference<S>;
  }
}
