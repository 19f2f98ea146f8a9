/** Configurations as blocks of HCL source, written as Terraform JSON or as HCL. */

export interface Block {
  readonly type: string;
  readonly labels: readonly string[];
  /** Values are HCL expressions; `type:…` is a type constraint. */
  readonly arguments: Readonly<Record<string, string>>;
  readonly blocks?: readonly Block[];
}

/** The blocks of each module, by its folder; "" is the root. */
export type Modules = Readonly<Record<string, readonly Block[]>>;

/** Arguments that are lists of addresses, not values: JSON has them as text without `${…}`. */
const addresses = new Set(["depends_on", "ignore_changes", "replace_triggered_by"]);
/** The same of a single address. */
const address = new Set(["from", "to", "provider"]);
/** What is not an expression but text or data. */
const texts = new Set(["error_message", "description", "source", "alias", "backend"]);

const terraform: Block = {
  type: "terraform",
  labels: [],
  arguments: {},
  blocks: [{ type: "required_providers", labels: [], arguments: { fake: '{ source = "doge/fake" }' } }],
};

/** `overrides` stand in files of their own, beside the blocks of the root that they change. */
export function filesOf(modules: Modules, json: boolean, overrides: readonly Block[] = []): Record<string, string> {
  const merged = json ? JSON.stringify(jsonOf(overrides), null, 1) : overrides.map((one) => hclOf(one, "")).join("\n");
  const files = moduleFiles(modules, json);
  return overrides.length === 0 ? files : { ...files, [`main_override.tf${json ? ".json" : ""}`]: `${merged}\n` };
}

function moduleFiles(modules: Modules, json: boolean): Record<string, string> {
  return Object.fromEntries(
    Object.entries(modules).map(([folder, own]) => {
      const blocks = [terraform, ...own];
      const path = folder === "" ? "main.tf" : `${folder}/main.tf`;
      return json
        ? [`${path}.json`, `${JSON.stringify(jsonOf(blocks), null, 1)}\n`]
        : [path, blocks.map((one) => hclOf(one, "")).join("\n")];
    }),
  );
}

function hclOf(block: Block, indent: string): string {
  const inner = `${indent}  `;
  const head = [block.type, ...block.labels.map((label) => JSON.stringify(label))].join(" ");
  const lines = Object.entries(block.arguments).map(
    ([name, source]) => `${inner}${name} = ${heredoc(name, source) ?? source.replace(/^type:/, "")}\n`,
  );
  const nested = (block.blocks ?? []).map((one) => hclOf(one, inner));
  return `${indent}${head} {\n${[...lines, ...nested].join("")}${indent}}\n`;
}

/** Some texts are written as heredocs. */
function heredoc(name: string, source: string): string | undefined {
  const text = /^"pre-([^"\\]*)"$/.exec(source)?.[1];
  if (text === undefined || texts.has(name)) return undefined;
  return text.length % 2 === 0 ? `<<EOT\npre-${text}\nEOT` : `<<-EOT\n      pre-${text}\n        indented\n    EOT`;
}

/** Bodies as lists, so that several blocks of one kind stand side by side. */
function jsonOf(blocks: readonly Block[]): object {
  const json: Record<string, unknown[]> = {};
  for (const block of blocks) {
    let body: object = bodyOf(block);
    for (const label of block.labels.toReversed()) body = { [label]: body };
    (json[block.type] ??= []).push(body);
  }
  return json;
}

function bodyOf(block: Block): object {
  const isProviders = block.type === "required_providers";
  return {
    ...Object.fromEntries(
      Object.entries(block.arguments).map(([name, source]) => [
        name,
        isProviders ? { source: "doge/fake" } : valueOf(name, source),
      ]),
    ),
    ...jsonOf(block.blocks ?? []),
  };
}

function valueOf(name: string, source: string): unknown {
  if (source.startsWith("type:")) return source.slice("type:".length);
  if (source === "true" || source === "false") return source === "true";
  if (/^-?\d+(\.\d+)?$/.test(source)) return Number(source);
  if (source === "null") return null;
  if (addresses.has(name)) return source === "all" ? source : source.slice(1, -1).split(/,\s*/);
  if (address.has(name)) return source;
  if (name === "providers") return { fake: source.replace(/^\{ fake = (.*) \}$/, "$1") };
  if (name === "default") return literalOf(source);
  if (texts.has(name)) return JSON.parse(source) as unknown;
  return `\${${source}}`;
}

/** The defaults of variables are data in JSON, not expressions: our literals are JSON but for their keys. */
export const literalOf = (source: string): unknown =>
  JSON.parse(source.replaceAll(/([{,] ?)(\w+) = /g, '$1"$2": ')) as unknown;
