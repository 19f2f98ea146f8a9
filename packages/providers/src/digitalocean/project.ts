import { type Attributes, defineResource } from "@doge/engine";
import { complete, defined, flag, required, sorted, strings, text } from "../shared/attributes.ts";
import { alreadyExists, createOnce, hasStatus } from "../shared/errors.ts";
import { computedNumber, computedString, lowerCase, onOff, requiredString, stringSet } from "../shared/schema.ts";
import { until, written } from "../shared/wait.ts";
import { vendor } from "./client/api.ts";
import type { Project, ProjectRequest } from "./client/projects.ts";
import type { DigitalOcean } from "./configure.ts";

const sameLetters = (prior: unknown, proposed: unknown): boolean =>
  lowerCase(prior ?? "") === lowerCase(proposed ?? "");

const schema = {
  description: "A folder of resources in DigitalOcean's console.",
  attributes: {
    id: computedString,
    name: requiredString,
    description: { type: "string", optional: true, default: "" },
    purpose: { type: "string", optional: true, default: "Web Application" },
    environment: {
      type: "string",
      optional: true,
      same: sameLetters,
      description: "Development, Staging or Production.",
    },
    owner_uuid: computedString,
    owner_id: computedNumber,
    is_default: onOff(false),
    created_at: computedString,
    updated_at: { ...computedString, recomputedBy: ["*"] },
    resources: { type: stringSet, optional: true, computed: true, description: "URNs." },
  },
} as const;

async function state({ api }: DigitalOcean, project: Project): Promise<Attributes> {
  return complete(schema, {
    ...project,
    // The API marks purposes that are not in its own list.
    purpose: project.purpose.replace(/^Other: /, ""),
    environment: project.environment || null,
    resources: sorted((await api.projects.resources(project.id)) ?? []),
  });
}

const request = (config: Attributes): ProjectRequest => {
  const environment = text(config, "environment");
  return defined({
    name: required(config, "name"),
    purpose: text(config, "purpose") ?? "Web Application",
    description: text(config, "description") ?? "",
    environment: environment && `${environment[0]?.toUpperCase()}${environment.slice(1).toLowerCase()}`,
  }) as ProjectRequest;
};

async function byName({ api }: DigitalOcean, name: string): Promise<Project | undefined> {
  return (await api.projects.list()).find((project) => project.name === name);
}

export const project = defineResource<DigitalOcean>()({
  type: "digitalocean_project",
  schemaVersion: 0,
  schema,

  async read(client, prior) {
    const project = await client.api.projects.get(required(prior, "id"));
    return project && state(client, project);
  },

  async find(client, { config, since }) {
    const project = await byName(client, required(config, "name"));
    // Names are unique in an account, but an older project is somebody else's.
    const ours = project && Date.parse(project.created_at) >= since.getTime() - 5_000;
    return ours ? state(client, project) : undefined;
  },

  async reconcile(client, { config, prior, created }, work) {
    const { projects } = client.api;
    const wanted = request(config);
    let id = prior && required(prior, "id");
    if (id === undefined) {
      const made = await createOnce({
        create: () => projects.create(wanted),
        find: () => byName(client, wanted.name),
        taken: [409, 422],
        exists: (p) => alreadyExists(vendor, { type: "digitalocean_project", name: p.name, importId: p.id }),
      });
      id = made.id;
      await created(complete(schema, { ...made, environment: made.environment || null, resources: [] }));
    }
    const isDefault = flag(config, "is_default") ?? false;
    if (prior || isDefault) await projects.update(id, { ...wanted, is_default: isDefault });
    if (config["resources"] !== null && config["resources"] !== undefined)
      await settle(client, id, strings(prior ?? {}, "resources"), strings(config, "resources"));
    const known = id;
    const live = await written(work, () => projects.get(known), {
      title: `DigitalOcean shows the project ${wanted.name}`,
      code: "digitalocean-project-wait",
    });
    return state(client, live);
  },

  async remove({ api }, prior, work) {
    const id = required(prior, "id");
    const held = await api.projects.resources(id);
    if (held && held.length > 0) await api.projects.assign((await api.projects.getDefault()).id, held);
    // Resources move in the background: until they are gone, the API answers 412.
    await until(work, {
      title: "the project is empty",
      code: "digitalocean-project-not-empty",
      minutes: 3,
      probe: async () => {
        try {
          await api.projects.delete(id);
          return true;
        } catch (thrown) {
          if (hasStatus(thrown, 412)) return false;
          throw thrown;
        }
      },
      done: (gone) => gone || undefined,
    });
  },

  importState: (id) => ({ id }),
});

/** Brings what is new here, and what is no longer wanted to the account's default project. */
export async function settle(
  { api }: DigitalOcean,
  project: string,
  before: readonly string[],
  wanted: readonly string[],
): Promise<void> {
  const present = new Set((await api.projects.resources(project)) ?? []);
  const leaving = before.filter((urn) => !wanted.includes(urn) && present.has(urn));
  if (leaving.length > 0) await api.projects.assign((await api.projects.getDefault()).id, leaving);
  await api.projects.assign(
    project,
    wanted.filter((urn) => !present.has(urn)),
  );
}
