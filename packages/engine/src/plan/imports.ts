import { type Diagnostic, DogeError, error, fail } from "@doge/core";
import { locating, placed } from "../config/locate.ts";
import type { ImportBlock } from "../config/model.ts";
import { importTarget } from "../config/modules.ts";
import { expand, type Repetition } from "../graph/expand.ts";
import { inModule } from "../graph/modules.ts";
import type { Prepared, PreparedResource } from "../graph/prepare.ts";
import type { Node } from "../lang/ast.ts";
import { convert } from "../lang/convert.ts";
import { evaluate, type Scope } from "../lang/evaluate.ts";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";
import { instanceAddress, resourceOf } from "../state/model.ts";
import { storedObject, withMarks } from "../state/objects.ts";
import { typeFor, type PlanSession } from "./session.ts";

/** Import blocks for what no block describes. */
export function checkImports(prepared: Prepared, diagnostics: Diagnostic[]): void {
  for (const block of prepared.configuration.imports) {
    const target = importTarget(block);
    if (prepared.resources.get(target)?.block.mode === "managed") continue;
    const absent = error({
      code: "import-without-configuration",
      summary: "Configuration for import target does not exist",
      detail: `The configuration for the given import target ${target} does not exist.`,
      remedy: "Write a resource block for it first.",
    });
    diagnostics.push(placed(absent, block.place, target));
  }
}

/** The ids by which instances of a resource are to be imported. */
export function importsOf(session: PlanSession, resource: PreparedResource): Map<string, string> {
  const { evaluation, prepared } = session;
  const found = new Map<string, string>();
  for (const block of prepared.configuration.imports) {
    if (importTarget(block) !== resource.address) continue;
    const scope = evaluation.scope(evaluation.root);
    const { forEach } = block;
    const all = expand(forEach ? { forEach } : {}, resource.address, (one) =>
      evaluation.evaluate(one, resource.address, scope),
    );
    for (const repetition of all) {
      const [address, id] = importOf(block, repetition, session);
      locating(block.to.place, address, () => checkKey(address, resource));
      found.set(address, id);
    }
  }
  return found;
}

/** The key in the address must be of the kind that the resource gives its instances. */
function checkKey(address: string, { block }: PreparedResource): void {
  const key = address.slice(resourceOf(address).length);
  const given = key === "" ? undefined : key.startsWith('["') ? "for_each" : "count";
  const used = block.forEach ? "for_each" : block.count ? "count" : undefined;
  if (given === used) return;
  fail({
    code: "import-address",
    summary: "Invalid import 'to' expression",
    detail:
      given === undefined ? `The target resource is using ${used}.` : `The target resource does not use ${given}.`,
    remedy:
      used === undefined
        ? `Write ${resourceOf(address)}.`
        : `Name the instance: ${resourceOf(address)}[${used === "count" ? "0" : '"key"'}].`,
  });
}

/** Whatever is to be imported needs an instance in the configuration. */
export function refuseStrayImports(
  imports: ReadonlyMap<string, string>,
  resource: PreparedResource,
  { evaluation, working }: PlanSession,
): void {
  if (imports.size === 0) return;
  const instances = evaluation.instancesOf(resource.module.path);
  const wanted = new Set(
    instances.flatMap((at) => {
      const address = inModule(at.address, resource.block.address);
      return expand(resource.block, address, (one) => evaluation.evaluate(one, address, evaluation.scope(at))).map(
        ({ key }) => instanceAddress(address, key),
      );
    }),
  );
  for (const address of imports.keys()) {
    if (wanted.has(address) || working.get(resourceOf(address), address)) continue;
    fail({
      code: "import-without-configuration",
      summary: "Configuration for import target does not exist",
      detail: `The configuration for the given import ${address} does not exist. All target instances must have an associated configuration to be imported.`,
      address,
    });
  }
}

function importOf(block: ImportBlock, repetition: Repetition, { evaluation }: PlanSession): [string, string] {
  const scope = evaluation.scope(evaluation.root, { repetition });
  const address = locating(block.to.place, undefined, () => addressOf(block.to.node, scope));
  const id = convert(evaluation.evaluate(block.id, address, scope), "string", "id");
  if (id.kind === "string" && id.value !== "") return [address, id.value];
  const detail =
    id.kind === "unknown"
      ? "The import block's id depends on values that are not known until apply."
      : "The import ID value must be a non-empty string.";
  throw new DogeError([
    placed(error({ code: "import-id", summary: "Invalid import id argument", detail }), block.id.place, address),
  ]);
}

function addressOf(node: Node, scope: Scope): string {
  if (node.kind === "reference") return [node.root, ...node.names].join(".");
  if (node.kind === "attribute") return `${addressOf(node.target, scope)}.${node.name}`;
  if (node.kind === "index")
    return `${addressOf(node.target, scope)}[${JSON.stringify(v.toPlain(evaluate(node.key, scope)))}]`;
  return fail({
    code: "import-address",
    summary: "Invalid import address",
    detail: "An import needs a resource's address.",
  });
}

/** Reads the object with this id and puts it into the state. */
export async function importObject(
  session: PlanSession,
  resource: PreparedResource,
  about: {
    readonly address: string;
    readonly resource: string;
    readonly key?: string | number;
    readonly module?: string;
  },
  id: string,
): Promise<void> {
  const { clients, working } = session;
  const { block, provider, schema } = resource;
  const type = typeFor(provider, block.type, 0, about.address);
  const client = await clients.client(provider);
  const prior = type.importState?.(id) ?? { id };
  const found = await clients.reads.run(() => type.read(client, prior, clients.work(about.address)));
  if (found === undefined) {
    fail({
      code: "import-missing",
      summary: "Cannot import non-existent remote object",
      detail: `While attempting to import an existing object to "${about.address}", the provider detected that no object exists with the id "${id}".`,
      address: about.address,
    });
  }
  const object: Value = withMarks(found, schema, []);
  working.set(
    {
      ...(about.module === undefined ? {} : { module: about.module }),
      mode: "managed",
      type: block.type,
      name: block.name,
      provider: provider.address,
    },
    {
      ...(about.key === undefined ? {} : { index_key: about.key }),
      schema_version: type.schemaVersion,
      ...storedObject(object, schema),
    },
  );
}
