import { ApiError } from "../../shared/errors.ts";
import type { GitHubTransport, Repo } from "./octokit.ts";

/** GraphQL's BranchProtectionRule, as far as Terraform knows it. */
export interface ProtectionRule extends Settings {
  readonly id: string;
  readonly pattern: string;
  readonly repository: { readonly id: string; readonly name: string };
  readonly pushAllowances: Actors;
  readonly reviewDismissalAllowances: Actors;
  readonly bypassForcePushAllowances: Actors;
  readonly bypassPullRequestAllowances: Actors;
}

export interface Settings {
  readonly allowsDeletions: boolean;
  readonly allowsForcePushes: boolean;
  readonly blocksCreations: boolean;
  readonly dismissesStaleReviews: boolean;
  readonly isAdminEnforced: boolean;
  readonly lockBranch: boolean;
  readonly requireLastPushApproval: boolean;
  readonly requiredApprovingReviewCount: number | null;
  readonly requiredStatusCheckContexts: readonly string[] | null;
  readonly requiresApprovingReviews: boolean;
  readonly requiresCodeOwnerReviews: boolean;
  readonly requiresCommitSignatures: boolean;
  readonly requiresConversationResolution: boolean;
  readonly requiresLinearHistory: boolean;
  readonly requiresStatusChecks: boolean;
  readonly requiresStrictStatusChecks: boolean;
  readonly restrictsPushes: boolean;
  readonly restrictsReviewDismissals: boolean;
}

export interface Actors {
  readonly nodes: readonly {
    readonly actor: {
      readonly id: string;
      readonly login?: string;
      readonly slug?: string;
      readonly __typename: string;
    } | null;
  }[];
}

/** Settings and the ids of actors, as the mutations take them. */
export type ProtectionInput = Settings & {
  readonly pattern: string;
  readonly pushActorIds: readonly string[];
  readonly reviewDismissalActorIds: readonly string[];
  readonly bypassForcePushActorIds: readonly string[];
  readonly bypassPullRequestActorIds: readonly string[];
};

export interface Protections {
  get(id: string): Promise<ProtectionRule | undefined>;
  byPattern(at: Repo, pattern: string): Promise<ProtectionRule | undefined>;
  create(repositoryId: string, input: ProtectionInput): Promise<ProtectionRule>;
  update(id: string, input: ProtectionInput): Promise<ProtectionRule>;
  delete(id: string): Promise<void>;
  /** The name of a repository by its node id. */
  repositoryName(id: string): Promise<Repo | undefined>;
  /** The node id of `/user`, `organization/team`, or of what is an id already. */
  actorId(name: string): Promise<string>;
}

const actors =
  "{ nodes { actor { __typename ... on App { id slug } ... on Team { id slug } ... on User { id login } } } }";

const fields = `
  id pattern repository { id name }
  allowsDeletions allowsForcePushes blocksCreations dismissesStaleReviews isAdminEnforced lockBranch
  requireLastPushApproval requiredApprovingReviewCount requiredStatusCheckContexts requiresApprovingReviews
  requiresCodeOwnerReviews requiresCommitSignatures requiresConversationResolution requiresLinearHistory
  requiresStatusChecks requiresStrictStatusChecks restrictsPushes restrictsReviewDismissals
  pushAllowances(first: 100) ${actors}
  reviewDismissalAllowances(first: 100) ${actors}
  bypassForcePushAllowances(first: 100) ${actors}
  bypassPullRequestAllowances(first: 100) ${actors}`;

const queries = {
  get: `query($id: ID!) { node(id: $id) { ... on BranchProtectionRule { ${fields} } } }`,
  list: `query($owner: String!, $repo: String!, $after: String) { repository(owner: $owner, name: $repo) {
    branchProtectionRules(first: 100, after: $after) { nodes { ${fields} } pageInfo { hasNextPage endCursor } } } }`,
  create: `mutation($input: CreateBranchProtectionRuleInput!) { createBranchProtectionRule(input: $input) {
    branchProtectionRule { ${fields} } } }`,
  update: `mutation($input: UpdateBranchProtectionRuleInput!) { updateBranchProtectionRule(input: $input) {
    branchProtectionRule { ${fields} } } }`,
  delete: `mutation($input: DeleteBranchProtectionRuleInput!) { deleteBranchProtectionRule(input: $input) {
    clientMutationId } }`,
  repository: `query($id: ID!) { node(id: $id) { ... on Repository { name owner { login } } } }`,
  user: `query($login: String!) { user(login: $login) { id } }`,
  team: `query($organization: String!, $slug: String!) { organization(login: $organization) { team(slug: $slug) { id } } }`,
};

interface Rules {
  readonly nodes: readonly ProtectionRule[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

interface RulePage {
  readonly repository: { readonly branchProtectionRules: Rules } | null;
}

export function protections({ graphql }: GitHubTransport): Protections {
  return {
    get: async (id) => {
      const { node } = (await resolved(graphql<{ node: ProtectionRule | null }>(queries.get, { id }))) ?? {};
      // A node of another kind comes as an empty object.
      return node?.id ? node : undefined;
    },
    byPattern: async (at, pattern) => {
      let after: string | null = null;
      for (;;) {
        const page: RulePage | undefined = await resolved(graphql<RulePage>(queries.list, { ...at, after }));
        const rules: Rules | undefined = page?.repository?.branchProtectionRules;
        const found = rules?.nodes.find((rule) => rule.pattern === pattern);
        if (found || !rules?.pageInfo.hasNextPage) return found;
        after = rules.pageInfo.endCursor;
      }
    },
    create: async (repositoryId, input) =>
      (
        await graphql<{ createBranchProtectionRule: { branchProtectionRule: ProtectionRule } }>(queries.create, {
          input: { repositoryId, ...input },
        })
      ).createBranchProtectionRule.branchProtectionRule,
    update: async (branchProtectionRuleId, input) =>
      (
        await graphql<{ updateBranchProtectionRule: { branchProtectionRule: ProtectionRule } }>(queries.update, {
          input: { branchProtectionRuleId, ...input },
        })
      ).updateBranchProtectionRule.branchProtectionRule,
    delete: async (branchProtectionRuleId) =>
      void (await resolved(graphql(queries.delete, { input: { branchProtectionRuleId } }))),
    repositoryName: async (id) => {
      type Named = { node: { name?: string; owner?: { login: string } } | null };
      const { node } = (await resolved(graphql<Named>(queries.repository, { id }))) ?? {};
      return node?.name && node.owner ? { owner: node.owner.login, repo: node.name } : undefined;
    },
    actorId: async (name) => {
      const [organization = "", slug] = name.split("/");
      if (slug === undefined) return name;
      if (organization === "") {
        const { user } = await graphql<{ user: { id: string } }>(queries.user, { login: slug });
        return user.id;
      }
      const found = await graphql<{ organization: { team: { id: string } } }>(queries.team, { organization, slug });
      return found.organization.team.id;
    },
  };
}

/** Undefined where GitHub says that it knows no such node. */
async function resolved<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (thrown) {
    if (thrown instanceof ApiError && thrown.reasons.includes("NOT_FOUND")) return undefined;
    throw thrown;
  }
}
