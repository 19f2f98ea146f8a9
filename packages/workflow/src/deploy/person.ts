import { gitIn } from "../repository/git.ts";
import type { Project } from "../project.ts";

/** Who works here, for records: the job's actor, git's user, or the project's owner. */
export async function personOf(project: Project): Promise<string> {
  const { machine, folder, settings, config } = project;
  const actor = settings.env["GITHUB_ACTOR"];
  if (actor) return actor;
  const { exitCode, stdout } = await gitIn(machine, folder).ask("config", "user.name");
  return exitCode === 0 && stdout.trim() !== "" ? stdout.trim() : config.github.owner;
}
