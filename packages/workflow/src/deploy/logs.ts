import { releaseLogs } from "@doge/deploy";
import type { Project } from "../project.ts";
import type { EnvironmentName } from "../workspaces/names.ts";
import { connectEnvironment } from "./connect.ts";

/** Lines of a service's log on an environment, as they come. */
export async function environmentLogs(
  project: Project,
  environment: EnvironmentName,
  options: {
    readonly service: string;
    readonly follow: boolean;
    readonly tail: number;
    readonly onLine: (line: string) => void;
  },
): Promise<void> {
  const host = await connectEnvironment(project, environment);
  try {
    await releaseLogs(host, project.config.slug, { ...options, signal: project.signal });
  } finally {
    await host.close();
  }
}
