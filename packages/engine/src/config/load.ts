import { type Diagnostic, diagnosticsOf, DogeError, error, hasErrors, nearest, type Outcome } from "@doge/core";
import { isList, misplaced } from "./expressions.ts";
import { placed } from "./locate.ts";
import { at, type Json, type JsonObject, type LoadedConfiguration, type Place, type Source } from "./model.ts";
import { decodeLocals, decodeOutput, decodeProvider, decodeVariable } from "./sections.ts";
import { decodeResource } from "./resources.ts";

/** What the sections are gathered into. */
type Draft = {
  -readonly [K in keyof LoadedConfiguration]: LoadedConfiguration[K] extends ReadonlyMap<infer A, infer B>
    ? Map<A, B>
    : LoadedConfiguration[K];
};

interface Body {
  readonly labels: readonly string[];
  readonly json: JsonObject;
  readonly place: Place;
}

/** How many labels each section has, and how it enters the configuration. */
const sections: Readonly<
  Record<string, { readonly labels: number; readonly add: (draft: Draft, body: Body) => void }>
> = {
  terraform: { labels: 0, add: (draft, body) => addTerraform(draft, body) },
  variable: {
    labels: 1,
    add: (draft, { labels: [name], json, place }) =>
      put(draft.variables, decodeVariable(name as string, json, place), "name"),
  },
  locals: { labels: 0, add: (draft, { json, place }) => addLocals(draft, json, place) },
  output: {
    labels: 1,
    add: (draft, { labels: [name], json, place }) =>
      put(draft.outputs, decodeOutput(name as string, json, place), "name"),
  },
  provider: {
    labels: 1,
    add: (draft, { labels: [name], json, place }) =>
      put(draft.providers, decodeProvider(name as string, json, place), "key"),
  },
  resource: { labels: 2, add: (draft, body) => addResource(draft, "managed", body) },
  data: { labels: 2, add: (draft, body) => addResource(draft, "data", body) },
};

const notYet = new Set(["module", "moved", "import", "removed", "check", "ephemeral"]);

/**
 * Reads Terraform JSON documents (`*.tf.json`) as one configuration. All that is wrong is collected; there
 * is a value only without errors.
 */
export function loadConfiguration(sources: readonly Source[]): Outcome<LoadedConfiguration> {
  const draft: Draft = {
    sources,
    terraform: {},
    requiredProviders: new Map(),
    variables: new Map(),
    locals: new Map(),
    providers: new Map(),
    resources: new Map(),
    outputs: new Map(),
  };
  const diagnostics: Diagnostic[] = [];
  for (const source of sources) {
    try {
      readSource(source, draft, diagnostics);
    } catch (thrown) {
      diagnostics.push(...diagnosticsOf(thrown));
    }
  }
  return hasErrors(diagnostics) ? { diagnostics } : { value: draft, diagnostics };
}

function readSource(source: Source, draft: Draft, diagnostics: Diagnostic[]): void {
  const root: Place = { source, path: [] };
  if (!source.file.endsWith(".json")) {
    diagnostics.push(
      error({
        code: "config-not-json",
        summary: "Only Terraform JSON is understood so far",
        detail: `${source.file} is written in HCL's own syntax.`,
        remedy: "Write it as .tf.json, or use the terraform executor for this workspace.",
        address: source.file,
      }),
    );
    return;
  }
  const document = parse(source, diagnostics);
  if (document === undefined) return;
  for (const { json, place } of objects(document, root)) {
    for (const [name, content] of Object.entries(json)) {
      const section = sections[name];
      if (name === "//") continue;
      if (section === undefined) diagnostics.push(placed(unknownSection(name), at(place, name)));
      else
        attempt(diagnostics, () =>
          bodies(content, at(place, name), section.labels).forEach((body) =>
            attempt(diagnostics, () => section.add(draft, body)),
          ),
        );
    }
  }
}

