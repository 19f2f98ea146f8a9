import { type Attributes, defineResource } from "@doge/engine";
import { required } from "../shared/attributes.ts";
import { ApiError, alreadyExists, effectUnknown } from "../shared/errors.ts";
import { actorNames, protectionSchema, protectionSettings, protectionState } from "./branch-protection-schema.ts";
import type { ProtectionInput, ProtectionRule } from "./client/protections.ts";
import { type Repo, vendor } from "./client/octokit.ts";
import type { GitHub } from "./configure.ts";

/** The repository, named by node id or by name, in both forms. */
async function repositoryOf(github: GitHub, config: Attributes): Promise<{ readonly id: string; readonly at: Repo }> {
  const given = required(config, "repository_id");
  const byName = await github.api.repositories.get(github.at(given));
  if (byName) return { id: byName.node_id, at: github.at(byName.name) };
  const at = await github.api.protections.repositoryName(given);
  // Neither a name nor an id: the lookup by name gives the right diagnostic.
  return at ? { id: given, at } : { id: (await github.repository(given)).node_id, at: github.at(given) };
}

async function input({ api }: GitHub, config: Attributes): Promise<ProtectionInput> {
  const ids = async (names: readonly string[]) => Promise.all(names.map((name) => api.protections.actorId(name)));
  const named = actorNames(config);
  return {
    ...protectionSettings(config),
    pushActorIds: await ids(named.pushActorIds),
    reviewDismissalActorIds: await ids(named.reviewDismissalActorIds),
    bypassForcePushActorIds: await ids(named.bypassForcePushActorIds),
    bypassPullRequestActorIds: await ids(named.bypassPullRequestActorIds),
  };
}

async function byPattern(github: GitHub, config: Attributes): Promise<ProtectionRule | undefined> {
  const { at } = await repositoryOf(github, config);
  return github.api.protections.byPattern(at, required(config, "pattern"));
}

/** GraphQL refuses with status 200: a refused or unanswered create is looked into by pattern. */
async function create(github: GitHub, config: Attributes): Promise<ProtectionRule> {
  const repository = await repositoryOf(github, config);
  const wanted = await input(github, config);
  try {
    return await github.api.protections.create(repository.id, wanted);
  } catch (thrown) {
    if (!(thrown instanceof ApiError)) throw thrown;
    const found = await github.api.protections.byPattern(repository.at, wanted.pattern).catch(() => undefined);
    if (found && effectUnknown(thrown)) return found;
    if (found)
      throw alreadyExists(vendor, {
        type: "github_branch_protection",
        name: wanted.pattern,
        importId: `${repository.at.repo}:${wanted.pattern}`,
      });
    throw thrown;
  }
}

export const branchProtection = defineResource<GitHub>()({
  type: "github_branch_protection",
  schemaVersion: 2,
  schema: protectionSchema,

  async read(github, prior) {
    const id = required(prior, "id");
    // What is imported comes by repository and pattern.
    const rule = id.includes(":")
      ? await byPattern(github, { repository_id: id.split(":")[0], pattern: id.slice(id.indexOf(":") + 1) })
      : await github.api.protections.get(id);
    return rule && protectionState(rule, prior, github.owner);
  },

  async find(github, { config }) {
    const rule = await byPattern(github, config);
    return rule && protectionState(rule, config, github.owner);
  },

  async reconcile(github, { config, prior, created }) {
    const rule = prior
      ? await github.api.protections.update(required(prior, "id"), await input(github, config))
      : await create(github, config);
    const state = protectionState(rule, config, github.owner);
    if (!prior) await created(state);
    return state;
  },

  remove: ({ api }, prior) => api.protections.delete(required(prior, "id")),

  /** `repository:pattern` */
  importState: (id) => ({ id, repository_id: id.split(":")[0] }),
});
