import { ifFound } from "../../shared/errors.ts";
import { type PagedApi, segment } from "./api.ts";

export interface Project {
  readonly id: string;
  readonly owner_uuid: string;
  readonly owner_id: number;
  readonly name: string;
  readonly description: string;
  readonly purpose: string;
  readonly environment?: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly is_default: boolean;
}

export type ProjectRequest = Pick<Project, "name" | "purpose"> & {
  readonly description?: string;
  /** `Development`, `Staging` or `Production`. */
  readonly environment?: string;
};

export interface Projects {
  list(): Promise<Project[]>;
  get(id: string): Promise<Project | undefined>;
  getDefault(): Promise<Project>;
  create(project: ProjectRequest): Promise<Project>;
  update(id: string, project: ProjectRequest & { readonly is_default: boolean }): Promise<Project>;
  /** Throws ApiError with status 412 while the project has resources. */
  delete(id: string): Promise<void>;
  /** URNs, `do:droplet:123`; undefined where the project is gone. */
  resources(id: string): Promise<string[] | undefined>;
  /** Moves resources here from whichever project they are in. */
  assign(id: string, urns: readonly string[]): Promise<void>;
}

export function projects(api: PagedApi): Projects {
  const at = (id: string) => `/v2/projects/${segment(id)}`;
  type One = { project: Project };
  return {
    list: () => api.all<Project>("/v2/projects", "projects"),
    get: async (id) => (await ifFound(api.json<One>("GET", at(id))))?.project,
    getDefault: async () => (await api.json<One>("GET", at("default"))).project,
    create: async (project) => (await api.json<One>("POST", "/v2/projects", project)).project,
    update: async (id, project) => (await api.json<One>("PUT", at(id), project)).project,
    delete: async (id) => void (await ifFound(api.send("DELETE", at(id)))),
    resources: async (id) =>
      (await ifFound(api.all<{ urn: string }>(`${at(id)}/resources`, "resources")))?.map((r) => r.urn),
    assign: async (id, urns) => {
      if (urns.length > 0)
        await api.send("POST", `${at(id)}/resources`, { body: { resources: urns }, repeatable: true });
    },
  };
}
