import type { Node } from "../lang/ast.ts";
import type { Type } from "../schema.ts";
import type { Value } from "../lang/values.ts";
import type { SourceBody } from "./source.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
export type JsonObject = { readonly [name: string]: Json };

/** One file. `file` is relative to the root module's folder, with `/`. */
export interface Source {
  readonly file: string;
  readonly content: string;
}

/** Where something stands: offsets in an HCL file, a path of keys in a JSON file. Lines are found when one asks. */
export interface Place {
  readonly source: Source;
  readonly path: readonly (string | number)[];
  /** UTF-16 offsets, the end exclusive. */
  readonly span?: readonly [start: number, end: number];
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

/** `condition` and `error_message`: of validations, pre- and postconditions, and checks. */
export interface Rule {
  readonly condition: Expression;
  readonly message: Expression;
  readonly place: Place;
}

export interface VariableBlock {
  readonly name: string;
  readonly constraint: Constraint;
  /** Whether text from outside is taken as it is (primitive types), or as an expression. */
  readonly literal: boolean;
  readonly default?: Value;
  readonly sensitive: boolean;
  readonly nullable: boolean;
  readonly ephemeral: boolean;
  readonly description?: string;
  readonly validations: readonly Rule[];
  readonly place: Place;
}

export interface ResourceBlock {
  readonly mode: "managed" | "data";
  readonly type: string;
  readonly name: string;
  /** Within its module: `digitalocean_droplet.web`, `data.github_repository.app`. */
  readonly address: string;
  /** The arguments, without the meta-arguments. */
  readonly body: SourceBody;
  readonly count?: Expression;
  readonly forEach?: Expression;
  /** Addresses of resources, data sources and modules. */
  readonly dependsOn: readonly Expression[];
  /** `digitalocean`, `github.other` */
  readonly provider?: string;
  readonly preventDestroy: boolean;
  readonly createBeforeDestroy: boolean;
  readonly ignoreChanges: "all" | readonly (readonly (string | number)[])[];
  readonly replaceTriggeredBy: readonly Expression[];
  readonly preconditions: readonly Rule[];
  readonly postconditions: readonly Rule[];
  /** The check block that this data source belongs to. */
  readonly check?: string;
  readonly place: Place;
}

export interface ProviderBlock {
  /** `github`, `github.other` */
  readonly key: string;
  readonly name: string;
  readonly alias?: string;
  readonly body: SourceBody;
  readonly place: Place;
}

export interface OutputBlock {
  readonly name: string;
  readonly value: Expression;
  readonly sensitive: boolean;
  readonly ephemeral: boolean;
  readonly description?: string;
  readonly dependsOn: readonly Expression[];
  readonly preconditions: readonly Rule[];
  readonly place: Place;
}

export interface CheckBlock {
  readonly name: string;
  readonly rules: readonly Rule[];
  readonly place: Place;
}

export interface ModuleCall {
  readonly name: string;
  readonly source: string;
  readonly version?: string;
  /** The child's input variables. */
  readonly inputs: ReadonlyMap<string, Expression>;
  readonly count?: Expression;
  readonly forEach?: Expression;
  readonly dependsOn: readonly Expression[];
  /** Provider keys of the child, with the caller's key for each. */
  readonly providers: ReadonlyMap<string, string>;
  readonly place: Place;
}

/** `moved { from to }`: addresses within the module. */
export interface MovedBlock {
  readonly from: string;
  readonly to: string;
  readonly place: Place;
}

export interface RemovedBlock {
  readonly from: string;
  /** False: only forgotten. */
  readonly destroy: boolean;
  readonly place: Place;
}

export interface ImportBlock {
  readonly to: Expression;
  readonly id: Expression;
  readonly forEach?: Expression;
  readonly provider?: string;
  readonly place: Place;
}

export interface ProviderRequirement {
  readonly source?: string;
  readonly version?: string;
  /** Keys that the caller must pass: `github.other`. */
  readonly aliases: readonly string[];
}

/** Where the state is kept, as the terraform block says it. */
export interface BackendBlock {
  readonly type: string;
  readonly body: SourceBody;
}

/** One module as read and decoded, before it meets schemas and values. */
export interface ModuleConfiguration {
  /** `""` for the root, else `modules/web`. */
  readonly folder: string;
  readonly requiredVersions: readonly string[];
  readonly requiredProviders: ReadonlyMap<string, ProviderRequirement>;
  readonly backend?: BackendBlock;
  readonly cloud?: SourceBody;
  readonly variables: ReadonlyMap<string, VariableBlock>;
  readonly locals: ReadonlyMap<string, Expression>;
  readonly providers: ReadonlyMap<string, ProviderBlock>;
  /** By address; data sources among them. */
  readonly resources: ReadonlyMap<string, ResourceBlock>;
  readonly outputs: ReadonlyMap<string, OutputBlock>;
  readonly calls: ReadonlyMap<string, ModuleCall>;
  readonly checks: ReadonlyMap<string, CheckBlock>;
  readonly moved: readonly MovedBlock[];
  readonly removed: readonly RemovedBlock[];
  readonly imports: readonly ImportBlock[];
  /** The modules that are called, by the call's name. */
  readonly children: ReadonlyMap<string, ModuleConfiguration>;
}

/** A root module with all the modules that it calls. */
export interface LoadedConfiguration extends ModuleConfiguration {
  /** Every file that was read: of all modules. */
  readonly sources: readonly Source[];
}

export const at = (place: Place, ...steps: readonly (string | number)[]): Place => ({
  ...place,
  path: [...place.path, ...steps],
});
