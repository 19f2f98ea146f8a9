import { defineResource } from "@doge/engine";
import { complete, required } from "../shared/attributes.ts";
import { type GitHub, idPart } from "./configure.ts";
import { secretAttributes, secretParts } from "./secret.ts";

const schema = {
  description: "A secret that the workflows of a repository see.",
  attributes: { ...secretAttributes, destroy_on_drift: { type: "bool", optional: true } },
} as const;

export const actionsSecret = defineResource<GitHub>()({
  type: "github_actions_secret",
  schemaVersion: 2,
  schema,
  ...secretParts({
    holder: ({ at }, attributes) => at(required(attributes, "repository")),
    id: (attributes) => `${idPart(required(attributes, "repository"))}:${required(attributes, "secret_name")}`,
    complete: (known) => complete(schema, known),
  }),
  importState(id) {
    const [repository = "", secret_name = ""] = id.split(":");
    return { id, repository, secret_name };
  },
});
