import { DogeError, error } from "@doge/core";
import { configAddress } from "../state/model.ts";
import { placed } from "./locate.ts";
import type { ImportBlock, ModuleCall, MovedBlock, Place, RemovedBlock } from "./model.ts";
import { repetition } from "./resources.ts";
import { dotted, expressionOf, flag, only, references, required, textOf } from "./sections.ts";
import { attributeIn, blocksIn, type SourceBody, without } from "./source.ts";
import { misplaced } from "./json.ts";
import type { Node } from "../lang/ast.ts";
import * as v from "../lang/values.ts";

const metaArguments = ["source", "version", "count", "for_each", "depends_on", "providers"];

export function decodeModuleCall(name: string, body: SourceBody, place: Place): ModuleCall {
  const source = textOf(body, "source");
  if (source === undefined) throw new DogeError([placed(noSource, place, `module.${name}`)]);
  const version = textOf(body, "version");
  return {
    name,
    source,
    inputs: new Map(
      without(body, metaArguments).items.map((item) => [item.name, expressionOf(item.attribute())] as const),
    ),
    ...repetition(body, `module.${name}`),
    dependsOn: references(body, "depends_on"),
    providers: passedProviders(body),
    place,
    ...(version === undefined ? {} : { version }),
  };
}

const noSource = error({
  code: "config-missing-argument",
  summary: "Missing required argument",
  detail: 'The argument "source" is required, but no definition was found.',
});

/** `providers = { github = github.other }` */
function passedProviders(body: SourceBody): Map<string, string> {
  const attribute = attributeIn(body, "providers");
  if (attribute === undefined) return new Map();
  const node = attribute.bare();
  if (node.kind !== "object") return misplaced(attribute.place, "an object of provider names");
  return new Map(
    node.entries.map(([key, value]) => [
      key.kind === "literal" ? String(v.toPlain(key.value)) : dotted(key, attribute.place),
      dotted(value, attribute.place),
    ]),
  );
}

export function decodeMoved(body: SourceBody, place: Place): MovedBlock {
  only(body, ["from", "to"]);
  const [from, to] = [required(body, "from"), required(body, "to")];
  return { from: dotted(from.bare(), from.place), to: dotted(to.bare(), to.place), place };
}

export function decodeRemoved(body: SourceBody, place: Place): RemovedBlock {
  only(body, ["from"], ["lifecycle"]);
  const from = required(body, "from");
  const [lifecycle] = blocksIn(body, "lifecycle");
  return {
    from: dotted(from.bare(), from.place),
    destroy: lifecycle ? flag(lifecycle.body, "destroy", true) : true,
    place,
  };
}

export function decodeImport(body: SourceBody, place: Place): ImportBlock {
  only(body, ["to", "id", "provider", "for_each"]);
  const to = required(body, "to");
  const [forEach, provider] = [attributeIn(body, "for_each"), attributeIn(body, "provider")];
  return {
    to: { node: to.bare(), place: to.place },
    id: expressionOf(required(body, "id")),
    place,
    ...(forEach ? { forEach: expressionOf(forEach) } : {}),
    ...(provider ? { provider: dotted(provider.bare(), provider.place) } : {}),
  };
}

/** The resource that an import block is about, without instance keys. */
export const importTarget = (block: ImportBlock): string =>
  configAddress(dotted(withoutKeys(block.to.node), block.to.place));

/** Keys may be expressions; the address without them is plain. */
function withoutKeys(node: Node): Node {
  if (node.kind === "index") return withoutKeys(node.target);
  return node.kind === "attribute" ? { ...node, target: withoutKeys(node.target) } : node;
}
