import { type Diagnostic, diagnosticsOf, DogeError, error, hasErrors, nearest, type Outcome } from "@doge/core";
import { placed } from "./locate.ts";
import type { LoadedConfiguration, ModuleConfiguration, Place, Source } from "./model.ts";
import { decodeImport, decodeModuleCall, decodeMoved, decodeRemoved } from "./modules.ts";
import { overriding, type TopBlock } from "./override.ts";
import { readSource } from "./read.ts";
import { decodeResource } from "./resources.ts";
import {
  decodeCheck,
  decodeOutput,
  decodeProvider,
  decodeRequirements,
  decodeVariable,
  expressionOf,
  textOf,
} from "./sections.ts";
import { blocksIn } from "./source.ts";
import { childFolder, filesIn, manifestOf } from "./tree.ts";

/** What the sections are gathered into. */
type Draft = {
  -readonly [K in keyof ModuleConfiguration]: ModuleConfiguration[K] extends ReadonlyMap<infer A, infer B>
    ? Map<A, B>
    : ModuleConfiguration[K] extends readonly (infer A)[]
      ? A[]
      : ModuleConfiguration[K];
};

/** How many labels each section has, and how it enters the configuration. */
const sections: Readonly<
  Record<string, { readonly labels: number; readonly add: (draft: Draft, block: TopBlock) => void }>
> = {
  terraform: { labels: 0, add: addTerraform },
  variable: {
    labels: 1,
    add: (draft, { labels: [name = ""], body, place }) =>
      put(draft.variables, decodeVariable(name, body, place), "name"),
  },
  locals: { labels: 0, add: addLocals },
  output: {
    labels: 1,
    add: (draft, { labels: [name = ""], body, place }) => put(draft.outputs, decodeOutput(name, body, place), "name"),
  },
  provider: {
    labels: 1,
    add: (draft, { labels: [name = ""], body, place }) =>
      put(draft.providers, decodeProvider(name, body, place), "key"),
  },
  resource: { labels: 2, add: (draft, block) => addResource(draft, "managed", block) },
  data: { labels: 2, add: (draft, block) => addResource(draft, "data", block) },
  module: {
    labels: 1,
    add: (draft, { labels: [name = ""], body, place }) => put(draft.calls, decodeModuleCall(name, body, place), "name"),
  },
  check: { labels: 1, add: addCheck },
  moved: { labels: 0, add: (draft, { body, place }) => void draft.moved.push(decodeMoved(body, place)) },
  removed: { labels: 0, add: (draft, { body, place }) => void draft.removed.push(decodeRemoved(body, place)) },
  import: { labels: 0, add: (draft, { body, place }) => void draft.imports.push(decodeImport(body, place)) },
};

/**
 * Reads `*.tf` and `*.tf.json` as one configuration: the root module, and every module below that it calls.
 * `sources` holds the files of all of them, named relative to the root; modules that `doge init` fetched are
 * found by the manifest `.terraform/modules/modules.json` among them. All that is wrong is collected; there
 * is a value only without errors.
 */
export async function loadConfiguration(sources: readonly Source[]): Promise<Outcome<LoadedConfiguration>> {
  const diagnostics: Diagnostic[] = [];
  const root = await loadModule({ sources, manifest: manifestOf(sources), diagnostics }, "", "", []);
  return hasErrors(diagnostics) ? { diagnostics } : { value: { ...root, sources }, diagnostics };
}

interface Loading {
  readonly sources: readonly Source[];
  readonly manifest: ReadonlyMap<string, string>;
  readonly diagnostics: Diagnostic[];
}

async function loadModule(
  loading: Loading,
  folder: string,
  key: string,
  ancestors: readonly string[],
): Promise<ModuleConfiguration> {
  const draft = emptyDraft(folder);
  const { diagnostics } = loading;
  for (const block of await readModule(filesIn(loading.sources, folder), diagnostics))
    attempt(diagnostics, () => sections[block.section]?.add(draft, block));
  for (const call of draft.calls.values()) {
    const childKey = key === "" ? call.name : `${key}.${call.name}`;
    const child = childFolder(call, folder, childKey, loading.manifest, loading.sources);
    const circle = child.folder !== undefined && [...ancestors, folder].includes(child.folder);
    if (child.folder === undefined || circle)
      diagnostics.push(placed(child.problem ?? circular(call.source), call.place, `module.${call.name}`));
    else draft.children.set(call.name, await loadModule(loading, child.folder, childKey, [...ancestors, folder]));
  }
  return draft;
}

const circular = (source: string): Diagnostic =>
  error({
    code: "module-circle",
    summary: "A module calls itself",
    detail: `The module at ${source} is one of those that called this one.`,
  });

