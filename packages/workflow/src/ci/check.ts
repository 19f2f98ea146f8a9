import { fail, step } from "@doge/core";
import type { Machine, Emit } from "@doge/core";

const checks = ["lint", "build", "test"] as const;

export interface CheckResult {
  readonly ran: readonly string[];
}

/** `doge ci check`: the project's own lint, build and test scripts, in that order; the first failure ends it. */
export async function ciCheck(project: {
  readonly folder: string;
  readonly machine: Machine;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}): Promise<CheckResult> {
  const { machine, folder, emit, signal } = project;
  const manifest = JSON.parse((await machine.files.read(`${folder}/package.json`)) ?? "{}") as {
    scripts?: Record<string, string>;
  };
  const present = checks.filter((name) => manifest.scripts?.[name]);
  if (present.length === 0) {
    fail({
      code: "no-checks",
      summary: "There is nothing to check",
      detail: `package.json has none of the scripts ${checks.join(", ")}.`,
      address: `${folder}/package.json`,
      remedy: "Add at least a test script: a check that checks nothing protects nothing.",
    });
  }
  for (const name of present) {
    await step(
      emit,
      () => machine.clock.now(),
      { step: name, title: `npm run ${name}` },
      async () => {
        const result = await machine.processes.run({
          argv: ["npm", "run", "--silent", name],
          cwd: folder,
          signal,
          onOutput: (text, stream) => emit({ type: "output", text, stream }),
        });
        if (result.exitCode !== 0) {
          fail({
            code: "check-failed",
            summary: "A check of the project failed",
            detail: `npm run ${name} ended with exit code ${result.exitCode}; its output stands above.`,
            remedy: `Run npm run ${name} on your machine, mend it, push again.`,
          });
        }
      },
    );
  }
  return { ran: present };
}
