import { Hono } from "hono";
import { actionAnswer, actionLink, dropletAnswer } from "./answers.ts";
import { Fields, listAnswer, notFound, unprocessable, type Env } from "./api.ts";
import { findImage, findRegion, findSize, type Image } from "./catalog.ts";
import type { Action, Droplet, Office } from "./model.ts";
import { firewallsOf } from "./firewalls.ts";
import { defaultVpc } from "./networking.ts";
import type { Power } from "./power.ts";
import { unassign } from "./projects.ts";
import { checkTag, noteTags } from "./tags.ts";

const hostName = /^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?$/;
const dropletLimit = 25;

/** `/v2/droplets`. Billing starts at the create, the boot goes on in the background. */
export function dropletRoutes(office: Office, power: Power): Hono<Env> {
  const { droplets, actions, machines, context, timestamp } = office;

  const find = (id: string): Droplet => {
    const droplet = droplets.get(id);
    if (!droplet) throw notFound();
    return droplet;
  };
  const tagged = (tag: string | undefined): Droplet[] => {
    if (!tag) throw unprocessable("tag_name is required");
    return droplets.list((droplet) => droplet.tags.includes(tag));
  };
  const byId = (c: { req: { param: (name: "id") => string } }): Droplet => find(c.req.param("id"));

  function create(name: string, wish: Wish): { droplet: Droplet; action: Action } {
    const id = 520_000_000 + context.ids.next("digitalocean.droplet");
    const serial = context.ids.next("digitalocean.private");
    const droplet: Droplet = {
      id,
      name,
      region: wish.region,
      size: wish.size,
      image: wish.image.id,
      status: "new",
      power: "on",
      createdAt: timestamp(),
      address: machines.allocateAddress(),
      privateAddress: `10.114.${serial >> 8}.${(serial & 255) + 2}`,
      userData: wish.userData,
      sshKeys: wish.sshKeys,
      tags: wish.tags,
      features: [...(wish.monitoring ? ["monitoring"] : []), "droplet_agent", "private_networking"],
      vpc: wish.vpc,
    };
    noteTags(office, wish.tags);
    return { droplet, action: power.begin(droplet, "create") };
  }

  async function destroy(droplet: Droplet): Promise<void> {
    await power.destroy(droplet);
    unassign(office, `do:droplet:${droplet.id}`);
    for (const action of actions.list((each) => each.resource_id === droplet.id)) actions.delete(action.id);
  }

  function act(droplet: Droplet, fields: Fields): Action {
    const type = fields.required("type");
    switch (type) {
      case "power_on":
        if (droplet.status === "active") throw unprocessable("Droplet is already powered on");
        return power.begin(droplet, type, (d) => ({ ...d, power: "on" }));
      case "power_off":
      case "shutdown":
        if (droplet.status === "off") throw unprocessable("Droplet is currently powered off");
        return power.begin(droplet, type, (d) => ({ ...d, power: "off" }));
      case "reboot":
      case "power_cycle":
        if (droplet.status === "off") throw unprocessable("Droplet is currently powered off");
        return power.begin(droplet, type);
      case "rename": {
        const name = fields.required("name");
        if (!hostName.test(name)) throw unprocessable(wrongName);
        return power.begin(droplet, type, (d) => ({ ...d, name }));
      }
      case "resize": {
        const size = fields.required("size");
        const [before, after] = [findSize(droplet.size), findSize(size)];
        if (!after) throw unprocessable("You specified an invalid size for Droplet creation.");
        if (droplet.status !== "off") throw unprocessable("Droplet must be powered off to resize");
        if (before && after.disk < before.disk) throw unprocessable("This size has a smaller disk");
        return power.begin(droplet, type, (d) => ({ ...d, size }));
      }
      default:
        throw unprocessable(`The action type ${type} is not supported.`);
    }
  }

  return new Hono<Env>()
    .get("/", (c) => {
      const [tag, name] = [c.req.query("tag_name"), c.req.query("name")];
      const all = c.req.query("type") === "gpus" ? [] : droplets.list();
      const matching = all.filter((d) => (!tag || d.tags.includes(tag)) && (!name || d.name === name));
      return listAnswer(
        c,
        "droplets",
        matching.map((droplet) => dropletAnswer(office, droplet)),
      );
    })
    .post("/", async (c) => {
      const fields = await Fields.of(c);
      const names = fields.strings("names") ?? [fields.required("name")];
      if (names.length === 0 || names.length > 10) throw unprocessable("names must hold 1 to 10 names");
      if (!names.every((name) => hostName.test(name))) throw unprocessable(wrongName);
      const wish = readWish(office, fields);
      if (droplets.list().length + names.length > dropletLimit) {
        throw unprocessable("creating this/these droplet(s) will exceed your droplet limit");
      }
      const made = names.map((name) => create(name, wish));
      const answers = made.map(({ droplet }) => dropletAnswer(office, droplet));
      const links = { actions: made.map(({ action }) => actionLink(office, action)) };
      return c.json(fields.raw["names"] ? { droplets: answers, links } : { droplet: answers[0], links }, 202);
    })
    .delete("/", async (c) => {
      await Promise.all(tagged(c.req.query("tag_name")).map(destroy));
      return c.body(null, 204);
    })
    .post("/actions", async (c) => {
      const fields = await Fields.of(c);
      const begun = tagged(c.req.query("tag_name")).map((droplet) => act(droplet, fields));
      return c.json({ actions: begun.map(actionAnswer) }, 201);
    })
    .get("/:id", (c) => c.json({ droplet: dropletAnswer(office, byId(c)) }))
    .delete("/:id", async (c) => {
      await destroy(byId(c));
      return c.body(null, 204);
    })
    .get("/:id/firewalls", (c) => listAnswer(c, "firewalls", firewallsOf(office, byId(c))))
    .get("/:id/actions", (c) => {
      const { id } = byId(c);
      return listAnswer(c, "actions", actions.list((each) => each.resource_id === id).map(actionAnswer));
    })
    .post("/:id/actions", async (c) => c.json({ action: actionAnswer(act(byId(c), await Fields.of(c))) }, 201))
    .get("/:id/actions/:action", (c) => {
      const { id } = byId(c);
      const action = actions.get(c.req.param("action"));
      if (action?.resource_id !== id) throw notFound();
      return c.json({ action: actionAnswer(action) });
    });
}

