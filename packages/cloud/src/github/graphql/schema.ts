/** The part of GitHub's schema that is here: names and shapes are GitHub's. */
export const schemaText = /* GraphQL */ `
  scalar URI
  scalar DateTime
  scalar GitObjectID

  interface Node { id: ID! }
  interface Actor { login: String!, url: URI!, avatarUrl: URI! }
  interface RepositoryOwner { id: ID!, login: String!, url: URI!, repository(name: String!): Repository }

  type Query {
    viewer: User!
    node(id: ID!): Node
    nodes(ids: [ID!]!): [Node]!
    repository(owner: String!, name: String!, followRenames: Boolean = true): Repository
    repositoryOwner(login: String!): RepositoryOwner
    user(login: String!): User
    organization(login: String!): Organization
    rateLimit: RateLimit
  }

  type RateLimit { limit: Int!, cost: Int!, remaining: Int!, used: Int!, resetAt: DateTime! }

  type User implements Node & Actor & RepositoryOwner {
    id: ID!
    databaseId: Int
    login: String!
    name: String
    url: URI!
    avatarUrl: URI!
    isViewer: Boolean!
    repository(name: String!): Repository
  }
  type Organization implements Node & Actor & RepositoryOwner {
    id: ID!
    databaseId: Int
    login: String!
    name: String
    url: URI!
    avatarUrl: URI!
    viewerCanCreateRepositories: Boolean!
    repository(name: String!): Repository
    team(slug: String!): Team
  }
  type Bot implements Node & Actor { id: ID!, databaseId: Int, login: String!, url: URI!, avatarUrl: URI! }
  type Team implements Node { id: ID!, name: String!, slug: String!, combinedSlug: String!, organization: Organization! }
  type App implements Node { id: ID!, databaseId: Int, name: String!, slug: String! }

  enum RepositoryVisibility { PRIVATE PUBLIC INTERNAL }
  enum RepositoryPermission { ADMIN MAINTAIN READ TRIAGE WRITE }

  type Repository implements Node {
    id: ID!
    databaseId: Int
    name: String!
    nameWithOwner: String!
    owner: RepositoryOwner!
    url: URI!
    sshUrl: String!
    description: String
    homepageUrl: URI
    isPrivate: Boolean!
    isArchived: Boolean!
    isEmpty: Boolean!
    isFork: Boolean!
    isInOrganization: Boolean!
    visibility: RepositoryVisibility!
    hasIssuesEnabled: Boolean!
    hasWikiEnabled: Boolean!
    hasProjectsEnabled: Boolean!
    mergeCommitAllowed: Boolean!
    squashMergeAllowed: Boolean!
    rebaseMergeAllowed: Boolean!
    deleteBranchOnMerge: Boolean!
    viewerPermission: RepositoryPermission
    createdAt: DateTime!
    updatedAt: DateTime!
    pushedAt: DateTime
    defaultBranchRef: Ref
    ref(qualifiedName: String!): Ref
    branchProtectionRules(first: Int, after: String): BranchProtectionRuleConnection!
    pullRequest(number: Int!): PullRequest
    parent: Repository
  }

  type Ref implements Node {
    id: ID!
    name: String!
    prefix: String!
    target: GitObject
    branchProtectionRule: BranchProtectionRule
    repository: Repository!
  }
  interface GitObject { id: ID!, oid: GitObjectID! }
  type Commit implements Node & GitObject { id: ID!, oid: GitObjectID! }

  enum PullRequestState { OPEN CLOSED MERGED }
  enum MergeableState { MERGEABLE CONFLICTING UNKNOWN }
  enum MergeStateStatus { BEHIND BLOCKED CLEAN DIRTY DRAFT HAS_HOOKS UNKNOWN UNSTABLE }
  type PullRequest implements Node {
    id: ID!
    databaseId: Int
    number: Int!
    title: String!
    body: String!
    url: URI!
    state: PullRequestState!
    isDraft: Boolean!
    merged: Boolean!
    mergeable: MergeableState!
    mergeStateStatus: MergeStateStatus!
    baseRefName: String!
    headRefName: String!
    headRefOid: GitObjectID!
    author: Actor
  }

  type PageInfo { hasNextPage: Boolean!, hasPreviousPage: Boolean!, startCursor: String, endCursor: String }

  union PushAllowanceActor = App | Team | User
  union ReviewDismissalAllowanceActor = App | Team | User
  union BranchActorAllowanceActor = App | Team | User
  type PushAllowance implements Node { id: ID!, actor: PushAllowanceActor }
  type ReviewDismissalAllowance implements Node { id: ID!, actor: ReviewDismissalAllowanceActor }
  type BypassForcePushAllowance implements Node { id: ID!, actor: BranchActorAllowanceActor }
  type BypassPullRequestAllowance implements Node { id: ID!, actor: BranchActorAllowanceActor }
  type PushAllowanceConnection { nodes: [PushAllowance], totalCount: Int!, pageInfo: PageInfo! }
  type ReviewDismissalAllowanceConnection { nodes: [ReviewDismissalAllowance], totalCount: Int!, pageInfo: PageInfo! }
  type BypassForcePushAllowanceConnection { nodes: [BypassForcePushAllowance], totalCount: Int!, pageInfo: PageInfo! }
  type BypassPullRequestAllowanceConnection { nodes: [BypassPullRequestAllowance], totalCount: Int!, pageInfo: PageInfo! }
  type RequiredStatusCheckDescription { context: String!, app: App }

  type BranchProtectionRule implements Node {
    id: ID!
    databaseId: Int
    repository: Repository
    creator: Actor
    pattern: String!
    allowsDeletions: Boolean!
    allowsForcePushes: Boolean!
    blocksCreations: Boolean!
    dismissesStaleReviews: Boolean!
    isAdminEnforced: Boolean!
    lockAllowsFetchAndMerge: Boolean!
    lockBranch: Boolean!
    requireLastPushApproval: Boolean!
    requiredApprovingReviewCount: Int
    requiredDeploymentEnvironments: [String]
    requiredStatusCheckContexts: [String]
    requiredStatusChecks: [RequiredStatusCheckDescription!]
    requiresApprovingReviews: Boolean!
    requiresCodeOwnerReviews: Boolean!
    requiresCommitSignatures: Boolean!
    requiresConversationResolution: Boolean!
    requiresDeployments: Boolean!
    requiresLinearHistory: Boolean!
    requiresStatusChecks: Boolean!
    requiresStrictStatusChecks: Boolean!
    restrictsPushes: Boolean!
    restrictsReviewDismissals: Boolean!
    pushAllowances(first: Int, after: String): PushAllowanceConnection!
    reviewDismissalAllowances(first: Int, after: String): ReviewDismissalAllowanceConnection!
    bypassForcePushAllowances(first: Int, after: String): BypassForcePushAllowanceConnection!
    bypassPullRequestAllowances(first: Int, after: String): BypassPullRequestAllowanceConnection!
    matchingRefs(first: Int, after: String): RefConnection!
  }
  type RefConnection { nodes: [Ref], totalCount: Int!, pageInfo: PageInfo! }
  type BranchProtectionRuleConnection { nodes: [BranchProtectionRule], totalCount: Int!, pageInfo: PageInfo! }

  input RequiredStatusCheckInput { context: String!, appId: ID }
  input CreateBranchProtectionRuleInput {
    clientMutationId: String
    repositoryId: ID!
    pattern: String!
    ${ruleInputs()}
  }
  input UpdateBranchProtectionRuleInput {
    clientMutationId: String
    branchProtectionRuleId: ID!
    pattern: String
    ${ruleInputs()}
  }
  input DeleteBranchProtectionRuleInput { clientMutationId: String, branchProtectionRuleId: ID! }
  type CreateBranchProtectionRulePayload { clientMutationId: String, branchProtectionRule: BranchProtectionRule }
  type UpdateBranchProtectionRulePayload { clientMutationId: String, branchProtectionRule: BranchProtectionRule }
  type DeleteBranchProtectionRulePayload { clientMutationId: String }

  input CreateRepositoryInput {
    clientMutationId: String
    name: String!
    ownerId: ID
    description: String
    homepageUrl: URI
    visibility: RepositoryVisibility!
    template: Boolean = false
    hasIssuesEnabled: Boolean = true
    hasWikiEnabled: Boolean = false
    teamId: ID
  }
  type CreateRepositoryPayload { clientMutationId: String, repository: Repository }

  type Mutation {
    createRepository(input: CreateRepositoryInput!): CreateRepositoryPayload
    createBranchProtectionRule(input: CreateBranchProtectionRuleInput!): CreateBranchProtectionRulePayload
    updateBranchProtectionRule(input: UpdateBranchProtectionRuleInput!): UpdateBranchProtectionRulePayload
    deleteBranchProtectionRule(input: DeleteBranchProtectionRuleInput!): DeleteBranchProtectionRulePayload
  }
`;

/** What both mutations take of a rule. */
function ruleInputs(): string {
  return `
    allowsDeletions: Boolean
    allowsForcePushes: Boolean
    blocksCreations: Boolean
    dismissesStaleReviews: Boolean
    isAdminEnforced: Boolean
    lockAllowsFetchAndMerge: Boolean
    lockBranch: Boolean
    requireLastPushApproval: Boolean
    requiredApprovingReviewCount: Int
    requiredDeploymentEnvironments: [String!]
    requiredStatusCheckContexts: [String!]
    requiredStatusChecks: [RequiredStatusCheckInput!]
    requiresApprovingReviews: Boolean
    requiresCodeOwnerReviews: Boolean
    requiresCommitSignatures: Boolean
    requiresConversationResolution: Boolean
    requiresDeployments: Boolean
    requiresLinearHistory: Boolean
    requiresStatusChecks: Boolean
    requiresStrictStatusChecks: Boolean
    restrictsPushes: Boolean
    restrictsReviewDismissals: Boolean
    bypassForcePushActorIds: [ID!]
    bypassPullRequestActorIds: [ID!]
    pushActorIds: [ID!]
    reviewDismissalActorIds: [ID!]`;
}
