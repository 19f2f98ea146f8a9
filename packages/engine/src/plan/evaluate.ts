import type { ModuleInstance } from "../graph/evaluation.ts";
import { inModule } from "../graph/modules.ts";
import type { GraphNode } from "../graph/nodes.ts";
import { evaluateOutput } from "./outputs.ts";
import { type Judging, judgeCheck } from "./rules.ts";
import { evaluateVariable } from "./variables.ts";

/** Evaluates a node that is neither a resource nor a provider, in every instance of its module. */
export function evaluateNode(walk: Judging, node: Exclude<GraphNode, { kind: "resource" | "provider" }>): void {
  const { evaluation } = walk;
  const instances: readonly ModuleInstance[] = evaluation.instancesOf(node.module.path);
  switch (node.kind) {
    case "module":
      return evaluation.expandModule(node.module);
    case "variable":
      if (instances.length === 0) walk.checks.none("var", inModule(node.module.path, `var.${node.block.name}`));
      return evaluateVariable(walk, node.block, instances);
    case "local":
      for (const at of instances) {
        const address = inModule(at.address, `local.${node.name}`);
        at.locals.set(node.name, evaluation.evaluate(node.expression, address, evaluation.scope(at)));
      }
      return;
    case "output":
      if (instances.length === 0)
        walk.checks.none("output_value", inModule(node.module.path, `output.${node.block.name}`));
      return evaluateOutput(walk, node.block, instances);
    case "check":
      if (instances.length === 0) walk.checks.none("check", inModule(node.module.path, `check.${node.block.name}`));
      for (const at of instances) judgeCheck(walk, at, node.block);
      return;
    case "close":
      return;
  }
}
