/** The arrows of docs/architecture.md, checked. `tools/boundaries.ts` proves that these rules can fail. */
import type { ICruiseOptions, IForbiddenRuleType } from "dependency-cruiser";

const layer = (name: string): string => `^(packages|tools/boundaries-fixture/packages)/${name}/`;
const only = (from: string, allowed: readonly string[]): IForbiddenRuleType => ({
  name: `${from}-imports-only-${allowed.join("-") || "itself"}`,
  severity: "error",
  comment: `docs/architecture.md: ${from} may import ${allowed.join(", ") || "no other package"}`,
  from: { path: `${layer(from)}src/` },
  to: {
    path: "^(packages|tools/boundaries-fixture/packages)/",
    pathNot: [from, ...allowed].map(layer),
  },
});

export const forbidden: IForbiddenRuleType[] = [
  only("core", []),
  only("engine", ["core"]),
  only("providers", ["core", "engine"]),
  only("deploy", ["core"]),
  only("workflow", ["core", "engine", "providers", "deploy"]),
  only("cloud", ["core"]),
  only("cli", ["core", "engine", "providers", "workflow", "deploy", "cloud"]),
  {
    name: "only-the-cloud-command-knows-the-cloud",
    severity: "error",
    comment: "One path: every other command reaches the local cloud through the vendors' interfaces.",
    from: { path: layer("cli"), pathNot: "packages/cli/src/commands/cloud(/|\\.ts$)" },
    to: { path: layer("cloud") },
  },
  {
    name: "no-provider-imports-another",
    severity: "error",
    comment: "Providers stand apart, so that one can be taken out.",
    from: { path: "packages/providers/src/([^/]+)/" },
    to: { path: "packages/providers/src/([^/]+)/", pathNot: "packages/providers/src/($1|shared)/" },
  },
  {
    name: "no-stand-in-imports-another",
    severity: "error",
    comment: "Stand-ins know each other by cloud/src/ports.ts only; cloud.ts composes them.",
    from: { path: "packages/cloud/src/([^/]+)/", pathNot: "packages/cloud/src/control/" },
    to: { path: "packages/cloud/src/([^/]+)/", pathNot: "packages/cloud/src/($1|kit)/" },
  },
  {
    name: "core-keeps-node-behind-its-ports",
    severity: "error",
    comment: "Files, network, clock and processes only behind core's ports.",
    from: { path: "packages/(engine|providers|workflow|deploy)/src/" },
    to: { path: "^(node:)?(fs|fs/promises|child_process|http|https|dgram|timers/promises)$" },
  },
  {
    name: "no-cycles",
    severity: "error",
    from: {},
    to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
  },
  { name: "no-unresolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
];

export const options: ICruiseOptions = {
  doNotFollow: { path: "node_modules" },
  tsPreCompilationDeps: true,
  tsConfig: { fileName: "tsconfig.json" },
  enhancedResolveOptions: {
    exportsFields: ["exports"],
    conditionNames: ["import", "node", "default"],
    extensions: [".ts", ".js"],
  },
};
