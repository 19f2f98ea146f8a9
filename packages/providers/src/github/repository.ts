import { fail } from "@doge/core";
import { type Attributes, defineDataSource } from "@doge/engine";
import { complete, strings, text } from "../shared/attributes.ts";
import { computedBool, computedNumber, computedString, settledString } from "../shared/schema.ts";
import type { Repository } from "./client/repositories.ts";
import type { GitHub } from "./configure.ts";

const computedObjects = { type: ["list", "dynamic"], computed: true } as const;

const schema = {
  description: "A repository that is there already.",
  attributes: {
    id: computedString,
    name: settledString,
    full_name: settledString,
    node_id: computedString,
    repo_id: computedNumber,
    description: { type: "string", optional: true },
    homepage_url: { type: "string", optional: true },
    default_branch: computedString,
    primary_language: computedString,
    visibility: computedString,
    private: computedBool,
    archived: computedBool,
    fork: computedBool,
    is_template: computedBool,
    topics: { type: ["list", "string"], computed: true },
    has_issues: computedBool,
    has_discussions: computedBool,
    has_projects: computedBool,
    has_downloads: computedBool,
    has_wiki: computedBool,
    allow_merge_commit: computedBool,
    allow_squash_merge: computedBool,
    allow_rebase_merge: computedBool,
    allow_auto_merge: computedBool,
    allow_update_branch: computedBool,
    allow_forking: computedBool,
    delete_branch_on_merge: computedBool,
    squash_merge_commit_title: computedString,
    squash_merge_commit_message: computedString,
    merge_commit_title: computedString,
    merge_commit_message: computedString,
    html_url: computedString,
    http_clone_url: computedString,
    ssh_clone_url: computedString,
    git_clone_url: computedString,
    svn_url: computedString,
    template: computedObjects,
    pages: computedObjects,
    repository_license: computedObjects,
  },
} as const;

/** What the API leaves out for a token of little access is false or empty, as in the official provider. */
function state(repository: Repository, name: string): Attributes {
  const blank = Object.fromEntries(
    Object.entries(schema.attributes).map(([key, { type }]) => [
      key,
      type === "bool" ? false : type === "number" ? 0 : type === "string" ? "" : [],
    ]),
  );
  const same = Object.keys(schema.attributes).flatMap((key) => {
    const value = repository[key];
    return value === undefined || value === null ? [] : [[key, value]];
  });
  const template = repository["template_repository"] as { name: string; owner: { login: string } } | undefined;
  return complete(schema, {
    ...blank,
    ...(Object.fromEntries(same) as Attributes),
    id: name,
    repo_id: repository.id,
    homepage_url: repository["homepage"] ?? "",
    primary_language: repository["language"] ?? "",
    topics: strings(repository, "topics"),
    http_clone_url: repository.clone_url,
    ssh_clone_url: repository.ssh_url,
    git_clone_url: repository["git_url"] ?? "",
    template: template ? [{ owner: template.owner.login, repository: template.name }] : [],
    pages: [],
    repository_license: [],
  });
}

export const repositoryData = defineDataSource<GitHub>()({
  type: "github_repository",
  schema,
  async read(github, config) {
    const [owner, fullName] = text(config, "full_name")?.split("/") ?? [];
    const name = text(config, "name") ?? fullName;
    if (!name)
      fail({
        code: "github-repository",
        summary: "No repository is named",
        remedy: 'Set `name`, or `full_name` as "owner/name".',
      });
    const other = owner && owner !== github.owner;
    const repository = other ? await github.api.repositories.get({ owner, repo: name }) : await github.repository(name);
    if (!repository)
      fail({
        code: "github-not-found",
        summary: "GitHub has no such repository",
        detail: `"${owner}/${name}" does not exist, or the token does not see it.`,
        remedy: "Correct `full_name`, or give the token access.",
      });
    return state(repository, name);
  },
});
