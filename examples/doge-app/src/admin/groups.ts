import { Hono } from "hono";
import { html } from "hono/html";
import { audit } from "../audit.ts";
import type { Services } from "../services.ts";
import { type Env, type PageContext } from "../web/context.ts";
import { form, type FieldErrors, readForm } from "../web/form.ts";
import type { Html } from "../web/page.ts";
import { demandPermission } from "./access.ts";
import { adminPage } from "./page.ts";

/** Groups and the permissions that they give. */
export function groupRoutes(services: Services): Hono<Env> {
  const { db, settings } = services;
  const base = settings.adminPath;
  const permissions = () => db.selectFrom("permission").selectAll().orderBy("codename").execute();

  async function groupPage(c: PageContext, id: string | undefined, name: string, chosen: readonly string[], errors: FieldErrors = {}): Promise<Html> {
    const t = c.get("t");
    const options = (await permissions()).map((p) => [p.codename, `${p.codename}: ${p.name}`] as const);
    const content = html`${form({
      button: t("Save"),
      errors,
      fields: [
        { name: "name", label: t("Name"), value: name, required: true, maxlength: 150 },
        { name: "permissions", label: t("Permissions"), options, multiple: chosen },
      ],
    })}
    ${id ? form({ action: `${base}groups/${id}/delete/`, button: t("Delete"), buttonClass: "danger" }) : ""}`;
    return adminPage(c, id ? t("Change group") : t("Add group"), content);
  }

  async function save(c: PageContext, id: string | undefined): Promise<Response> {
    await demandPermission(c, db, "groups.change");
    const t = c.get("t");
    const entries = await readForm(c);
    const [name, chosen] = [entries.text("name"), entries.all("permissions")];
    const taken = await db.selectFrom("group").select("id").where("name", "=", name).executeTakeFirst();
    const error =
      name === "" || name.length > 150
        ? t("This field is required.")
        : taken && taken.id !== id
          ? t("Group with this name already exists.")
          : undefined;
    if (error) return c.html(await groupPage(c, id, name, chosen, { name: error }), 422);
    const groupId = id ?? (await db.insertInto("group").values({ name }).returning("id").executeTakeFirstOrThrow()).id;
    if (id) await db.updateTable("group").set({ name }).where("id", "=", id).execute();
    await db.deleteFrom("groupPermission").where("groupId", "=", groupId).execute();
    const known = (await permissions()).filter(({ codename }) => chosen.includes(codename));
    if (known.length > 0) {
      await db.insertInto("groupPermission").values(known.map(({ codename }) => ({ groupId, codename }))).execute();
    }
    await audit(c, services, { action: id ? "group.changed" : "group.added", target: name, detail: { permissions: chosen } });
    c.get("flash").add("success", t("The group “{name}” was saved.", { name }));
    return c.redirect(`${base}groups/`, 303);
  }

  return new Hono<Env>()
    .get("/groups/", async (c) => {
      await demandPermission(c, db, "groups.view");
      const t = c.get("t");
      const groups = await db.selectFrom("group").selectAll().orderBy("name").execute();
      const content = html`<p><a role="button" href="${base}groups/add/">${t("Add group")}</a></p>
        <ul class="rows">${groups.map((group) => html`<li><a href="${base}groups/${group.id}/">${group.name}</a></li>`)}</ul>`;
      return c.html(adminPage(c, t("Groups"), content));
    })

    .get("/groups/add/", async (c) => {
      await demandPermission(c, db, "groups.change");
      return c.html(await groupPage(c, undefined, "", []));
    })
    .post("/groups/add/", (c) => save(c, undefined))

    .get("/groups/:id{[0-9]+}/", async (c) => {
      await demandPermission(c, db, "groups.view");
      const id = c.req.param("id");
      const group = await db.selectFrom("group").selectAll().where("id", "=", id).executeTakeFirst();
      if (!group) return c.notFound();
      const chosen = await db.selectFrom("groupPermission").select("codename").where("groupId", "=", id).execute();
      return c.html(await groupPage(c, id, group.name, chosen.map(({ codename }) => codename)));
    })
    .post("/groups/:id{[0-9]+}/", (c) => save(c, c.req.param("id")))

    .post("/groups/:id{[0-9]+}/delete/", async (c) => {
      await demandPermission(c, db, "groups.change");
      const gone = await db.deleteFrom("group").where("id", "=", c.req.param("id")).returning("name").executeTakeFirst();
      if (gone) await audit(c, services, { action: "group.deleted", target: gone.name });
      return c.redirect(`${base}groups/`, 303);
    })

    .get("/permissions/", async (c) => {
      await demandPermission(c, db, "groups.view");
      return c.html(await permissionsPage(c));
    })
    .post("/permissions/", async (c) => {
      await demandPermission(c, db, "groups.change");
      const t = c.get("t");
      const entries = await readForm(c);
      const [codename, name] = [entries.text("codename"), entries.text("name")];
      if (!/^[a-z_]+\.[a-z_]+$/.test(codename)) {
        return c.html(await permissionsPage(c, { codename: t("Two words with a dot between, such as articles.publish.") }), 422);
      }
      if (name === "") return c.html(await permissionsPage(c, { name: t("This field is required.") }), 422);
      await db.insertInto("permission").values({ codename, name }).onConflict((oc) => oc.column("codename").doUpdateSet({ name })).execute();
      await audit(c, services, { action: "permission.saved", target: codename });
      return c.redirect(`${base}permissions/`, 303);
    });

  async function permissionsPage(c: PageContext, errors: FieldErrors = {}): Promise<Html> {
    const t = c.get("t");
    const content = html`<table>
        <thead><tr><th>${t("Codename")}</th><th>${t("Name")}</th></tr></thead>
        <tbody>${(await permissions()).map((p) => html`<tr><td><code>${p.codename}</code></td><td>${p.name}</td></tr>`)}</tbody>
      </table>
      <h2>${t("Add or rename a permission")}</h2>
      ${form({
        button: t("Save"),
        errors,
        fields: [
          { name: "codename", label: t("Codename"), required: true, maxlength: 100 },
          { name: "name", label: t("Name"), required: true, maxlength: 150 },
        ],
      })}`;
    return adminPage(c, t("Permissions"), content);
  }
}
