import type { Type } from "../schema.ts";

/** Types as people write them: `list(string)`, `object({ name = string })`. */
export function showType(type: Type): string {
  if (typeof type === "string") return type === "dynamic" ? "any" : type;
  if (type[0] === "tuple") return `tuple([${type[1].map(showType).join(", ")}])`;
  if (type[0] === "object") {
    const fields = Object.entries(type[1]).map(([name, field]) => `${name} = ${showType(field)}`);
    return fields.length === 0 ? "object({})" : `object({ ${fields.join(", ")} })`;
  }
  return `${type[0]}(${showType(type[1])})`;
}

/** Types as error messages name them: "string", "list of string", "object". */
export function nameType(type: Type): string {
  if (typeof type === "string") return type === "dynamic" ? "dynamic" : type;
  if (type[0] === "tuple" || type[0] === "object") return type[0];
  return `${type[0]} of ${nameType(type[1])}`;
}

export function sameType(a: Type, b: Type): boolean {
  if (a === b) return true;
  if (typeof a === "string" || typeof b === "string" || a[0] !== b[0]) return false;
  if (a[0] === "tuple" && b[0] === "tuple") {
    const other = b[1];
    return a[1].length === other.length && a[1].every((item, i) => sameType(item, other[i] ?? "dynamic"));
  }
  if (a[0] === "object" && b[0] === "object") {
    const other = b[1];
    const names = Object.keys(a[1]);
    return (
      names.length === Object.keys(other).length &&
      names.every((name) => {
        const [left, right] = [a[1][name], other[name]];
        return left !== undefined && right !== undefined && sameType(left, right);
      })
    );
  }
  return sameType(a[1] as Type, b[1] as Type);
}

/** The one type that all of these convert to, or undefined where there is none. */
export function unify(types: readonly Type[]): Type | undefined {
  const [first, ...rest] = types;
  if (first === undefined) return "dynamic";
  return rest.reduce<Type | undefined>((seen, next) => (seen === undefined ? undefined : unifyTwo(seen, next)), first);
}

function unifyTwo(a: Type, b: Type): Type | undefined {
  if (sameType(a, b)) return a;
  if (a === "dynamic" || b === "dynamic") return "dynamic";
  if (typeof a === "string" && typeof b === "string") return a === "string" || b === "string" ? "string" : undefined;
  if (typeof a === "string" || typeof b === "string") return undefined;
  return unifySequences(a, b) ?? unifyMappings(a, b);
}

function unifySequences(a: Exclude<Type, string>, b: Exclude<Type, string>): Type | undefined {
  const [left, right] = [elementOf(a, ["list", "set", "tuple"]), elementOf(b, ["list", "set", "tuple"])];
  if (left === undefined || right === undefined) return undefined;
  if (a[0] === "tuple" && b[0] === "tuple" && a[1].length === b[1].length) {
    const items = a[1].map((item, i) => unifyTwo(item, b[1][i] as Type));
    if (items.every((item) => item !== undefined)) return ["tuple", items];
  }
  const element = isEmpty(a) ? right : isEmpty(b) ? left : unifyTwo(left, right);
  return element === undefined ? undefined : [a[0] === "set" && b[0] === "set" ? "set" : "list", element];
}

function unifyMappings(a: Exclude<Type, string>, b: Exclude<Type, string>): Type | undefined {
  if (a[0] === "object" && b[0] === "object") {
    const [left, right] = [a[1], b[1]];
    const names = Object.keys(left);
    if (names.length === Object.keys(right).length && names.every((name) => name in right)) {
      const fields = names.map((name) => [name, unifyTwo(left[name] as Type, right[name] as Type)] as const);
      return fields.every(([, field]) => field !== undefined)
        ? (["object", Object.fromEntries(fields)] as Type)
        : undefined;
    }
  }
  const [left, right] = [elementOf(a, ["map", "object"]), elementOf(b, ["map", "object"])];
  if (left === undefined || right === undefined) return undefined;
  const element = isEmpty(a) ? right : isEmpty(b) ? left : unifyTwo(left, right);
  return element === undefined ? undefined : ["map", element];
}

function elementOf(type: Exclude<Type, string>, kinds: readonly string[]): Type | undefined {
  if (!kinds.includes(type[0])) return undefined;
  if (type[0] === "tuple") return unify(type[1]);
  if (type[0] === "object") return unify(Object.values(type[1]));
  return type[1];
}

/** `[]` and `{}` fit any element type. */
const isEmpty = (type: Exclude<Type, string>): boolean =>
  (type[0] === "tuple" && type[1].length === 0) || (type[0] === "object" && Object.keys(type[1]).length === 0);
