import { related, type TfeApi } from "@doge/providers/tfe";
import type { Project } from "../project.ts";
import type { WorkspaceName } from "../workspaces/names.ts";

/** A run that this machine began, told by what is known before the run itself: its configuration version. */
interface Begun {
  readonly configurationVersion: string;
  readonly host: string;
  readonly pid: number;
}

/**
 * The runs that commands of this folder began and that hold their workspace until they end. A run that waits for a yes
 * blocks all later ones; when the command that would have said it is dead, the next one takes the run away.
 */
export function ownRuns(project: Project, tfe: TfeApi, workspace: WorkspaceName) {
  const { files, processes } = project.machine;
  const folder = `${project.folder}/.doge/journal/runs/${workspace}`;
  const fileOf = (configurationVersion: string): string => `${folder}/${configurationVersion}.json`;

  return {
    /** To be called before the run is made. */
    begin(configurationVersion: string): Promise<void> {
      const begun: Begun = { configurationVersion, ...processes.self };
      return files.write(fileOf(configurationVersion), JSON.stringify(begun));
    },

    end: (configurationVersion: string): Promise<void> => files.remove(fileOf(configurationVersion)),

    /** Ends what dead commands left behind. An apply under way goes on: half of it is no better than all. */
    async recover(workspaceId: string): Promise<void> {
      const begun: Begun[] = [];
      for (const name of await files.list(folder)) {
        const text = await files.read(`${folder}/${name}`);
        if (text) begun.push(JSON.parse(text) as Begun);
      }
      const dead = begun.filter(({ host, pid }) => host === processes.self.host && !processes.alive(pid));
      if (dead.length === 0) return;
      const runs = await tfe.runs.list(workspaceId);
      for (const { configurationVersion } of dead) {
        const run = runs.find((one) => related(one, "configuration-version") === configurationVersion);
        if (run && !applying.has(run.attributes.status)) await tfe.runs.stop(run.id);
        await files.remove(fileOf(configurationVersion));
      }
    },
  };
}

const applying: ReadonlySet<string> = new Set(["confirmed", "apply_queued", "applying"]);
