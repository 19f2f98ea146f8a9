import { Hono } from "hono";
import { vpcAnswer } from "./answers.ts";
import { listAnswer, notFound, type Env } from "./api.ts";
import { regions } from "./catalog.ts";
import type { Office, Vpc } from "./model.ts";

/** `/v2/vpcs`: the default network of each region, made with its first droplet. */
export function vpcRoutes(office: Office): Hono<Env> {
  const { vpcs, droplets } = office;
  const find = (id: string): Vpc => {
    const vpc = vpcs.get(id);
    if (!vpc) throw notFound();
    return vpc;
  };
  return new Hono<Env>()
    .get("/", (c) => listAnswer(c, "vpcs", vpcs.list().map(vpcAnswer)))
    .get("/:id", (c) => c.json({ vpc: vpcAnswer(find(c.req.param("id"))) }))
    .get("/:id/members", (c) => {
      const { id } = find(c.req.param("id"));
      const members = droplets
        .list((droplet) => droplet.vpc === id)
        .map((droplet) => ({ urn: `do:droplet:${droplet.id}`, name: droplet.name, created_at: droplet.createdAt }));
      return listAnswer(c, "members", members);
    });
}

/** The default VPC of a region. */
export function defaultVpc({ vpcs, context, timestamp }: Office, region: string): Vpc {
  const found = vpcs.list((vpc) => vpc.region === region && vpc.default)[0];
  if (found) return found;
  const id = context.ids.uuid();
  return vpcs.put(id, {
    id,
    name: `default-${region}`,
    description: "",
    region,
    ip_range: `10.${114 + regions.findIndex((each) => each.slug === region)}.0.0/20`,
    default: true,
    created_at: timestamp(),
  });
}
