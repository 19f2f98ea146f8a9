import { fail } from "@doge/core";
import { type Attributes, defineResource } from "@doge/engine";
import { complete, required, text } from "../shared/attributes.ts";
import { alreadyExists, createOnce } from "../shared/errors.ts";
import { computedString, identity } from "../shared/schema.ts";
import { vendor } from "./client/octokit.ts";
import { type GitHub, idPart } from "./configure.ts";

const schema = {
  description: "A branch, made from another. Its commits are nobody's business afterwards.",
  attributes: {
    id: computedString,
    repository: identity,
    branch: identity,
    source_branch: { type: "string", optional: true, forceNew: true, default: "main" },
    source_sha: { type: "string", optional: true, computed: true, forceNew: true },
    etag: { type: "string", optional: true, computed: true, same: () => true },
    ref: computedString,
    sha: computedString,
  },
} as const;

interface Seen {
  readonly ref: string;
  readonly sha: string;
  readonly etag?: string | undefined;
}

const state = (seen: Seen, known: Attributes): Attributes =>
  complete(schema, {
    id: `${idPart(required(known, "repository"))}:${idPart(required(known, "branch"))}`,
    repository: known["repository"],
    branch: known["branch"],
    source_branch: known["source_branch"] ?? "main",
    source_sha: known["source_sha"] ?? seen.sha,
    etag: seen.etag ?? "",
    ref: seen.ref,
    sha: seen.sha,
  });

async function observe({ api, at }: GitHub, known: Attributes): Promise<Attributes | undefined> {
  const seen = await api.refs.get(at(required(known, "repository")), required(known, "branch"));
  return seen && state(seen, known);
}

export const branch = defineResource<GitHub>()({
  type: "github_branch",
  schemaVersion: 0,
  schema,
  read: observe,
  find: (github, { config }) => observe(github, config),

  async reconcile({ api, at }, { config, prior, created }) {
    if (prior) return complete(schema, { ...prior, etag: prior["etag"] ?? "" });
    const repository = at(required(config, "repository"));
    const name = required(config, "branch");
    const source = text(config, "source_branch") ?? "main";
    const sha = text(config, "source_sha") ?? (await api.refs.get(repository, source))?.sha;
    if (sha === undefined)
      fail({
        code: "github-source-branch",
        summary: "The branch to start from does not exist",
        detail: `"${repository.repo}" has no branch "${source}".`,
        remedy: "Push it first, or name another source_branch.",
      });
    const made = await createOnce<Seen>({
      create: () => api.refs.create(repository, name, sha),
      find: () => api.refs.get(repository, name),
      taken: [409, 422],
      exists: () => alreadyExists(vendor, { type: "github_branch", name, importId: `${repository.repo}:${name}` }),
    });
    const known = { ...config, source_sha: sha };
    await created(state(made, known));
    return state((await api.refs.get(repository, name)) ?? made, known);
  },

  remove: ({ api, at }, prior) => api.refs.delete(at(required(prior, "repository")), required(prior, "branch")),

  /** `repository:branch`, or `repository:branch:source` */
  importState(id) {
    const [repository = "", branch = "", source = "main"] = id.split(":");
    return { id: `${repository}:${branch}`, repository, branch, source_branch: source };
  },
});
