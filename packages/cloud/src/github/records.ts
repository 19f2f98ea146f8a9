import type { Collection, Store } from "../kit/store.ts";
import type {
  Account,
  CheckRun,
  Comment,
  CommitStatus,
  Deployment,
  EnvironmentDocument,
  Invitation,
  Issue,
  JobToken,
  KeyPair,
  Label,
  ProtectionRule,
  PullIssue,
  RepositoryDocument,
  Review,
  SecretDocument,
  VariableDocument,
} from "./model.ts";

/** Every collection of the stand-in. Keys: the id, or what the comment says. */
export interface Records {
  /** By login in lower case. */
  readonly accounts: Collection<Account>;
  readonly repositories: Collection<RepositoryDocument>;
  readonly rules: Collection<ProtectionRule>;
  readonly environments: Collection<EnvironmentDocument>;
  /** By scope. */
  readonly keys: Collection<KeyPair>;
  /** By `scope/NAME`. */
  readonly secrets: Collection<SecretDocument>;
  /** By `scope/NAME`. */
  readonly variables: Collection<VariableDocument>;
  readonly labels: Collection<Label>;
  /** By `repository/number`. */
  readonly issues: Collection<Issue>;
  readonly comments: Collection<Comment>;
  readonly reviews: Collection<Review>;
  readonly checkRuns: Collection<CheckRun>;
  readonly statuses: Collection<CommitStatus>;
  readonly deployments: Collection<Deployment>;
  /** By the SHA-256 of the token. */
  readonly jobTokens: Collection<JobToken>;
  readonly invitations: Collection<Invitation>;
}

export function openRecords(store: Store): Records {
  const open = <T extends object>(name: string): Collection<T> => store.collection<T>(`github.${name}`);
  return {
    accounts: open("accounts"),
    repositories: open("repositories"),
    rules: open("branch-protection-rules"),
    environments: open("environments"),
    keys: open("keys"),
    secrets: open("secrets"),
    variables: open("variables"),
    labels: open("labels"),
    issues: open("issues"),
    comments: open("comments"),
    reviews: open("reviews"),
    checkRuns: open("check-runs"),
    statuses: open("statuses"),
    deployments: open("deployments"),
    jobTokens: open("job-tokens"),
    invitations: open("invitations"),
  };
}

export const fullName = (repository: RepositoryDocument): string => `${repository.owner}/${repository.name}`;

/** Names are compared as GitHub does: without regard to case. */
export function findRepository(records: Records, owner: string, name: string): RepositoryDocument | undefined {
  const wanted = `${owner}/${name}`.toLowerCase();
  return records.repositories.list((repository) => fullName(repository).toLowerCase() === wanted)[0];
}

export const repositoryScope = (repository: RepositoryDocument): string => `repository/${repository.id}`;
export const environmentScope = (environment: EnvironmentDocument): string => `environment/${environment.id}`;

export function findEnvironment(
  records: Records,
  repository: RepositoryDocument,
  name: string,
): EnvironmentDocument | undefined {
  const wanted = name.toLowerCase();
  return records.environments.list(
    (environment) => environment.repository === repository.id && environment.name.toLowerCase() === wanted,
  )[0];
}

/** Takes an environment and all in it away. */
export function deleteEnvironment(records: Records, environment: EnvironmentDocument): void {
  dropScope(records, environmentScope(environment));
  records.environments.delete(environment.id);
}

function dropScope(records: Records, scope: string): void {
  for (const collection of [records.secrets, records.variables]) {
    for (const [key, document] of collection.entries()) if (document.scope === scope) collection.delete(key);
  }
  records.keys.delete(scope);
}

/** Takes a repository and everything that belongs to it away (but for its git objects). */
export function dropRepository(records: Records, repository: RepositoryDocument): void {
  for (const environment of records.environments.list(({ repository: of }) => of === repository.id)) {
    deleteEnvironment(records, environment);
  }
  dropScope(records, repositoryScope(repository));
  const owned: readonly Collection<{ readonly repository: number }>[] = [
    records.rules,
    records.labels,
    records.issues,
    records.comments,
    records.reviews,
    records.checkRuns,
    records.statuses,
    records.deployments,
    records.jobTokens,
    records.invitations,
  ] as readonly Collection<{ readonly repository: number }>[];
  for (const collection of owned) {
    for (const [key, document] of collection.entries()) {
      if (document.repository === repository.id) collection.delete(key);
    }
  }
  records.repositories.delete(repository.id);
}

export const issueKey = (repository: RepositoryDocument, number: number | string): string =>
  `${repository.id}/${number}`;

export const isPull = (issue: Issue | undefined): issue is PullIssue => issue?.pull !== undefined;

/** Open pull requests of a repository, oldest first. */
export function openPulls(records: Records, repository: RepositoryDocument): PullIssue[] {
  return records.issues.list((issue) => issue.repository === repository.id && issue.state === "open").filter(isPull);
}
