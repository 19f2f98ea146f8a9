import type { Attributes, Block } from "@doge/engine";

/** Every attribute and block of a schema: those of `known`, null or no blocks for the rest. */
export function complete(schema: Block, known: Attributes): Attributes {
  const attributes = Object.keys(schema.attributes).map((name) => [name, known[name] ?? null]);
  const blocks = Object.entries(schema.blocks ?? {}).map(([name, nested]) => {
    if (nested.nesting === "single") {
      const block = known[name];
      return [name, block ? complete(nested.block, block as Attributes) : null];
    }
    return [name, blocksOf(known, name).map((block) => complete(nested.block, block))];
  });
  return Object.fromEntries([...attributes, ...blocks]) as Attributes;
}

/** A string attribute; undefined for null, missing and empty: the vendors' "not set". */
export function text(attributes: Attributes, name: string): string | undefined {
  const value = attributes[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A string attribute that must be there: the engine checked it. */
export const required = (attributes: Attributes, name: string): string => String(attributes[name]);

export function number(attributes: Attributes, name: string): number | undefined {
  const value = attributes[name];
  return typeof value === "number" ? value : typeof value === "string" && value !== "" ? Number(value) : undefined;
}

export function flag(attributes: Attributes, name: string): boolean | undefined {
  const value = attributes[name];
  return typeof value === "boolean" ? value : undefined;
}

export const strings = (attributes: Attributes, name: string): string[] => {
  const value = attributes[name];
  return Array.isArray(value) ? value.filter((v) => v !== null && v !== undefined).map(String) : [];
};

export const blocksOf = (attributes: Attributes, name: string): Attributes[] => {
  const value = attributes[name];
  return Array.isArray(value) ? (value as Attributes[]) : value ? [value as Attributes] : [];
};

/** Sets stand in the state in one order, or equal ones would differ. */
export const sorted = (values: readonly string[]): string[] => [...new Set(values)].sort();

/** An object without its undefined entries: what JSON would leave out anyway, but also right for comparison. */
export const defined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as T;

/** Not set, empty, zero and false mean the same to the providers built on Terraform's older SDK. */
export const sameWhenEmpty = (prior: unknown, proposed: unknown): boolean =>
  isEmpty(prior) ? isEmpty(proposed) : JSON.stringify(prior) === JSON.stringify(proposed);

const isEmpty = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  value === "" ||
  value === 0 ||
  value === false ||
  (Array.isArray(value) && value.length === 0);
