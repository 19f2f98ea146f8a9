import { type Diagnostic, DogeError } from "@doge/core";
import type { CheckBlock, Rule } from "../config/model.ts";
import type { Evaluation, ModuleInstance } from "../graph/evaluation.ts";
import type { Repetition } from "../graph/expand.ts";
import { inModule } from "../graph/modules.ts";
import type { PreparedResource } from "../graph/prepare.ts";
import type { Scope } from "../lang/evaluate.ts";
import type { Value } from "../lang/values.ts";
import { type CheckKind, type CheckResults, judge } from "./conditions.ts";

/** What a walk needs to judge conditions: of a plan or of an apply. */
export interface Judging {
  readonly evaluation: Evaluation;
  readonly checks: CheckResults;
  readonly diagnostics: Diagnostic[];
  /** Failing conditions are warned of, and hinder nothing: where nothing is to be changed, or all to be destroyed. */
  readonly lenient?: boolean;
}

/** Notes that a block with conditions has no instance to judge. */
export function noneToJudge(walk: Judging, { address, block }: PreparedResource): void {
  if (block.preconditions.length + block.postconditions.length > 0) walk.checks.none("resource", address);
}

/** Judges preconditions before an object is touched; throws where one fails. */
export function before(
  walk: Judging,
  resource: PreparedResource,
  at: ModuleInstance,
  repetition: Repetition,
  address: string,
): void {
  const { preconditions, postconditions } = resource.block;
  if (preconditions.length === 0 && postconditions.length === 0) return;
  const scope = walk.evaluation.scope(at, { repetition });
  const about = { summary: "Resource precondition failed", address };
  settle(walk, "resource", resource.address, preconditions, about, scope);
}

/** Judges postconditions, with the object as `self`; throws where one fails. */
export function after(
  walk: Judging,
  resource: PreparedResource,
  at: ModuleInstance,
  repetition: Repetition,
  address: string,
  self: Value | (() => Value),
): void {
  const { postconditions } = resource.block;
  if (postconditions.length === 0) return;
  const scope = walk.evaluation.scope(at, { repetition, self: typeof self === "function" ? self : () => self });
  const about = { summary: "Resource postcondition failed", address };
  settle(walk, "resource", resource.address, postconditions, about, scope);
}

/** Judges rules whose failure ends the work on their object. */
export function settle(
  walk: Judging,
  kind: CheckKind,
  config: string,
  rules: readonly Rule[],
  about: { readonly summary: string; readonly address: string },
  scope: Scope,
): void {
  const { status, messages, diagnostics } = judge(rules, about, walk.evaluation, scope);
  walk.checks.add({ kind, config, address: about.address, status, messages });
  if (diagnostics.length === 0) return;
  const lenient = walk.lenient && diagnostics.every((one) => one.code === "condition-failed");
  if (!lenient) throw new DogeError(diagnostics);
  walk.diagnostics.push(...diagnostics.map((d) => ({ ...d, severity: "warning" as const })));
}

/** Judges a check block in every instance of its module: failures are warnings. */
export function judgeCheck(walk: Judging, at: ModuleInstance, block: CheckBlock): void {
  const address = inModule(at.address, `check.${block.name}`);
  const about = { summary: "Check block assertion failed", address };
  const { status, messages, diagnostics } = judge(block.rules, about, walk.evaluation, walk.evaluation.scope(at));
  const config = inModule(at.module.path, `check.${block.name}`);
  walk.checks.add({ kind: "check", config, address, status, messages });
  walk.diagnostics.push(...diagnostics.map((d) => ({ ...d, severity: "warning" as const })));
}
