import type { Hono } from "hono";
import { ApiError } from "../errors.ts";
import { commit } from "../git/history.ts";
import type { Hub } from "../hub.ts";
import type { ProtectionRule, RepositoryDocument } from "../model.ts";
import { ruleFor } from "../protection.ts";
import { commitBody } from "../views/commits.ts";
import { repositoryPage, repositoryUrl } from "../views/repositories.ts";
import { enter, page, param, routes, type Env } from "./route.ts";

/** Branches, tags, and branch protection as REST shows it (GraphQL writes it). */
export function branchRoutes(hub: Hub): Hono<Env> {
  const app = routes();
  const base = "/repos/:owner/:repo";

  app.get(`${base}/branches`, async (c) => {
    const { repository } = enter(hub, c, "contents");
    const refs = await hub.git(repository).refs("refs/heads/");
    const only = c.req.query("protected");
    const branches = refs
      .map(({ ref, sha }) => ({ name: ref.slice("refs/heads/".length), sha }))
      .filter(({ name }) => only === undefined || String(ruleFor(hub, repository, name) !== undefined) === only);
    return page(hub, c, branches, ({ name, sha }) => ({
      name,
      commit: { sha, url: `${repositoryUrl(hub, repository)}/commits/${sha}` },
      ...protectionOf(hub, repository, name),
    }));
  });
  app.get(`${base}/tags`, async (c) => {
    const { repository } = enter(hub, c, "contents");
    const git = hub.git(repository);
    const url = repositoryUrl(hub, repository);
    return page(hub, c, await git.refs("refs/tags/"), async ({ ref }) => {
      const name = ref.slice("refs/tags/".length);
      const sha = (await git.resolve(ref)) ?? "";
      return {
        name,
        node_id: "",
        commit: { sha, url: `${url}/commits/${sha}` },
        zipball_url: `${url}/zipball/${ref}`,
        tarball_url: `${url}/tarball/${ref}`,
      };
    });
  });

  app.get(`${base}/branches/:branch{.+}/protection`, (c) => {
    const { repository } = enter(hub, c, "administration");
    const branch = param(c, "branch");
    const rule = ruleFor(hub, repository, branch);
    if (!rule) throw new ApiError(404, "Branch not protected");
    return c.json(protectionBody(hub, repository, branch, rule));
  });
  app.delete(`${base}/branches/:branch{.+}/protection`, (c) => {
    const { repository } = enter(hub, c, "administration", "write");
    const rule = ruleFor(hub, repository, param(c, "branch"));
    if (!rule) throw new ApiError(404, "Branch not protected");
    hub.records.rules.delete(rule.id);
    return c.body(null, 204);
  });
  app.get(`${base}/branches/:branch{.+}`, async (c) => {
    const { repository } = enter(hub, c, "contents");
    const git = hub.git(repository);
    const name = param(c, "branch");
    const sha = await git.branch(name);
    if (sha === undefined) throw new ApiError(404, "Branch not found");
    return c.json({
      name,
      commit: commitBody(hub, repository, await commit(git, sha)),
      _links: { self: branchUrl(hub, repository, name), html: `${repositoryPage(hub, repository)}/tree/${name}` },
      ...protectionOf(hub, repository, name),
    });
  });
  return app;
}

const branchUrl = (hub: Hub, repository: RepositoryDocument, branch: string): string =>
  `${repositoryUrl(hub, repository)}/branches/${encodeURIComponent(branch)}`;

/** The short form that goes with every branch. */
function protectionOf(hub: Hub, repository: RepositoryDocument, branch: string): Record<string, unknown> {
  const rule = ruleFor(hub, repository, branch);
  const contexts = rule?.requiresStatusChecks ? rule.requiredStatusCheckContexts : [];
  const level = !rule?.requiresStatusChecks ? "off" : rule.isAdminEnforced ? "everyone" : "non_admins";
  return {
    protected: rule !== undefined,
    protection: {
      enabled: rule !== undefined,
      required_status_checks: { enforcement_level: level, contexts, checks: contexts.map(checkOf) },
    },
    protection_url: `${branchUrl(hub, repository, branch)}/protection`,
  };
}

const checkOf = (context: string) => ({ context, app_id: null });

/** `branch-protection`. */
function protectionBody(
  hub: Hub,
  repository: RepositoryDocument,
  branch: string,
  rule: ProtectionRule,
): Record<string, unknown> {
  const url = `${branchUrl(hub, repository, branch)}/protection`;
  const contexts = rule.requiredStatusCheckContexts;
  return {
    url,
    required_signatures: { url: `${url}/required_signatures`, enabled: rule.requiresCommitSignatures },
    enforce_admins: { url: `${url}/enforce_admins`, enabled: rule.isAdminEnforced },
    ...(rule.requiresStatusChecks && {
      required_status_checks: {
        url: `${url}/required_status_checks`,
        strict: rule.requiresStrictStatusChecks,
        contexts,
        contexts_url: `${url}/required_status_checks/contexts`,
        checks: contexts.map(checkOf),
      },
    }),
    ...(rule.requiresApprovingReviews && {
      required_pull_request_reviews: {
        url: `${url}/required_pull_request_reviews`,
        dismiss_stale_reviews: rule.dismissesStaleReviews,
        require_code_owner_reviews: rule.requiresCodeOwnerReviews,
        require_last_push_approval: rule.requireLastPushApproval,
        required_approving_review_count: rule.requiredApprovingReviewCount ?? 1,
      },
    }),
    required_linear_history: { enabled: rule.requiresLinearHistory },
    allow_force_pushes: { enabled: rule.allowsForcePushes },
    allow_deletions: { enabled: rule.allowsDeletions },
    block_creations: { enabled: rule.blocksCreations },
    required_conversation_resolution: { enabled: rule.requiresConversationResolution },
    lock_branch: { enabled: rule.lockBranch },
    allow_fork_syncing: { enabled: rule.lockAllowsFetchAndMerge },
  };
}
