import { defineResource } from "@doge/engine";
import { complete, required } from "../shared/attributes.ts";
import { computedNumber, computedString, identity } from "../shared/schema.ts";
import type { Tag, TaggedKind } from "./client/droplets.ts";
import type { DigitalOcean } from "./configure.ts";

const schema = {
  description: "A tag. Droplets that name it make it too; as a resource it outlives them.",
  attributes: {
    id: computedString,
    name: identity,
    total_resource_count: computedNumber,
    droplets_count: computedNumber,
    images_count: computedNumber,
    volumes_count: computedNumber,
    volume_snapshots_count: computedNumber,
    databases_count: computedNumber,
  },
} as const;

function state({ name, resources }: Tag) {
  const count = (kind: TaggedKind): number => resources[kind]?.count ?? 0;
  return complete(schema, {
    id: name,
    name,
    total_resource_count: resources.count,
    droplets_count: count("droplets"),
    images_count: count("images"),
    volumes_count: count("volumes"),
    volume_snapshots_count: count("volume_snapshots"),
    databases_count: count("databases"),
  });
}

export const tag = defineResource<DigitalOcean>()({
  type: "digitalocean_tag",
  schemaVersion: 0,
  schema,

  async read({ api }, prior) {
    const found = await api.tags.get(required(prior, "id"));
    return found && state(found);
  },

  async find({ api }, { config }) {
    const found = await api.tags.get(required(config, "name"));
    return found && state(found);
  },

  async reconcile({ api }, { config, prior, created }) {
    const name = required(config, "name");
    if (!prior) await api.tags.create(name);
    const found = await api.tags.get(name);
    const made = found ? state(found) : complete(schema, { ...prior, id: name, name });
    if (!prior) await created(made);
    return made;
  },

  remove: ({ api }, prior) => api.tags.delete(required(prior, "id")),
});
