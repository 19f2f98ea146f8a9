import { fail, step } from "@doge/core";
import type { Project } from "../project.ts";

const scripts = ["lint", "build", "test"] as const;

export interface CheckResult {
  readonly ran: readonly string[];
}

/**
 * `doge ci check`: the commands of `ci.checks`, or else the project's own lint, build and test scripts, in that
 * order; the first failure ends it.
 */
export async function ciCheck(project: Project): Promise<CheckResult> {
  const { machine, folder, emit, signal } = project;
  const commands = project.config.ci.checks ?? (await npmScripts(project));
  const ran: string[] = [];
  for (const argv of commands) {
    const name = argv.join(" ");
    await step(
      emit,
      () => machine.clock.now(),
      { step: name, title: name },
      async () => {
        const result = await machine.processes.run({
          argv: argv as [string, ...string[]],
          cwd: folder,
          signal,
          onOutput: (text, stream) => emit({ type: "output", text, stream }),
        });
        if (result.exitCode !== 0) {
          fail({
            code: "check-failed",
            summary: "A check of the project failed",
            detail: `${name} ended with exit code ${result.exitCode}; its output stands above.`,
            remedy: `Run ${name} on your machine, mend it, push again.`,
          });
        }
      },
    );
    ran.push(name);
  }
  return { ran };
}

async function npmScripts({ machine, folder }: Project): Promise<readonly (readonly string[])[]> {
  const manifest = JSON.parse((await machine.files.read(`${folder}/package.json`)) ?? "{}") as {
    scripts?: Record<string, string>;
  };
  const present = scripts.filter((name) => manifest.scripts?.[name]);
  if (present.length === 0) {
    fail({
      code: "no-checks",
      summary: "There is nothing to check",
      detail: `package.json has none of the scripts ${scripts.join(", ")}, and doge.config.ts has no ci.checks.`,
      address: `${folder}/package.json`,
      remedy: "Add at least a test script: a check that checks nothing protects nothing.",
    });
  }
  return present.map((name) => ["npm", "run", "--silent", name]);
}
