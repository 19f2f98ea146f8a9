import * as v from "../values.ts";
import type { Value } from "../values.ts";
import { ArgumentError, type CallContext, entriesOf, type FunctionTable, over, textOf } from "./define.ts";
import { readText } from "./files.ts";

function rendered(template: string, variables: Value, { render }: CallContext): Value {
  const entries = entriesOf(variables, 1);
  for (const name of entries.keys()) {
    if (/^[\p{ID_Start}_][\p{ID_Continue}-]*$/u.test(name)) continue;
    throw new ArgumentError(
      `invalid template variable name "${name}": must start with a letter, followed by zero or more letters, digits, and underscores`,
      1,
    );
  }
  return render(template, entries);
}

const more = { partial: true } as const;

export const templates: FunctionTable = {
  templatefile: over(
    [
      ["path", "string"],
      ["vars", "dynamic"],
    ],
    "dynamic",
    ([path, variables], context) => rendered(readText(context.host, textOf(path)), variables as Value, context),
    more,
  ),
  templatestring: over(
    [
      ["template", "string"],
      ["vars", "dynamic"],
    ],
    "string",
    ([template, variables], context) => {
      const result = rendered(textOf(template), variables as Value, context);
      return result.kind === "unknown" ? v.someOf("string") : result;
    },
    more,
  ),
};
