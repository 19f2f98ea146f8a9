import { type Diagnostic, diagnosticsOf, error, fail } from "@doge/core";
import { placed } from "../config/locate.ts";
import type { Rule } from "../config/model.ts";
import type { Evaluation } from "../graph/evaluation.ts";
import { convert } from "../lang/convert.ts";
import type { Scope } from "../lang/evaluate.ts";
import * as v from "../lang/values.ts";

export type CheckKind = "resource" | "output_value" | "check" | "var";
export type CheckStatus = "pass" | "fail" | "error" | "unknown";

/** What became of the conditions of one object. */
export interface CheckedObject {
  readonly kind: CheckKind;
  /** Without instance keys. */
  readonly config: string;
  readonly address: string;
  readonly status: CheckStatus;
  readonly messages: readonly string[];
}

/** The results of all conditions of a walk: the latest for each object, the worse where there are two sets. */
export class CheckResults {
  readonly #objects = new Map<string, CheckedObject>();

  add(object: CheckedObject): void {
    const before = this.#objects.get(object.address);
    const worse = before && rank(before.status) > rank(object.status) ? before : object;
    this.#objects.set(object.address, { ...worse, messages: [...(before?.messages ?? []), ...object.messages] });
  }

  list(): readonly CheckedObject[] {
    return [...this.#objects.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
  }
}

const order: readonly CheckStatus[] = ["pass", "unknown", "fail", "error"];
const rank = (status: CheckStatus): number => order.indexOf(status);

export interface Verdict {
  readonly status: CheckStatus;
  readonly messages: readonly string[];
  /** An error for each condition that fails or can't be evaluated. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Evaluates conditions; those that are not known yet neither pass nor fail. */
export function judge(
  rules: readonly Rule[],
  about: { readonly summary: string; readonly address: string },
  evaluation: Evaluation,
  scope: Scope,
): Verdict {
  let status: CheckStatus = "pass";
  const messages: string[] = [];
  const diagnostics: Diagnostic[] = [];
  const raise = (next: CheckStatus): void => void (rank(next) > rank(status) && (status = next));
  for (const rule of rules) {
    try {
      const verdict = convert(evaluation.evaluate(rule.condition, about.address, scope), "bool", "condition");
      if (verdict.kind === "unknown") raise("unknown");
      else if (verdict.kind !== "bool")
        fail({
          code: "condition-null",
          summary: "Invalid condition result",
          detail: "Condition expression must return either true or false, not null.",
        });
      if (verdict.kind !== "bool" || verdict.value) continue;
      const message = messageOf(rule, about.address, evaluation, scope);
      raise("fail");
      messages.push(message);
      const failed = error({ code: "condition-failed", summary: about.summary, detail: message });
      diagnostics.push(placed(failed, rule.condition.place, about.address));
    } catch (thrown) {
      raise("error");
      diagnostics.push(...diagnosticsOf(thrown).map((d) => placed(d, rule.condition.place, about.address)));
    }
  }
  return { status, messages, diagnostics };
}

function messageOf(rule: Rule, address: string, evaluation: Evaluation, scope: Scope): string {
  const text = evaluation.evaluate(rule.message, address, scope);
  if (v.hasSensitive(text)) return "The message of this condition holds a secret and is not shown.";
  return text.kind === "string" ? text.value : "The message of this condition is not known yet.";
}
