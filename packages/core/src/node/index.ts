/** The ports of core, implemented for Node. */
import { nodeClock } from "./clock.ts";
import { nodeFiles } from "./files.ts";
import { nodeHttp } from "./http.ts";
import { nodeNames } from "./names.ts";
import { nodeProcesses } from "./processes.ts";
import { nodeProjectFiles } from "./project-files.ts";
import type { Machine } from "../ports.ts";

export { httpOverStream } from "./http-stream.ts";
export { nodeTrees } from "./trees.ts";
export { nodeClock, nodeFiles, nodeHttp, nodeNames, nodeProcesses, nodeProjectFiles };
export { takeLock, type Lock } from "./lock.ts";

export function nodeMachine(env: Machine["env"] = process.env): Machine {
  return {
    clock: nodeClock,
    files: nodeFiles,
    processes: nodeProcesses,
    http: nodeHttp(env),
    names: nodeNames(env),
    projectFiles: nodeProjectFiles,
    env,
    withEnv: nodeMachine,
  };
}
