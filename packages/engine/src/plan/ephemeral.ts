import { DogeError, error } from "@doge/core";
import { placed } from "../config/locate.ts";
import type { PreparedResource } from "../graph/prepare.ts";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";

/** Throws where an argument of a resource or data source is ephemeral: the state keeps every one of them. */
export function refuseEphemeral({ block }: PreparedResource, config: Value, address: string): void {
  if (!v.isMapping(config)) return;
  const wrong = [...config.entries].filter(([, value]) => v.hasEphemeral(value)).map(([name]) => name);
  if (wrong.length === 0 && !config.ephemeral) return;
  const diagnostics = (wrong.length > 0 ? wrong : [block.address]).map((name) =>
    placed(
      error({
        code: "ephemeral-argument",
        summary: "Invalid use of ephemeral value",
        detail: `"${name}" is kept in the state, and nothing ephemeral may be.`,
        remedy: "Give it a value that may be kept, or use the ephemeral one in a provider block.",
      }),
      block.place,
      address,
    ),
  );
  throw new DogeError(diagnostics);
}