function parse(source: Source, diagnostics: Diagnostic[]): Json | undefined {
  try {
    return JSON.parse(source.content) as Json;
  } catch (thrown) {
    const position = /at position (\d+)/.exec((thrown as Error).message)?.[1];
    const before = source.content.slice(0, position === undefined ? 0 : Number(position)).split("\n");
    const start = { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
    diagnostics.push(
      error({
        code: "config-not-json",
        summary: "The file is not JSON",
        detail: `${source.file}, line ${start.line}, column ${start.column}`,
        range: { file: source.file, start },
      }),
    );
    return undefined;
  }
}

function unknownSection(name: string): Diagnostic {
  if (notYet.has(name)) {
    return error({
      code: "config-not-supported",
      summary: `Blocks of type "${name}" are not supported by Doge's own engine yet`,
      detail: "This configuration needs the terraform or the hcp executor.",
    });
  }
  const close = nearest(name, Object.keys(sections));
  return error({
    code: "config-unknown-section",
    summary: "Unsupported block type",
    detail: `Blocks of type "${name}" are not expected here.`,
    ...(close === undefined ? {} : { remedy: `Did you mean "${close}"?` }),
  });
}

function attempt(diagnostics: Diagnostic[], body: () => void): void {
  try {
    body();
  } catch (thrown) {
    diagnostics.push(...diagnosticsOf(thrown));
  }
}

/** Terraform JSON allows a list of objects wherever it allows an object. */
function objects(json: Json, place: Place): { json: JsonObject; place: Place }[] {
  if (json === null || typeof json !== "object") return misplaced(place, "an object");
  if (isList(json)) return json.flatMap((item, i) => objects(item, at(place, i)));
  return [{ json: json, place }];
}

function bodies(json: Json, place: Place, labels: number): Body[] {
  const found = objects(json, place);
  if (labels === 0) return found.map((one) => ({ labels: [], ...one }));
  return found.flatMap((one) =>
    Object.entries(one.json)
      .filter(([label]) => label !== "//")
      .flatMap(([label, inner]) =>
        bodies(inner, at(one.place, label), labels - 1).map((body) => ({ ...body, labels: [label, ...body.labels] })),
      ),
  );
}

function put<T extends { readonly place: Place }, K extends keyof T>(map: Map<string, T>, item: T, by: K): void {
  const key = item[by] as string;
  const first = map.get(key);
  if (first !== undefined) return duplicate(key, first.place, item.place);
  map.set(key, item);
}

function duplicate(name: string, first: Place, second: Place): never {
  const detail = `${name} was already declared in ${first.source.file}.`;
  const diagnostic = error({ code: "config-duplicate", summary: "Declared twice", detail });
  throw new DogeError([placed(diagnostic, second, name)]);
}

function addTerraform(draft: Draft, { json, place }: Body): void {
  draft.terraform = { ...draft.terraform, ...json };
  const required = json["required_providers"];
  if (required === undefined) return;
  for (const one of objects(required, at(place, "required_providers"))) {
    for (const [name, entry] of Object.entries(one.json)) {
      if (typeof entry === "string") draft.requiredProviders.set(name, { version: entry });
      else {
        const fields = objects(entry, at(one.place, name))[0]?.json ?? {};
        draft.requiredProviders.set(name, {
          ...(typeof fields["source"] === "string" ? { source: fields["source"] } : {}),
          ...(typeof fields["version"] === "string" ? { version: fields["version"] } : {}),
        });
      }
    }
  }
}

function addLocals(draft: Draft, json: JsonObject, place: Place): void {
  for (const [name, expression] of decodeLocals(json, place)) {
    const first = draft.locals.get(name);
    if (first !== undefined) duplicate(`local.${name}`, first.place, expression.place);
    draft.locals.set(name, expression);
  }
}

function addResource(draft: Draft, mode: "managed" | "data", { labels, json, place }: Body): void {
  put(draft.resources, decodeResource(mode, labels[0] as string, labels[1] as string, json, place), "address");
}
