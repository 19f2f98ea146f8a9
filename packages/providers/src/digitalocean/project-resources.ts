import { type Attributes, defineResource } from "@doge/engine";
import { complete, required, sorted, strings } from "../shared/attributes.ts";
import { computedString, identity, stringSet } from "../shared/schema.ts";
import type { DigitalOcean } from "./configure.ts";
import { settle } from "./project.ts";

const schema = {
  description: "Resources put into a project. Others that are in it are left alone.",
  attributes: {
    id: computedString,
    project: { ...identity, description: "The project's id." },
    resources: { type: stringSet, required: true, description: "URNs: `do:droplet:123`." },
  },
} as const;

const state = (project: string, resources: readonly string[]): Attributes =>
  complete(schema, { id: project, project, resources: sorted(resources) });

export const projectResources = defineResource<DigitalOcean>()({
  type: "digitalocean_project_resources",
  schemaVersion: 0,
  schema,

  async read({ api }, prior) {
    const project = required(prior, "id");
    const present = await api.projects.resources(project);
    if (!present) return undefined;
    const known = strings(prior, "resources");
    return state(project, known.length > 0 ? known.filter((urn) => present.includes(urn)) : present);
  },

  // Making it twice changes nothing: what an interrupted run did is simply done again.

  async reconcile(client, { config, prior }) {
    const project = required(config, "project");
    const wanted = strings(config, "resources");
    await settle(client, project, strings(prior ?? {}, "resources"), wanted);
    return state(project, wanted);
  },

  async remove({ api }, prior) {
    const project = required(prior, "project");
    const present = (await api.projects.resources(project)) ?? [];
    const leaving = strings(prior, "resources").filter((urn) => present.includes(urn));
    if (leaving.length > 0) await api.projects.assign((await api.projects.getDefault()).id, leaving);
  },

  importState: (id) => ({ id, project: id }),
});
