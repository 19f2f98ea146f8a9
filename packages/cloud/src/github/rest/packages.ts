import type { Hono } from "hono";
import type { ContainerPackage, Packages } from "../../ports.ts";
import { sameLogin } from "../access.ts";
import { ApiError, notFound } from "../errors.ts";
import type { Hub } from "../hub.ts";
import { simpleUser } from "../views/users.ts";
import { page, param, routes, viewerOf, idOf, type Call, type Env } from "./route.ts";

/** Container packages of a user or an organization: what the registry holds, seen through GitHub's API. */
export function packageRoutes(hub: Hub, packages: () => Packages): Hono<Env> {
  const app = routes();
  for (const base of ["/users/:owner/packages", "/orgs/:owner/packages"]) {
    const kind = `${base}/container`;
    const nameOf = (c: Call): string => `${param(c, "owner")}/${param(c, "package_name")}`.toLowerCase();
    const find = (c: Call): ContainerPackage => {
      demandScope(c, "read:packages", "write:packages", "repo");
      const name = nameOf(c);
      const found = packages()
        .list()
        .find((one) => one.name === name);
      if (!found) throw new ApiError(404, "Package not found.");
      return found;
    };

    app.get(base, (c) => {
      demandScope(c, "read:packages", "write:packages", "repo");
      const owner = param(c, "owner");
      if (!hub.access.account(owner)) throw notFound();
      const found = packages()
        .list()
        .filter(({ name }) => sameLogin(name.split("/", 1)[0] ?? "", owner));
      return page(hub, c, c.req.query("package_type") === "container" ? found : [], (one) => packageBody(hub, one));
    });
    app.get(`${kind}/:package_name`, (c) => c.json(packageBody(hub, find(c))));
    app.delete(`${kind}/:package_name`, async (c) => {
      demandScope(c, "delete:packages");
      if (!(await packages().delete(nameOf(c)))) throw new ApiError(404, "Package not found.");
      return c.body(null, 204);
    });
    app.get(`${kind}/:package_name/versions`, (c) => {
      const found = find(c);
      return page(hub, c, found.versions, (version) => versionBody(hub, found, version));
    });
    app.get(`${kind}/:package_name/versions/:version_id`, (c) => {
      const found = find(c);
      return c.json(versionBody(hub, found, versionOf(c, found)));
    });
    app.delete(`${kind}/:package_name/versions/:version_id`, async (c) => {
      demandScope(c, "delete:packages");
      const found = find(c);
      const { digest } = versionOf(c, found);
      if (found.versions.length === 1) throw new ApiError(400, "You cannot delete the last version of a package.");
      await packages().deleteVersion(found.name, digest);
      return c.body(null, 204);
    });
  }
  return app;
}

type Version = ContainerPackage["versions"][number];

function demandScope(c: Call, ...any: readonly string[]): void {
  const { scopes, repository } = viewerOf(c);
  const granted = repository === undefined ? scopes : scopes.map((scope) => scope.replace(/^(\w+):(\w+)$/, "$2:$1"));
  if (!any.some((scope) => granted.includes(scope))) {
    throw new ApiError(403, `You need at least ${any[0]} scope to access this package.`);
  }
}

/** GitHub numbers versions; a digest is a number already. */
const versionId = (digest: string): number => Number.parseInt(digest.replace(/^\w+:/, "").slice(0, 12), 16);

function versionOf(c: Call, found: ContainerPackage): Version {
  const id = idOf(c, "version_id");
  const version = found.versions.find(({ digest }) => versionId(digest) === id);
  if (!version) throw new ApiError(404, "Package not found.");
  return version;
}

function addressOf(hub: Hub, { name }: ContainerPackage): { owner: string; short: string; path: string } {
  const [owner = "", short = ""] = name.split(/\/(.*)/s, 2);
  const type = hub.access.account(owner)?.type === "Organization" ? "orgs" : "users";
  return { owner, short, path: `${type}/${owner}/packages/container/${encodeURIComponent(short)}` };
}

/** `package`. */
function packageBody(hub: Hub, found: ContainerPackage): Record<string, unknown> {
  const { owner, short, path } = addressOf(hub, found);
  return {
    id: versionId(Buffer.from(found.name).toString("hex")),
    name: short,
    package_type: "container",
    owner: simpleUser(hub, owner),
    version_count: found.versions.length,
    visibility: "private",
    url: `${hub.api()}/${path}`,
    html_url: `${hub.server()}/${path}`,
    created_at: found.createdAt,
    updated_at: found.versions[0]?.createdAt ?? found.createdAt,
  };
}

/** `package-version`: its name is the digest. */
function versionBody(hub: Hub, found: ContainerPackage, version: Version): Record<string, unknown> {
  const { path } = addressOf(hub, found);
  const id = versionId(version.digest);
  return {
    id,
    name: version.digest,
    url: `${hub.api()}/${path}/versions/${id}`,
    package_html_url: `${hub.server()}/${path}`,
    html_url: `${hub.server()}/${path}/${id}`,
    created_at: version.createdAt,
    updated_at: version.createdAt,
    metadata: { package_type: "container", container: { tags: version.tags } },
  };
}
