/** Values of the root's variables from outside: files, environment, command line, each over the one before. */
import type { Step } from "../case.ts";
import { literalOf } from "./configuration.ts";
import { Expressions, type Kind } from "./expressions.ts";
import type { Random } from "../random.ts";
import type { Variable } from "./variables.ts";

export type Inputs = Pick<Step, "env" | "args"> & { readonly files: Readonly<Record<string, string>> };

const files = ["terraform.tfvars", "terraform.tfvars.json", "a.auto.tfvars", "b.auto.tfvars.json", "more.tfvars"];

export function inputsOf(variables: readonly Variable[], random: Random): Inputs {
  const written = new Map<string, string[]>();
  const env: Record<string, string> = {};
  const assignments: { readonly assignment: string }[] = [];
  for (const { name, kind, typed } of variables) {
    if (!typed || !random.chance(0.35)) continue;
    const literal = (): string => new Expressions(random, []).literal(kind);
    for (const file of random.some(files, 0.3))
      written.set(file, [...(written.get(file) ?? []), assigned(file, name, literal())]);
    if (random.chance(0.3)) env[name] = asText(kind, literal());
    if (random.chance(0.3)) assignments.push({ assignment: `${name}=${asText(kind, literal())}` });
  }
  const args = [...assignments, ...(written.has("more.tfvars") ? [{ file: "more.tfvars" }] : [])];
  if (random.chance(0.5)) args.reverse();
  return {
    files: Object.fromEntries(
      [...written].map(([file, lines]) => [
        file,
        file.endsWith(".json") ? `{${lines.join(", ")}}\n` : `${lines.join("\n")}\n`,
      ]),
    ),
    ...(Object.keys(env).length > 0 ? { env } : {}),
    ...(args.length > 0 ? { args } : {}),
  };
}

const assigned = (file: string, name: string, literal: string): string =>
  file.endsWith(".json") ? `"${name}": ${JSON.stringify(literalOf(literal))}` : `${name} = ${literal}`;

/** Outside of files a string stands without quotes. */
const asText = (kind: Kind, literal: string): string =>
  kind === "string" ? (JSON.parse(literal.replaceAll("$${", "${")) as string) : literal;
