import type { Node } from "../lang/ast.ts";
import type { Type } from "../schema.ts";
import type { Value } from "../lang/values.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
export type JsonObject = { readonly [name: string]: Json };

export interface Source {
  readonly file: string;
  readonly content: string;
}

/** Where something stands: a path of keys and positions in a JSON file. Lines are found when one asks. */
export interface Place {
  readonly source: Source;
  readonly path: readonly (string | number)[];
}

export interface Expression {
  readonly node: Node;
  readonly place: Place;
}

/** A type constraint with the optional attributes of its objects. */
export type Constraint =
  | { readonly kind: "plain"; readonly type: Type }
  | { readonly kind: "list" | "set" | "map"; readonly element: Constraint }
  | { readonly kind: "tuple"; readonly items: readonly Constraint[] }
  | { readonly kind: "object"; readonly fields: Readonly<Record<string, Field>> };

export interface Field {
  readonly constraint: Constraint;
  readonly optional: boolean;
  readonly default?: Value;
}

export interface VariableBlock {
  readonly name: string;
  readonly constraint: Constraint;
  readonly default?: Value;
  readonly sensitive: boolean;
  readonly nullable: boolean;
  readonly description?: string;
  readonly validations: readonly { readonly condition: Expression; readonly message: Expression }[];
  readonly place: Place;
}

export interface ResourceBlock {
  readonly mode: "managed" | "data";
  readonly type: string;
  readonly name: string;
  /** `digitalocean_droplet.web`, `data.github_repository.app` */
  readonly address: string;
  /** The arguments, without the meta-arguments. */
  readonly body: JsonObject;
  readonly count?: Expression;
  readonly forEach?: Expression;
  /** Addresses of resources and data sources. */
  readonly dependsOn: readonly Expression[];
  /** `digitalocean`, `github.other` */
  readonly provider?: string;
  readonly preventDestroy: boolean;
  readonly createBeforeDestroy: boolean;
  readonly ignoreChanges: "all" | readonly (readonly (string | number)[])[];
  readonly place: Place;
}

export interface ProviderBlock {
  /** `github`, `github.other` */
  readonly key: string;
  readonly name: string;
  readonly alias?: string;
  readonly body: JsonObject;
  readonly place: Place;
}

export interface OutputBlock {
  readonly name: string;
  readonly value: Expression;
  readonly sensitive: boolean;
  readonly description?: string;
  readonly dependsOn: readonly Expression[];
  readonly place: Place;
}

/** A configuration as read and decoded, before it meets schemas and values. */
export interface LoadedConfiguration {
  readonly sources: readonly Source[];
  /** The terraform blocks, merged: `cloud` and `backend` are kept for who wants them. */
  readonly terraform: JsonObject;
  readonly requiredProviders: ReadonlyMap<string, { readonly source?: string; readonly version?: string }>;
  readonly variables: ReadonlyMap<string, VariableBlock>;
  readonly locals: ReadonlyMap<string, Expression>;
  readonly providers: ReadonlyMap<string, ProviderBlock>;
  /** By address; data sources among them. */
  readonly resources: ReadonlyMap<string, ResourceBlock>;
  readonly outputs: ReadonlyMap<string, OutputBlock>;
}

export const at = (place: Place, ...steps: readonly (string | number)[]): Place => ({
  source: place.source,
  path: [...place.path, ...steps],
});