const wrongName = "Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)";

/** What a create asks for beside the name. */
interface Wish {
  readonly region: string;
  readonly size: string;
  readonly image: Image;
  readonly sshKeys: readonly string[];
  readonly tags: readonly string[];
  readonly userData: string;
  readonly monitoring: boolean;
  readonly vpc: string;
}

function readWish(office: Office, fields: Fields): Wish {
  const region = fields.string("region") ?? "nyc3";
  const size = fields.required("size");
  if (!findRegion(region)) throw unprocessable("You specified an invalid region for Droplet creation.");
  if (!findSize(size)?.regions.includes(region)) {
    throw unprocessable("You specified an invalid size for Droplet creation.");
  }
  const image = findImage(fields.raw["image"] as string | number);
  if (!image) throw unprocessable("You specified an invalid image for Droplet creation.");
  const userData = fields.string("user_data") ?? "";
  if (Buffer.byteLength(userData) > 65_536) throw unprocessable("User data is too long (maximum is 64 KiB)");
  const tags = fields.strings("tags") ?? [];
  tags.forEach(checkTag);
  const vpc = fields.string("vpc_uuid");
  if (vpc && office.vpcs.get(vpc)?.region !== region) throw unprocessable("VPC UUID is invalid");
  return {
    region,
    size,
    image,
    sshKeys: readKeys(office, fields),
    tags: [...new Set(tags)],
    userData,
    monitoring: fields.boolean("monitoring"),
    vpc: vpc ?? defaultVpc(office, region).id,
  };
}

function readKeys({ keys }: Office, fields: Fields): string[] {
  const asked = fields.raw["ssh_keys"] ?? [];
  if (!Array.isArray(asked)) throw unprocessable("ssh_keys must be an array of ids or fingerprints");
  return (asked as unknown[]).map((identifier) => {
    const key = keys.get(String(identifier)) ?? keys.list((each) => each.fingerprint === identifier)[0];
    if (!key) throw unprocessable(`${String(identifier)} are invalid key identifiers for Droplet creation.`);
    return key.public_key;
  });
}