const emptyDraft = (folder: string): Draft => ({
  folder,
  requiredVersions: [],
  requiredProviders: new Map(),
  variables: new Map(),
  locals: new Map(),
  providers: new Map(),
  resources: new Map(),
  outputs: new Map(),
  calls: new Map(),
  checks: new Map(),
  moved: [],
  removed: [],
  imports: [],
  children: new Map(),
});

/** The blocks of a module's files, override files applied. */
async function readModule(sources: readonly Source[], diagnostics: Diagnostic[]): Promise<TopBlock[]> {
  const isOverride = ({ file }: Source): boolean => /(^|[/_])override\.tf(\.json)?$/.test(file);
  const read = async (some: readonly Source[]): Promise<TopBlock[]> => {
    const all: TopBlock[] = [];
    for (const source of some) for (const block of await blocksOf(source, diagnostics)) all.push(block);
    return all;
  };
  const primary = await read(sources.filter((one) => !isOverride(one)));
  return overriding(primary, await read(sources.filter(isOverride)), diagnostics);
}

async function blocksOf(source: Source, diagnostics: Diagnostic[]): Promise<TopBlock[]> {
  const found: TopBlock[] = [];
  for (const document of await readSource(source, diagnostics)) {
    for (const item of document.items) {
      const section = Object.hasOwn(sections, item.name) ? sections[item.name] : undefined;
      if (section === undefined) diagnostics.push(placed(unknownSection(item.name, item.kind), item.place));
      else
        attempt(diagnostics, () => {
          for (const block of item.blocks(section.labels)) found.push({ section: item.name, ...block });
        });
    }
  }
  return found;
}

function unknownSection(name: string, kind: "attribute" | "block" | "either"): Diagnostic {
  const close = nearest(name, Object.keys(sections));
  const block = kind !== "attribute";
  return error({
    code: name === "ephemeral" ? "config-not-supported" : "config-unknown-section",
    summary: block ? "Unsupported block type" : "Unsupported argument",
    detail:
      name === "ephemeral"
        ? "No provider of Doge's own engine has ephemeral resources."
        : block
          ? `Blocks of type "${name}" are not expected here.`
          : `An argument named "${name}" is not expected here.`,
    ...(name === "ephemeral"
      ? { remedy: "Take the terraform or hcp executor, or a variable with ephemeral = true." }
      : close === undefined
        ? {}
        : { remedy: `Did you mean "${close}"?` }),
  });
}

function attempt(diagnostics: Diagnostic[], body: () => void): void {
  try {
    body();
  } catch (thrown) {
    diagnostics.push(...diagnosticsOf(thrown));
  }
}

function put<T extends { readonly place: Place }, K extends keyof T>(map: Map<string, T>, item: T, by: K): void {
  const key = item[by] as string;
  const first = map.get(key);
  if (first !== undefined) duplicate(key, first.place, item.place);
  map.set(key, item);
}

function duplicate(name: string, first: Place, second: Place): never {
  const detail = `${name} was already declared in ${first.source.file}.`;
  throw new DogeError([placed(error({ code: "config-duplicate", summary: "Declared twice", detail }), second, name)]);
}

function addTerraform(draft: Draft, { body }: TopBlock): void {
  const version = textOf(body, "required_version");
  if (version !== undefined) draft.requiredVersions.push(version);
  for (const block of blocksIn(body, "required_providers"))
    for (const [name, requirement] of decodeRequirements(block.body)) draft.requiredProviders.set(name, requirement);
  for (const block of blocksIn(body, "backend", 1)) draft.backend = { type: block.labels[0] ?? "", body: block.body };
  for (const block of blocksIn(body, "cloud")) draft.cloud = block.body;
}

function addLocals(draft: Draft, { body }: TopBlock): void {
  for (const item of body.items) {
    const first = draft.locals.get(item.name);
    if (first !== undefined) duplicate(`local.${item.name}`, first.place, item.place);
    draft.locals.set(item.name, expressionOf(item.attribute()));
  }
}

function addResource(draft: Draft, mode: "managed" | "data", block: TopBlock): void {
  const [type = "", name = ""] = block.labels;
  put(draft.resources, decodeResource(mode, type, name, block.body, block.place), "address");
}

/** A check's own data source is one of the module's, whose failure is only a warning. */
function addCheck(draft: Draft, { labels: [name = ""], body, place }: TopBlock): void {
  put(draft.checks, decodeCheck(name, body, place), "name");
  for (const block of blocksIn(body, "data", 2)) {
    const [type = "", label = ""] = block.labels;
    put(draft.resources, decodeResource("data", type, label, block.body, block.place, name), "address");
  }
}
