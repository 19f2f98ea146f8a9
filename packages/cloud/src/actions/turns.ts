import type { ConcurrencyGroups, Member } from "./concurrency.ts";
import { evaluate, fieldsOf, textOf, type Scope, type Token } from "./language/expressions.ts";

/**
 * Waits for the turn that `concurrency:` asks for; at once where there is none. What it gives ends the
 * turn; undefined where it was replaced, or called off.
 */
export async function enterGroup(
  groups: ConcurrencyGroups,
  repository: string,
  concurrency: Token | undefined,
  scope: Scope,
  cancel: AbortController,
  patience: AbortSignal,
): Promise<(() => void) | undefined> {
  const signal = AbortSignal.any([cancel.signal, patience]);
  if (signal.aborted) return undefined;
  const value = evaluate(concurrency, scope);
  const fields = fieldsOf(value);
  const name = textOf(fields["group"] ?? (typeof value === "string" ? value : null));
  if (name === "") return () => {};
  const key = `${repository} ${name}`;
  const member: Member = {
    cancel: () => cancel.abort(`Canceling since a higher priority waiting request for '${name}' exists`),
  };
  const entered = await groups.enter(key, member, {
    cancelInProgress: fields["cancel-in-progress"] === true,
    queue: fields["queue"] === "max" ? "max" : "single",
    signal,
  });
  return entered ? () => groups.leave(key, member) : undefined;
}
