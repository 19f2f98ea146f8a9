import type { PathStep } from "../state/model.ts";
import type { Listed } from "../state/edit.ts";

/** One object of a state as a block of HCL, sensitive values masked. */
export function renderObject({ address, resource, instance }: Listed): string {
  const hidden = (instance.sensitive_attributes ?? []).map((path) => path.map(keyOf).join("\0"));
  const kind = resource.mode === "data" ? "data" : "resource";
  const notes = [instance.status, instance.deposed && `deposed ${instance.deposed}`].filter(Boolean).join(", ");
  return [
    `# ${address}:${notes ? ` (${notes})` : ""}`,
    `${kind} "${resource.type}" "${resource.name}" {`,
    ...fields(instance.attributes, [], hidden, 1),
    "}",
    "",
  ].join("\n");
}

const keyOf = (step: PathStep): string => String(step.type === "get_attr" ? step.value : step.value.value);

function fields(
  object: Readonly<Record<string, unknown>>,
  path: readonly string[],
  hidden: readonly string[],
  depth: number,
): string[] {
  const present = Object.entries(object)
    .filter(([, value]) => value !== null)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const names = present.map(([name]) => (/^[\w-]+$/.test(name) ? name : JSON.stringify(name)));
  const width = Math.max(0, ...names.map((name) => name.length));
  return present.map(
    ([name, value], i) =>
      `${"    ".repeat(depth)}${(names[i] as string).padEnd(width)} = ${shown(value, [...path, name], hidden, depth)}`,
  );
}

function shown(value: unknown, path: readonly string[], hidden: readonly string[], depth: number): string {
  if (hidden.includes(path.join("\0"))) return "(sensitive value)";
  const pad = "    ".repeat(depth);
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    const items = value.map((item, i) => `${pad}    ${shown(item, [...path, String(i)], hidden, depth + 1)},`);
    return `[\n${items.join("\n")}\n${pad}]`;
  }
  if (typeof value === "object" && value !== null) {
    const lines = fields(value as Record<string, unknown>, path, hidden, depth + 1);
    return lines.length === 0 ? "{}" : `{\n${lines.join("\n")}\n${pad}}`;
  }
  return JSON.stringify(value);
}
