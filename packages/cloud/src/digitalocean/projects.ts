import { Hono } from "hono";
import { ApiError, Fields, listAnswer, notFound, unprocessable, type Env } from "./api.ts";
import type { Assignment, Office, Project } from "./model.ts";

const environments = ["Development", "Staging", "Production"];
const urnPattern = /^do:(dbaas|domain|droplet|floatingip|loadbalancer|space|volume|kubernetes|vpc):(.+)$/;

/** `/v2/projects`. Every account has a default project; what is assigned nowhere else belongs to it. */
export function projectRoutes(office: Office): Hono<Env> {
  const { projects, assignments, context, account, timestamp } = office;

  const find = (id: string): Project => {
    const project = id === "default" ? defaultProject(office) : projects.get(id);
    if (!project) throw notFound();
    return project;
  };

  function read(fields: Fields, before?: Project): Pick<Project, "name" | "description" | "purpose" | "environment"> {
    const name = fields.string("name") ?? before?.name;
    const purpose = fields.string("purpose") ?? before?.purpose;
    if (!name) throw unprocessable("name is required");
    if (!purpose) throw unprocessable("purpose is required");
    if (name.length > 175) throw unprocessable("name is too long (maximum is 175 characters)");
    const environment = fields.string("environment") ?? before?.environment ?? "";
    const known = environments.find((each) => each.toLowerCase() === environment.toLowerCase());
    if (environment && !known) throw unprocessable(`environment must be one of ${environments.join(", ")}`);
    if (projects.list((each) => each.name === name && each.id !== before?.id).length > 0) {
      throw new ApiError(409, "name is already in use");
    }
    return {
      name,
      purpose,
      description: fields.string("description") ?? before?.description ?? "",
      environment: known ?? "",
    };
  }

  function change(id: string, fields: Fields, whole: boolean): Project {
    const before = find(id);
    if (whole) {
      for (const name of ["name", "description", "purpose", "environment", "is_default"]) {
        if (fields.raw[name] === undefined) throw unprocessable(`${name} is required`);
      }
    }
    const isDefault = fields.raw["is_default"] === undefined ? before.is_default : fields.boolean("is_default");
    const after = { ...before, ...read(fields, before), is_default: isDefault, updated_at: timestamp() };
    if (before.is_default && !isDefault) throw unprocessable("the default project can't be unset, choose another one");
    return context.store.transaction(() => {
      if (isDefault && !before.is_default) {
        const old = defaultProject(office);
        projects.put(old.id, { ...old, is_default: false });
      }
      return projects.put(before.id, after);
    });
  }

  async function resourcesOf(project: Project): Promise<Assignment[]> {
    const assigned: Assignment[] = [];
    for (const each of assignments.list()) {
      // A bucket is deleted without us: what is gone is in no project.
      if (/^do:(droplet|domain):/.test(each.urn) || (await office.exists(each.urn))) assigned.push(each);
    }
    if (!project.is_default) return assigned.filter((each) => each.project === project.id);
    const elsewhere = new Set(assigned.filter((each) => each.project !== project.id).map((each) => each.urn));
    const own = assigned.filter((each) => each.project === project.id);
    const known = new Set([...elsewhere, ...own.map((each) => each.urn)]);
    const free = ownUrns(office).filter((urn) => !known.has(urn));
    return [...own, ...free.map((urn) => ({ urn, project: project.id, assignedAt: project.created_at }))];
  }

  async function assign(project: Project, urn: string): Promise<unknown> {
    const kind = urnPattern.exec(urn)?.[1];
    if (!kind) throw new ApiError(400, `invalid resource urn: ${urn}`);
    const there = ["droplet", "domain"].includes(kind) ? ownUrns(office).includes(urn) : await office.exists(urn);
    if (!there) return resourceAnswer(office, { urn, project: project.id, assignedAt: timestamp() }, "not_found");
    const before = assignments.get(urn);
    if (before?.project === project.id) return resourceAnswer(office, before, "already_assigned");
    const assignment = { urn, project: project.id, assignedAt: timestamp() };
    assignments.put(urn, assignment);
    return resourceAnswer(office, assignment, "assigned");
  }

  return new Hono<Env>()
    .get("/", (c) => {
      defaultProject(office);
      return listAnswer(c, "projects", projects.list());
    })
    .post("/", async (c) => {
      const now = timestamp();
      const project: Project = {
        id: context.ids.uuid(),
        owner_uuid: account.uuid,
        owner_id: account.ownerId,
        ...read(await Fields.of(c)),
        is_default: false,
        created_at: now,
        updated_at: now,
      };
      return c.json({ project: projects.put(project.id, project) }, 201);
    })
    .get("/:id", (c) => c.json({ project: find(c.req.param("id")) }))
    .put("/:id", async (c) => c.json({ project: change(c.req.param("id"), await Fields.of(c), true) }))
    .patch("/:id", async (c) => c.json({ project: change(c.req.param("id"), await Fields.of(c), false) }))
    .delete("/:id", async (c) => {
      const project = find(c.req.param("id"));
      if (project.is_default) throw new ApiError(412, "the default project can't be deleted");
      if ((await resourcesOf(project)).length > 0) {
        throw new ApiError(412, "cannot delete a project with resources. move or remove the resources first");
      }
      projects.delete(project.id);
      return c.body(null, 204);
    })
    .get("/:id/resources", async (c) => {
      const all = await resourcesOf(find(c.req.param("id")));
      return listAnswer(
        c,
        "resources",
        all.map((each) => resourceAnswer(office, each, "ok")),
      );
    })
    .post("/:id/resources", async (c) => {
      const project = find(c.req.param("id"));
      const urns = (await Fields.of(c)).strings("resources") ?? [];
      const resources: unknown[] = [];
      for (const urn of urns) resources.push(await assign(project, urn));
      return c.json({ resources });
    });
}

/** The account's default project; the first to ask makes it. */
function defaultProject({ projects, context, account, timestamp }: Office): Project {
  const found = projects.list((project) => project.is_default)[0];
  if (found) return found;
  const id = context.ids.uuid();
  return projects.put(id, {
    id,
    owner_uuid: account.uuid,
    owner_id: account.ownerId,
    name: "first-project",
    description: "Update your project information under Settings",
    purpose: "Just trying out DigitalOcean",
    environment: "Development",
    is_default: true,
    created_at: timestamp(),
    updated_at: timestamp(),
  });
}

const ownUrns = ({ droplets, domains }: Office): string[] => [
  ...droplets.list().map((droplet) => `do:droplet:${droplet.id}`),
  ...domains.list().map((domain) => `do:domain:${domain.name}`),
];

/** A resource that is gone is in no project. */
export const unassign = ({ assignments }: Office, urn: string): void => void assignments.delete(urn);

function resourceAnswer({ context }: Office, { urn, assignedAt }: Assignment, status: string): unknown {
  const [, kind = "", name = ""] = urnPattern.exec(urn) ?? [];
  const places: Readonly<Record<string, string>> = {
    droplet: "droplets",
    domain: "domains",
    volume: "volumes",
    vpc: "vpcs",
  };
  const place = places[kind];
  const self = place ? `${context.url("digitalocean")}/v2/${place}/${name}` : `https://${name}.digitaloceanspaces.com`;
  return { urn, assigned_at: assignedAt, links: { self }, status };
}
