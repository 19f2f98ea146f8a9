/** What the GitHub stand-in keeps: one document a row, times as ISO 8601 in UTC. */

export type AccountType = "User" | "Organization" | "Bot";

export interface Account {
  readonly id: number;
  readonly login: string;
  readonly type: AccountType;
  readonly createdAt: string;
}

export type Role = "read" | "write" | "admin";

export interface RepositoryDocument {
  readonly id: number;
  readonly owner: string;
  readonly name: string;
  readonly private: boolean;
  readonly description: string | null;
  readonly homepage: string | null;
  readonly defaultBranch: string;
  readonly topics: readonly string[];
  readonly archived: boolean;
  readonly allowMergeCommit: boolean;
  readonly allowSquashMerge: boolean;
  readonly allowRebaseMerge: boolean;
  readonly allowAutoMerge: boolean;
  readonly allowUpdateBranch: boolean;
  readonly deleteBranchOnMerge: boolean;
  readonly hasIssues: boolean;
  readonly hasProjects: boolean;
  readonly hasWiki: boolean;
  /** Roles of those who are not the owner, by login. */
  readonly collaborators: Readonly<Record<string, Role>>;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly pushedAt: string;
}

/** A classic branch protection rule: GraphQL's field names. Actors are node ids. */
export interface ProtectionRule {
  readonly id: number;
  readonly repository: number;
  readonly creator: string;
  readonly pattern: string;
  readonly allowsDeletions: boolean;
  readonly allowsForcePushes: boolean;
  readonly blocksCreations: boolean;
  readonly dismissesStaleReviews: boolean;
  readonly isAdminEnforced: boolean;
  readonly lockAllowsFetchAndMerge: boolean;
  readonly lockBranch: boolean;
  readonly requireLastPushApproval: boolean;
  readonly requiredApprovingReviewCount: number | null;
  readonly requiredDeploymentEnvironments: readonly string[];
  readonly requiredStatusCheckContexts: readonly string[];
  readonly requiresApprovingReviews: boolean;
  readonly requiresCodeOwnerReviews: boolean;
  readonly requiresCommitSignatures: boolean;
  readonly requiresConversationResolution: boolean;
  readonly requiresDeployments: boolean;
  readonly requiresLinearHistory: boolean;
  readonly requiresStatusChecks: boolean;
  readonly requiresStrictStatusChecks: boolean;
  readonly restrictsPushes: boolean;
  readonly restrictsReviewDismissals: boolean;
  readonly bypassForcePushActorIds: readonly string[];
  readonly bypassPullRequestActorIds: readonly string[];
  readonly pushActorIds: readonly string[];
  readonly reviewDismissalActorIds: readonly string[];
}

export interface BranchPolicy {
  readonly id: number;
  readonly name: string;
  readonly type: "branch" | "tag";
}

export interface EnvironmentDocument {
  readonly id: number;
  readonly repository: number;
  readonly name: string;
  readonly waitTimer: number;
  readonly preventSelfReview: boolean;
  readonly reviewers: readonly { readonly type: "User" | "Team"; readonly id: number }[];
  readonly deploymentBranchPolicy: {
    readonly protected_branches: boolean;
    readonly custom_branch_policies: boolean;
  } | null;
  readonly branchPolicies: readonly BranchPolicy[];
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A libsodium key pair, base64. A scope is `repository/7` or `environment/3`. */
export interface KeyPair {
  readonly keyId: string;
  readonly publicKey: string;
  readonly privateKey: string;
}

/** Kept sealed, so that no secret stands in clear in the store. */
export interface SecretDocument {
  readonly scope: string;
  readonly name: string;
  readonly sealed: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface VariableDocument {
  readonly scope: string;
  readonly name: string;
  readonly value: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface Label {
  readonly id: number;
  readonly repository: number;
  readonly name: string;
  readonly color: string;
  readonly description: string | null;
}

/** An issue, or with `pull` a pull request: they share their numbers. */
export interface Issue {
  readonly id: number;
  readonly repository: number;
  readonly number: number;
  readonly title: string;
  readonly body: string | null;
  readonly author: string;
  readonly state: "open" | "closed";
  readonly stateReason: "completed" | "not_planned" | "reopened" | null;
  readonly locked: boolean;
  readonly labels: readonly string[];
  readonly assignees: readonly string[];
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly closedAt: string | null;
  readonly closedBy: string | null;
  readonly pull?: Pull;
}

export interface Pull {
  readonly id: number;
  /** Branch names, without `refs/heads/`. */
  readonly head: string;
  readonly headSha: string;
  readonly base: string;
  readonly baseSha: string;
  readonly draft: boolean;
  readonly mergedAt: string | null;
  readonly mergedBy: string | null;
  /** The test merge while open, what came of it once merged. */
  readonly mergeSha: string | null;
  readonly mergeable: boolean;
  readonly requestedReviewers: readonly string[];
}

export type PullIssue = Issue & { readonly pull: Pull };

export interface Comment {
  readonly id: number;
  readonly repository: number;
  readonly issue: number;
  readonly author: string;
  readonly body: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface Review {
  readonly id: number;
  readonly repository: number;
  readonly pull: number;
  readonly author: string;
  readonly body: string;
  readonly state: "APPROVED" | "CHANGES_REQUESTED" | "COMMENTED" | "DISMISSED" | "PENDING";
  readonly commit: string;
  readonly submittedAt: string;
}

export interface CheckRun {
  readonly id: number;
  readonly repository: number;
  readonly name: string;
  readonly headSha: string;
  readonly status: "queued" | "in_progress" | "completed";
  readonly conclusion: string | null;
  readonly detailsUrl: string | null;
  readonly externalId: string;
  readonly startedAt: string | null;
  readonly completedAt: string | null;
  readonly title: string | null;
  readonly summary: string | null;
  readonly text: string | null;
  readonly annotations: readonly Readonly<Record<string, unknown>>[];
}

export interface CommitStatus {
  readonly id: number;
  readonly repository: number;
  readonly sha: string;
  readonly state: "error" | "failure" | "pending" | "success";
  readonly context: string;
  readonly description: string | null;
  readonly targetUrl: string | null;
  readonly creator: string;
  readonly createdAt: string;
}

export interface Deployment {
  readonly id: number;
  readonly repository: number;
  readonly environment: string;
  readonly ref: string;
  readonly sha: string;
  readonly task: string;
  readonly payload: unknown;
  readonly description: string | null;
  readonly creator: string;
  readonly transient: boolean;
  readonly production: boolean;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly statuses: readonly DeploymentStatus[];
}

export interface DeploymentStatus {
  readonly id: number;
  readonly state: string;
  readonly description: string;
  readonly environmentUrl: string;
  readonly logUrl: string;
  readonly creator: string;
  readonly createdAt: string;
}

/** A GITHUB_TOKEN of an Actions job, found by the SHA-256 of its text. */
export interface JobToken {
  readonly repository: number;
  readonly scopes: readonly string[];
}

/** An invitation to collaborate, until it is accepted or declined. */
export interface Invitation {
  readonly id: number;
  readonly repository: number;
  readonly invitee: string;
  readonly inviter: string;
  readonly role: Role;
  readonly createdAt: string;
}
