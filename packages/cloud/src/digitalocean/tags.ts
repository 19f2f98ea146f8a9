import { Hono } from "hono";
import { tagAnswer } from "./answers.ts";
import { ApiError, Fields, listAnswer, notFound, unprocessable, type Env } from "./api.ts";
import type { Droplet, Office } from "./model.ts";

/** `/v2/tags`. Names are compared without regard to case and keep the case they were made with. */
export function tagRoutes(office: Office): Hono<Env> {
  const { tags, droplets } = office;
  const find = (name: string): string => {
    const tag = tags.get(name) ?? tags.list((each) => each.name.toLowerCase() === name.toLowerCase())[0];
    if (!tag) throw notFound();
    return tag.name;
  };
  const droplet = (entry: Fields): Droplet => {
    const [id, type] = [entry.required("resource_id"), entry.required("resource_type")];
    if (type !== "droplet") throw unprocessable(`resource_type ${type} is not supported`);
    const found = droplets.get(id);
    if (!found) throw new ApiError(404, `droplet ${id} could not be found.`);
    return found;
  };
  return new Hono<Env>()
    .get("/", (c) =>
      listAnswer(
        c,
        "tags",
        tags.list().map((tag) => tagAnswer(office, tag.name)),
      ),
    )
    .post("/", async (c) => {
      const name = (await Fields.of(c)).required("name");
      checkTag(name);
      tags.put(name, { name, explicit: true });
      return c.json({ tag: tagAnswer(office, name) }, 201);
    })
    .get("/:name", (c) => c.json({ tag: tagAnswer(office, find(c.req.param("name"))) }))
    .delete("/:name", (c) => {
      const name = find(c.req.param("name"));
      for (const each of droplets.list((d) => d.tags.includes(name))) {
        droplets.put(each.id, { ...each, tags: each.tags.filter((tag) => tag !== name) });
      }
      tags.delete(name);
      return c.body(null, 204);
    })
    .post("/:name/resources", async (c) => {
      const name = find(c.req.param("name"));
      for (const each of (await Fields.of(c)).objects("resources").map(droplet)) {
        droplets.put(each.id, { ...each, tags: [...new Set([...each.tags, name])] });
      }
      return c.body(null, 204);
    })
    .delete("/:name/resources", async (c) => {
      const name = find(c.req.param("name"));
      for (const each of (await Fields.of(c)).objects("resources").map(droplet)) {
        droplets.put(each.id, { ...each, tags: each.tags.filter((tag) => tag !== name) });
      }
      return c.body(null, 204);
    });
}

export function checkTag(name: string): void {
  if (!/^[a-zA-Z0-9_\-:]{1,255}$/.test(name)) {
    throw unprocessable("Tag names may only contain letters, numbers, colons, dashes, and underscores");
  }
}

/** Tags that a resource brings along are made with it. */
export function noteTags({ tags }: Office, names: readonly string[]): void {
  for (const name of names) if (!tags.get(name)) tags.put(name, { name, explicit: false });
}
