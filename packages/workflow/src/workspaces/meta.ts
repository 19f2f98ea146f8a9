import { Configuration, type Expression, type Reference } from "@doge/engine";
import { organizationData, tfe, variable, variableSet, workspace, workspaceVariableSet } from "@doge/providers/tfe";
import type { ProjectConfig } from "../config/schema.ts";

/** Workspaces that meta makes; its own it needs before it can run at all. */
type Made = "base" | "dotenv" | "stage" | "prod";

/** Token variables by the variable set that carries them. */
const sets = {
  digitalocean: ["do_token", "do_spaces_access_id", "do_spaces_secret_key"],
  github: ["gh_token"],
  terraform: ["tf_api_token"],
} as const;

type TokenVariable = (typeof sets)[keyof typeof sets][number];

const users: Record<keyof typeof sets, readonly Made[]> = {
  digitalocean: ["base", "stage", "prod"],
  github: ["base", "stage", "prod"],
  terraform: ["base"],
};

/** The workspace that manages workspaces: base, dotenv, stage, prod, and the tokens that they run with. */
export function metaWorkspace(config: ProjectConfig): Configuration {
  const c = new Configuration();
  const tokenVariables = Object.fromEntries(
    Object.values(sets)
      .flat()
      .map((name) => [name, c.variable(name, { type: "string", sensitive: true })]),
  ) as Record<TokenVariable, Expression<string>>;
  c.provider(tfe, { token: tokenVariables.tf_api_token });
  const organization = c.data(organizationData, "this", { name: config.hcp.organization });

  const make = (name: Made): Reference<typeof workspace.schema> =>
    c.resource(workspace, name, {
      name: `${config.slug}-${name}`,
      organization: organization.name,
      description: `${config.name}: ${name}`,
      // dotenv reads files that only this machine has; the native executor runs all of them here.
      execution_mode: name === "dotenv" || config.executor !== "hcp" ? "local" : "remote",
      force_delete: true,
    });
  const workspaces = { base: make("base"), dotenv: make("dotenv"), stage: make("stage"), prod: make("prod") };

  for (const [set, names] of Object.entries(sets) as [keyof typeof sets, readonly TokenVariable[]][]) {
    const tokens = c.resource(variableSet, set, {
      name: `${config.slug}-${set}`,
      organization: organization.name,
      description: `${config.name}: ${set} tokens`,
    });
    for (const name of names) {
      c.resource(variable, name, {
        key: name,
        value: tokenVariables[name],
        category: "terraform",
        sensitive: true,
        variable_set_id: tokens.id,
      });
    }
    for (const user of users[set]) {
      c.resource(workspaceVariableSet, `${set}_${user}`, {
        variable_set_id: tokens.id,
        workspace_id: workspaces[user].id,
      });
    }
  }
  return c;
}
