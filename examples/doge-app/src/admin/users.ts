import { Hono } from "hono";
import { html } from "hono/html";
import { HTTPException } from "hono/http-exception";
import { createUser, usernamePattern } from "../accounts/create-user.ts";
import { passwordTrouble } from "../accounts/password-rules.ts";
import { endSessions } from "../accounts/session.ts";
import { audit } from "../audit.ts";
import type { Services } from "../services.ts";
import { type Env, type PageContext, signedIn } from "../web/context.ts";
import { type Field, form, type FieldErrors, type Form, isEmail, readForm, requiredErrors } from "../web/form.ts";
import { dateTime, type Html } from "../web/page.ts";
import { demandPermission, may } from "./access.ts";
import { adminPage, containing, pageNumber, pager, searchBox } from "./page.ts";

const perPage = 50;

export function userAdminRoutes(services: Services): Hono<Env> {
  const { db, settings } = services;
  const base = settings.adminPath;

  const find = (id: string) => db.selectFrom("user").selectAll().where("id", "=", id).executeTakeFirst();
  type Row = NonNullable<Awaited<ReturnType<typeof find>>>;

  /** Names and addresses that others have. */
  async function takenErrors(c: PageContext, entries: Form, id?: string): Promise<Record<string, string>> {
    const t = c.get("t");
    const errors = requiredErrors(c, entries, ["username", "email"]);
    const [username, email] = [entries.text("username").toLowerCase(), entries.text("email").toLowerCase()];
    if (!errors["username"] && !usernamePattern.test(username)) errors["username"] = t("Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.");
    if (!errors["email"] && !isEmail(email)) errors["email"] = t("Enter a valid e-mail address.");
    const others = await db
      .selectFrom("user")
      .select(["id", "username", "email"])
      .where((eb) => eb.or([eb("username", "=", username), eb("email", "=", email)]))
      .execute();
    for (const other of others.filter((o) => o.id !== id)) {
      if (other.username === username) errors["username"] = t("A user with that username already exists.");
      if (other.email === email) errors["email"] = t("A user is already registered with this e-mail address.");
    }
    return errors;
  }

  async function changePage(c: PageContext, user: Row, entries?: Form, errors: FieldErrors = {}): Promise<Html> {
    const t = c.get("t");
    const superuser = signedIn(c).isSuperuser;
    const groups = await db.selectFrom("group").selectAll().orderBy("name").execute();
    const permissions = await db.selectFrom("permission").selectAll().orderBy("codename").execute();
    const inGroups = await db.selectFrom("userGroup").select("groupId").where("userId", "=", user.id).execute();
    const has = await db.selectFrom("userPermission").select("codename").where("userId", "=", user.id).execute();
    const rights: readonly Field[] = [
      { name: "is_staff", label: t("Staff: may enter this administration"), type: "checkbox", checked: user.isStaff },
      { name: "is_superuser", label: t("Superuser: may do everything"), type: "checkbox", checked: user.isSuperuser },
      { name: "groups", label: t("Groups"), options: groups.map((g) => [g.id, g.name] as const), multiple: inGroups.map((g) => g.groupId) },
      { name: "permissions", label: t("Permissions"), options: permissions.map((p) => [p.codename, p.name] as const), multiple: has.map((p) => p.codename) },
    ];
    const content = html`<p>${t("Joined")} ${dateTime(c, user.createdAt)}</p>
      ${form({
        button: t("Save"),
        errors,
        fields: [
          { name: "username", label: t("Username"), value: entries?.text("username") ?? user.username, required: true, maxlength: 150 },
          { name: "name", label: t("Name"), value: entries?.text("name") ?? user.name, maxlength: 255 },
          { name: "email", label: t("E-mail"), type: "email", value: entries?.text("email") ?? user.email, required: true },
          { name: "email_verified", label: t("The address is verified"), type: "checkbox", checked: user.emailVerified },
          { name: "is_active", label: t("Active: unchecked, the account can't sign in"), type: "checkbox", checked: user.isActive },
          ...(superuser ? rights : []),
        ],
      })}`;
    return adminPage(c, t("Change user: {username}", { username: user.username }), content);
  }

  function addPage(c: PageContext, entries?: Form, errors: FieldErrors = {}): Html {
    const t = c.get("t");
    const content = form({
      button: t("Save"),
      errors,
      fields: [
        { name: "username", label: t("Username"), value: entries?.text("username") ?? "", required: true, maxlength: 150 },
        { name: "email", label: t("E-mail"), type: "email", value: entries?.text("email") ?? "", required: true },
        { name: "password1", label: t("Password"), type: "password", required: true, autocomplete: "new-password" },
        { name: "password2", label: t("Password (again)"), type: "password", required: true, autocomplete: "new-password" },
      ],
    });
    return adminPage(c, t("Add user"), content);
  }

  return new Hono<Env>()
    .get("/users/", async (c) => {
      await demandPermission(c, db, "users.view");
      const [t, q, number] = [c.get("t"), c.req.query("q") ?? "", pageNumber(c)];
      let query = db
        .selectFrom("user")
        .select(["id", "username", "name", "email", "isActive", "isSuperuser", "createdAt"])
        .orderBy("username");
      if (q) {
        const pattern = containing(q);
        query = query.where((eb) => eb.or([eb("username", "ilike", pattern), eb("name", "ilike", pattern), eb("email", "ilike", pattern)]));
      }
      const users = await query.limit(perPage + 1).offset((number - 1) * perPage).execute();
      const tick = (on: boolean): Html => html`<span aria-label="${on ? t("yes") : t("no")}" role="img">${on ? "✓" : "–"}</span>`;
      const content = html`${searchBox(c, q)}
        ${(await may(c, db, "users.add")) ? html`<p><a role="button" href="${base}users/add/">${t("Add user")}</a></p>` : ""}
        <table>
          <thead>
            <tr><th>${t("Username")}</th><th>${t("Name")}</th><th>${t("E-mail")}</th><th>${t("Superuser")}</th><th>${t("Active")}</th><th>${t("Joined")}</th></tr>
          </thead>
          <tbody>
            ${users.slice(0, perPage).map(
              (user) => html`<tr>
                <td><a href="${base}users/${user.id}/">${user.username}</a></td>
                <td>${user.name}</td>
                <td>${user.email}</td>
                <td>${tick(user.isSuperuser)}</td>
                <td>${tick(user.isActive)}</td>
                <td>${dateTime(c, user.createdAt)}</td>
              </tr>`,
            )}
          </tbody>
        </table>
        ${pager(c, number, users.length > perPage)}`;
      return c.html(adminPage(c, t("Users"), content));
    })

    .get("/users/add/", async (c) => {
      await demandPermission(c, db, "users.add");
      return c.html(addPage(c));
    })

    .post("/users/add/", async (c) => {
      await demandPermission(c, db, "users.add");
      const t = c.get("t");
      const entries = await readForm(c);
      const [username, email, password] = [entries.text("username"), entries.text("email"), entries.text("password1")];
      const errors: Record<string, string | undefined> = await takenErrors(c, entries);
      errors["password1"] = passwordTrouble(t, password, entries.text("password2"), { username, email });
      if (Object.values(errors).some(Boolean)) return c.html(addPage(c, entries, errors), 422);
      const id = await createUser(db, { username, email, password });
      await audit(c, services, { action: "user.added", target: username.toLowerCase() });
      c.get("flash").add("success", t("The user “{username}” was added. You may edit it again below.", { username }));
      return c.redirect(`${base}users/${id}/`, 303);
    })

    .get("/users/:id/", async (c) => {
      await demandPermission(c, db, "users.view");
      const user = await find(c.req.param("id"));
      return user ? c.html(await changePage(c, user)) : c.notFound();
    })

    .post("/users/:id/", async (c) => {
      await demandPermission(c, db, "users.change");
      const t = c.get("t");
      const me = signedIn(c);
      const user = await find(c.req.param("id"));
      if (!user) return c.notFound();
      // Who isn't a superuser can't lock one out, nor take over its address.
      if (user.isSuperuser && !me.isSuperuser) throw new HTTPException(403);
      const entries = await readForm(c);
      const errors: Record<string, string | undefined> = await takenErrors(c, entries, user.id);
      const isActive = entries.checked("is_active");
      if (user.id === me.id && !isActive) errors["is_active"] = t("You can't deactivate yourself.");
      if (user.id === me.id && me.isSuperuser && !entries.checked("is_superuser")) errors["is_superuser"] = t("Another superuser must take this from you.");
      if (Object.values(errors).some(Boolean)) return c.html(await changePage(c, user, entries, errors), 422);

      const change = {
        username: entries.text("username").toLowerCase(),
        name: entries.text("name").slice(0, 255),
        email: entries.text("email").toLowerCase(),
        emailVerified: entries.checked("email_verified"),
        isActive,
        ...(me.isSuperuser ? { isStaff: entries.checked("is_staff"), isSuperuser: entries.checked("is_superuser") } : {}),
      };
      await db.updateTable("user").set({ ...change, displayUsername: entries.text("username"), updatedAt: new Date() }).where("id", "=", user.id).execute();
      if (!isActive) await endSessions(db, user.id);
      if (me.isSuperuser) await saveRights(user.id, entries);
      const detail = Object.fromEntries(Object.entries(change).filter(([key, value]) => user[key as keyof typeof change] !== value));
      await audit(c, services, { action: "user.changed", target: change.username, detail });
      c.get("flash").add("success", t("The user “{username}” was changed successfully.", { username: change.username }));
      return c.redirect(`${base}users/`, 303);
    });

  async function saveRights(userId: string, entries: Form): Promise<void> {
    await db.deleteFrom("userGroup").where("userId", "=", userId).execute();
    await db.deleteFrom("userPermission").where("userId", "=", userId).execute();
    const groups = entries.all("groups").filter((id) => /^\d{1,18}$/.test(id));
    for (const groupId of groups) await db.insertInto("userGroup").values({ userId, groupId }).execute();
    for (const codename of entries.all("permissions")) {
      await db.insertInto("userPermission").values({ userId, codename }).execute();
    }
  }
}
