import { defineResource } from "@doge/engine";
import { complete, required } from "../shared/attributes.ts";
import { identity } from "../shared/schema.ts";
import { type GitHub, idPart } from "./configure.ts";
import { secretAttributes, secretParts } from "./secret.ts";

const schema = {
  description: "A secret that only the jobs of one environment see.",
  attributes: { ...secretAttributes, environment: identity },
} as const;

export const actionsEnvironmentSecret = defineResource<GitHub>()({
  type: "github_actions_environment_secret",
  schemaVersion: 1,
  schema,
  ...secretParts({
    holder: ({ at }, attributes) => ({
      ...at(required(attributes, "repository")),
      environment: required(attributes, "environment"),
    }),
    id: (attributes) =>
      ["repository", "environment", "secret_name"].map((name) => idPart(required(attributes, name))).join(":"),
    complete: (known) => complete(schema, known),
  }),
  importState(id) {
    const [repository = "", environment = "", secret_name = ""] = id.split(":");
    return { id, repository, environment: environment.replaceAll("??", ":"), secret_name };
  },
});
