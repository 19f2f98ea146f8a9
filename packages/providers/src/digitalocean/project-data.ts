import { fail } from "@doge/core";
import { defineDataSource } from "@doge/engine";
import { complete, text } from "../shared/attributes.ts";
import { computedBool, computedString, settledString } from "../shared/schema.ts";
import type { DigitalOcean } from "./configure.ts";

const schema = {
  description: "A project that is there already: by id, by name, or the default one.",
  attributes: {
    id: settledString,
    name: settledString,
    description: computedString,
    purpose: computedString,
    environment: computedString,
    owner_uuid: computedString,
    is_default: computedBool,
    created_at: computedString,
    updated_at: computedString,
  },
} as const;

export const projectData = defineDataSource<DigitalOcean>()({
  type: "digitalocean_project",
  schema,
  async read({ api }, config) {
    const [id, name] = [text(config, "id"), text(config, "name")];
    const project = id
      ? await api.projects.get(id)
      : name
        ? (await api.projects.list()).find((p) => p.name === name)
        : await api.projects.getDefault();
    if (!project)
      fail({
        code: "digitalocean-not-found",
        summary: "DigitalOcean has no such project",
        detail: `"${id ?? name}" is not among the projects of this account.`,
        remedy: "Apply the workspace that makes it first.",
      });
    return complete(schema, { ...project });
  },
});
