import { evaluate, fieldsOf, textOf, type Scope, type Token } from "../language/expressions.ts";
import type { Conclusion, Office, RunRecord } from "../records.ts";
import { shortRef } from "../contexts.ts";
import { child } from "../language/workflow.ts";
import { isMapping } from "../language/expressions.ts";
import { jobPage } from "./publish.ts";
import { StepFailure } from "./session.ts";

/** The name that a job's `environment:` evaluates to; undefined where it has none. */
export function environmentName(token: Token | undefined, scope: Scope): string | undefined {
  if (!token) return undefined;
  const value = evaluate(isMapping(token) ? child(token, "name") : token, scope);
  // An expression may give a whole object; its URL is not known before the job ends.
  return textOf(fieldsOf(value)["name"] ?? value) || undefined;
}

export function environmentUrl(token: Token | undefined, scope: Scope): string | undefined {
  const url = child(token, "url");
  return url && (textOf(evaluate(url, scope)) || undefined);
}

/** Throws where the environment's branch policy keeps this run out. */
export async function checkEnvironment({ github }: Office, run: RunRecord, name: string): Promise<void> {
  const environment = await github.environment(run.repository, name, run.ref);
  if (environment?.allowed === false) {
    const kind = run.ref.startsWith("refs/tags/") ? "Tag" : "Branch";
    throw new StepFailure(
      `${kind} "${shortRef(run.ref)}" is not allowed to deploy to ${name} due to environment protection rules.`,
    );
  }
}

export interface Deployment {
  end(conclusion: Conclusion, url: string | undefined): Promise<void>;
}

/** Opens the deployment that GitHub makes for a job with an environment. */
export async function beginDeployment(
  office: Office,
  run: RunRecord,
  jobId: number,
  environment: string,
): Promise<Deployment> {
  const deployment = {
    id: office.context.ids.next("github.deployment"),
    environment,
    ref: shortRef(run.ref),
    sha: run.sha,
    logUrl: jobPage(office, run, { id: jobId }),
  };
  await office.github.deployment(run.repository, { ...deployment, state: "in_progress" });
  return {
    end: (conclusion, url) =>
      office.github.deployment(run.repository, {
        ...deployment,
        state: conclusion === "success" ? "success" : "failure",
        ...(url !== undefined && { url }),
      }),
  };
}
