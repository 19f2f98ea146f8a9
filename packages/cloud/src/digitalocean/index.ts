import { Hono } from "hono";
import type { CloudContext, InventoryItem, Service } from "../ports.ts";
import { actionAnswer } from "./answers.ts";
import { ApiError, errorAnswer, listAnswer, notFound, type Env } from "./api.ts";
import { findImage, imageAnswer, listImages, regions, sizes } from "./catalog.ts";
import { domainRoutes } from "./domains.ts";
import { dropletRoutes } from "./droplets.ts";
import { firewallRoutes } from "./firewalls.ts";
import { keyRoutes } from "./keys.ts";
import { openOffice, type DigitalOceanOptions, type Office } from "./model.ts";
import { vpcRoutes } from "./networking.ts";
import { createPower } from "./power.ts";
import { projectRoutes } from "./projects.ts";
import { tagRoutes } from "./tags.ts";

export type { DigitalOceanOptions } from "./model.ts";

/** DigitalOcean's API v2, as far as Doge's resources and its doctor ask. */
export function createDigitalOcean(context: CloudContext, options: DigitalOceanOptions): Service {
  const office = openOffice(context, options);
  const power = createPower(office);
  const app = new Hono<Env>();

  app.onError((thrown, c) => {
    if (thrown instanceof ApiError) return errorAnswer(c, thrown.status, thrown.message);
    context.log("digitalocean", `${c.req.method} ${c.req.path}: ${thrown.stack ?? thrown.message}`);
    return errorAnswer(c, 500, "Unexpected server-side error");
  });
  app.notFound((c) => errorAnswer(c, 404, notFound().message));

  app.use("/v2/*", async (c, next) => {
    const token = /^Bearer\s+(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
    const known = options.tokens.find((each) => each.token === token);
    if (!known) throw new ApiError(401, "Unable to authenticate you");
    if (known.scope === "read" && c.req.method !== "GET" && c.req.method !== "HEAD") {
      throw new ApiError(403, "You are not authorized to perform this operation");
    }
    await next();
  });

  app.get("/v2/account", (c) => c.json({ account: accountAnswer(office) }));
  app.route("/v2/account/keys", keyRoutes(office));
  app.get("/v2/actions", (c) => listAnswer(c, "actions", office.actions.list().map(actionAnswer)));
  app.get("/v2/actions/:id", (c) => {
    const action = office.actions.get(c.req.param("id"));
    if (!action) throw notFound();
    return c.json({ action: actionAnswer(action) });
  });
  app.route("/v2/domains", domainRoutes(office));
  app.route("/v2/droplets", dropletRoutes(office, power));
  app.get("/v2/images", (c) =>
    listAnswer(
      c,
      "images",
      listImages({ type: c.req.query("type"), private: c.req.query("private") }).map(imageAnswer),
    ),
  );
  app.get("/v2/images/:id", (c) => {
    const image = findImage(c.req.param("id"));
    if (!image) throw notFound();
    return c.json({ image: imageAnswer(image) });
  });
  app.route("/v2/projects", projectRoutes(office));
  app.get("/v2/regions", (c) => listAnswer(c, "regions", regions));
  app.get("/v2/sizes", (c) => listAnswer(c, "sizes", sizes));
  app.route("/v2/tags", tagRoutes(office));
  app.route("/v2/firewalls", firewallRoutes(office));
  app.route("/v2/vpcs", vpcRoutes(office));

  return {
    name: "digitalocean",
    app: app as unknown as Hono,
    start: () => Promise.resolve(power.resume()),
    stop: () => power.settle(),
    inventory: () => Promise.resolve(inventory(office)),
    gaps,
  };
}

const accountAnswer = ({ account }: Office): Record<string, unknown> => ({
  droplet_limit: 25,
  floating_ip_limit: 3,
  email: "doge@example.com",
  name: "Doge",
  uuid: account.uuid,
  email_verified: true,
  status: "active",
  status_message: "",
  team: { uuid: account.uuid, name: "My Team" },
});

/** What costs money or stands in the way of the next project. The default project and default VPCs come with the account. */
function inventory(office: Office): InventoryItem[] {
  const item = (kind: string, id: string | number, name: string): InventoryItem => ({
    service: "digitalocean",
    kind,
    id: String(id),
    name,
  });
  const inUse = new Set(office.droplets.list().flatMap((droplet) => droplet.tags));
  return [
    ...office.droplets.list().map((each) => item("droplet", each.id, each.name)),
    ...office.keys.list().map((each) => item("ssh_key", each.id, each.name)),
    ...office.domains.list().map((each) => item("domain", each.name, each.name)),
    ...office.firewalls.list().map((each) => item("firewall", each.id, each.name)),
    ...office.projects.list((each) => !each.is_default).map((each) => item("project", each.id, each.name)),
    ...office.tags
      .list((each) => each.explicit || inUse.has(each.name))
      .map((each) => item("tag", each.name, each.name)),
  ];
}

const gaps: Service["gaps"] = [
  "no volumes, snapshots, backups, load balancers, reserved addresses, databases, Kubernetes, apps or functions",
  "firewalls are kept and shown, but filter nothing: a droplet answers whoever reaches it on this machine",
  "droplets: no IPv6 address, no rebuild, no password reset; a resize changes the record, not the machine",
  "a droplet's address is one of this machine (127.77.x.y); its private address is a number only",
  "images are a fixed list and all boot the same stand-in machine; there are no images of one's own",
  "sizes and regions are a part of the list, with the prices of 2026; every size is sold in every region",
  "VPCs: the default one of each region only, read-only",
  "rate limits are announced in the headers but not enforced; a 429 comes from an injected fault",
  "tokens have the scope read or write, no custom scopes; no OAuth, no metadata service",
  "a tag that came with a droplet leaves the inventory with it, though the API lists it on, as the real one does",
].map((gap) => ({ service: "digitalocean", gap }));
