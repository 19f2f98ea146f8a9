import { type Attributes, defineResource } from "@doge/engine";
import { complete, required } from "../shared/attributes.ts";
import { alreadyExists, createOnce } from "../shared/errors.ts";
import { computedNumber, computedString, identity, requiredString } from "../shared/schema.ts";
import { written } from "../shared/wait.ts";
import { vendor } from "./client/octokit.ts";
import type { ActionsVariable } from "./client/secrets.ts";
import { type GitHub, goTime, idPart } from "./configure.ts";

const schema = {
  description: "A variable, not secret, that the workflows of a repository see.",
  attributes: {
    id: computedString,
    repository: identity,
    repository_id: computedNumber,
    variable_name: identity,
    value: requiredString,
    created_at: computedString,
    updated_at: { ...computedString, recomputedBy: ["value"] },
  },
} as const;

async function state(github: GitHub, seen: ActionsVariable, known: Attributes): Promise<Attributes> {
  const repository = required(known, "repository");
  const name = required(known, "variable_name");
  return complete(schema, {
    id: `${idPart(repository)}:${name}`,
    repository,
    repository_id: known["repository_id"] ?? (await github.repository(repository)).id,
    variable_name: name,
    value: seen.value,
    created_at: goTime(seen.created_at),
    updated_at: goTime(seen.updated_at),
  });
}

async function observe(github: GitHub, known: Attributes): Promise<Attributes | undefined> {
  const at = github.at(required(known, "repository"));
  const seen = await github.api.variables.get(at, required(known, "variable_name"));
  return seen && state(github, seen, known);
}

export const actionsVariable = defineResource<GitHub>()({
  type: "github_actions_variable",
  schemaVersion: 1,
  schema,
  read: observe,
  find: (github, { config }) => observe(github, config),

  async reconcile(github, { config, prior, created }, work) {
    const { variables } = github.api;
    const at = github.at(required(config, "repository"));
    const name = required(config, "variable_name");
    const value = required(config, "value");
    if (prior) await variables.update(at, name, value);
    else
      await createOnce<unknown>({
        create: () => variables.create(at, name, value),
        find: () => variables.get(at, name),
        taken: [409, 422],
        exists: () => alreadyExists(vendor, { type: "github_actions_variable", name, importId: `${at.repo}:${name}` }),
      });
    const made = await written(work, () => observe(github, config), {
      title: `GitHub shows the variable ${name}`,
      code: "github-variable-wait",
    });
    await created(made);
    return made;
  },

  remove: ({ api, at }, prior) =>
    api.variables.delete(at(required(prior, "repository")), required(prior, "variable_name")),

  importState(id) {
    const [repository = "", variable_name = ""] = id.split(":");
    return { id, repository, variable_name };
  },
});
