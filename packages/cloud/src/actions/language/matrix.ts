import { fieldsOf, type Fields, type Value } from "./expressions.ts";

/** The combinations of an evaluated `strategy.matrix`, in GitHub's order; one empty one where there is no matrix. */
export function expandMatrix(matrix: Value): readonly Fields[] {
  if (matrix === null) return [{}];
  const { include, exclude, ...axes } = fieldsOf(matrix);
  const excluded = listOf(exclude).map(fieldsOf);
  const base = product(axes).filter((combination) => !excluded.some((pattern) => matches(combination, pattern)));

  const combinations: Record<string, Value>[] = base.map((combination) => ({ ...combination }));
  for (const extra of listOf(include).map(fieldsOf)) {
    // Extends every combination whose own axes it leaves as they are; where there is none, it is one of its own.
    const fitting = base.flatMap((original, index) =>
      Object.entries(extra).every(([key, value]) => !(key in original) || same(original[key] ?? null, value))
        ? [index]
        : [],
    );
    if (fitting.length === 0) combinations.push({ ...extra });
    else for (const index of fitting) Object.assign(combinations[index] ?? {}, extra);
  }
  return combinations;
}

function product(axes: Fields): Fields[] {
  const names = Object.keys(axes);
  if (names.length === 0) return [];
  return names.reduce<Fields[]>(
    (sofar, name) => sofar.flatMap((part) => listOf(axes[name]).map((value) => ({ ...part, [name]: value }))),
    [{}],
  );
}

const matches = (combination: Fields, pattern: Fields): boolean =>
  Object.entries(pattern).every(([key, value]) => partly(combination[key] ?? null, value));

/** An excluding object matches where all that it names is so. */
function partly(actual: Value, pattern: Value): boolean {
  if (typeof pattern !== "object" || pattern === null || Array.isArray(pattern)) return same(actual, pattern);
  const fields = fieldsOf(actual);
  return Object.entries(pattern).every(([key, value]) => partly(fields[key] ?? null, value));
}

const same = (a: Value, b: Value): boolean => JSON.stringify(a) === JSON.stringify(b);
const listOf = (value: Value | undefined): readonly Value[] =>
  Array.isArray(value) ? (value as readonly Value[]) : [];

/** ` (a, 2)`: how a job of a matrix is told apart in its name. */
export function matrixSuffix(combination: Fields): string {
  const values = Object.values(combination).flatMap(leaves);
  return values.length > 0 ? ` (${values.join(", ")})` : "";
}

const leaves = (value: Value): string[] =>
  typeof value === "object" && value !== null ? Object.values(value).flatMap(leaves) : [String(value)];
