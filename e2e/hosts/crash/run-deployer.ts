import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { DeployerLine, DeployOrder } from "./deployer.ts";

export interface Deployer {
  readonly pid: number;
  /** Everything it said so far. */
  readonly lines: readonly DeployerLine[];
  /** Resolves when it is gone, however. */
  readonly ended: Promise<readonly DeployerLine[]>;
  signal(name: NodeJS.Signals): void;
}

let count = 0;

/** Starts a deployer; `onStep` is called as each step begins. */
export function startDeployer(
  order: DeployOrder,
  onStep: (step: string, deployer: Deployer) => void = () => {},
): Deployer {
  const file = join(order.folder, `order-${++count}.json`);
  writeFileSync(file, JSON.stringify(order));
  const child = spawn(process.execPath, [join(import.meta.dirname, "deployer.ts"), file], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: DeployerLine[] = [];
  const deployer: Deployer = {
    pid: child.pid ?? 0,
    lines,
    ended: new Promise((resolve) => child.on("close", () => resolve(lines))),
    signal: (name) => void child.kill(name),
  };
  createInterface({ input: child.stdout }).on("line", (text) => {
    const line = JSON.parse(text) as DeployerLine;
    lines.push(line);
    if ("step" in line) onStep(line.step, deployer);
  });
  return deployer;
}

/** Codes of the diagnostics it ended with; `released` where it went well, `killed` where it said nothing. */
export function outcomeOf(lines: readonly DeployerLine[]): string {
  const last = lines.findLast((line) => "released" in line || "failed" in line);
  if (!last) return "killed";
  return "failed" in last ? last.failed.map(({ code }) => code).join(", ") : `released`;
}
