import { type Diagnostic, diagnosticsOf, error, fail } from "@doge/core";
import { placed } from "../config/locate.ts";
import type { Rule } from "../config/model.ts";
import { inModule } from "../graph/modules.ts";
import type { Prepared } from "../graph/prepare.ts";
import type { Evaluation } from "../graph/evaluation.ts";
import { convert } from "../lang/convert.ts";
import type { Scope } from "../lang/evaluate.ts";
import type { Mode } from "./model.ts";
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
  /** No instance was judged: the address is that of the configuration. */
  readonly unjudged?: true;
}

/** The results of all conditions of a walk: the latest for each object, the worse where there are two sets. */
export class CheckResults {
  readonly #objects = new Map<string, CheckedObject>();
  readonly #empty = new Map<string, CheckedObject>();

  /** Conditions of something that has no instances hold. */
  none(kind: CheckKind, config: string): void {
    this.#empty.set(config, { kind, config, address: config, status: "pass", messages: [], unjudged: true });
  }

  add(object: CheckedObject): void {
    const before = this.#objects.get(object.address);
    const worse = before && rank(before.status) > rank(object.status) ? before : object;
    this.#objects.set(object.address, { ...worse, messages: [...(before?.messages ?? []), ...object.messages].sort() });
  }

  /** What was judged, and of `all` what was not. */
  list(all: readonly Checkable[] = []): readonly CheckedObject[] {
    const judged = [...this.#objects.values()];
    const configs = new Set(judged.map((one) => one.config));
    const others = all
      .filter(({ config }) => !configs.has(config))
      .map(
        ({ kind, config, visited }): CheckedObject =>
          this.#empty.get(config) ?? {
            kind,
            config,
            address: config,
            status: "unknown",
            messages: [],
            ...(visited ? {} : { unjudged: true }),
          },
      );
    return [...judged, ...others].sort((a, b) => (a.address < b.address ? -1 : 1));
  }
}

/** Something that has conditions, wherever its instances are. */
export type Checkable = Pick<CheckedObject, "kind" | "config"> & { readonly visited?: true };

/** All of a configuration that has conditions. A whole destroy comes to outputs of the root, but judges nothing. */
export function checkables(
  { modules, resources }: Prepared,
  { mode, targets = [] }: { readonly mode: Mode; readonly targets?: readonly string[] },
): Checkable[] {
  const found: Checkable[] = [];
  for (const { address, block } of resources.values())
    if (block.preconditions.length + block.postconditions.length > 0) found.push({ kind: "resource", config: address });
  for (const { path, configuration } of modules.values()) {
    const add = (kind: CheckKind, name: string): void => void found.push({ kind, config: inModule(path, name) });
    for (const { name, validations } of configuration.variables.values())
      if (validations.length > 0) add("var", `var.${name}`);
    for (const { name, preconditions } of configuration.outputs.values())
      if (preconditions.length > 0)
        found.push({
          kind: "output_value",
          config: inModule(path, `output.${name}`),
          ...(mode === "destroy" && targets.length === 0 && path === "" ? { visited: true } : {}),
        });
    for (const { name } of configuration.checks.values()) add("check", `check.${name}`);
  }
  return found;
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
      if (message !== undefined) messages.push(message);
      const detail = message ?? "The message of this condition is not known yet.";
      const failed = error({ code: "condition-failed", summary: about.summary, detail });
      diagnostics.push(placed(failed, rule.condition.place, about.address));
    } catch (thrown) {
      raise("error");
      diagnostics.push(...diagnosticsOf(thrown).map((d) => placed(d, rule.condition.place, about.address)));
    }
  }
  return { status, messages, diagnostics };
}

/** Undefined while it is not known. */
function messageOf(rule: Rule, address: string, evaluation: Evaluation, scope: Scope): string | undefined {
  const text = evaluation.evaluate(rule.message, address, scope);
  if (v.hasSensitive(text)) return "The message of this condition holds a secret and is not shown.";
  return text.kind === "string" ? text.value : undefined;
}
