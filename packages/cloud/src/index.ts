/** The local cloud: stand-ins for every vendor that Doge works with, behind the vendors' own interfaces. */
import { runCloud, type CloudOptions, type RunningCloud } from "./cloud.ts";
import { composeServices } from "./compose.ts";

export type { CloudOptions, RunningCloud } from "./cloud.ts";
export type { TerraformApplyResult, TerraformPlanResult, TerraformRunner, TerraformRunRequest } from "./ports.ts";

/**
 * Starts the whole local cloud in `options.folder`. Fails with `cloud-running` where one runs there already, and with
 * `port-in-use` where a port is taken.
 */
export const startCloud = (options: CloudOptions): Promise<RunningCloud> => runCloud(options, composeServices);
