import { Hono } from "hono";
import { html } from "hono/html";
import { requireUser } from "../accounts/session.ts";
import { isLanguage, languages, translator } from "../i18n/i18n.ts";
import { enqueue } from "../jobs/queue.ts";
import type { Services } from "../services.ts";
import { type Env, type PageContext, signedIn } from "../web/context.ts";
import { form, type FieldErrors, type Form, readForm } from "../web/form.ts";
import { dateTime, type Html, page } from "../web/page.ts";
import { pictureUrl, readPicture } from "./pictures.ts";

const timeZones = ["UTC", ...Intl.supportedValuesOf("timeZone")];

/** Profiles, for who is signed in. */
export function userRoutes(services: Services): Hono<Env> {
  const { db, storage } = services;
  const find = (username: string): Promise<Shown | undefined> =>
    db
      .selectFrom("user")
      .select(["id", "username", "name", "image", "createdAt"])
      .where("username", "=", username)
      .where("isActive", "=", true)
      .executeTakeFirst();

  return new Hono<Env>()
    .use(requireUser)

    .get("/~redirect/", (c) => c.redirect(`/users/${encodeURIComponent(signedIn(c).username)}/`))

    .get("/~update/", (c) => c.html(updatePage(c)))

    .post("/~update/", async (c) => {
      const user = signedIn(c);
      const entries = await readForm(c);
      const name = entries.text("name");
      const [language, timeZone] = [entries.text("language"), entries.text("time_zone")];
      const errors: Record<string, string> = {};
      let t = c.get("t");
      if (name.length > 255) errors["name"] = t("Ensure this value has at most {count} characters.", { count: 255 });
      if (timeZone !== "" && !timeZones.includes(timeZone)) errors["time_zone"] = t("Select a valid choice.");

      const file = entries.file("picture");
      const picture = file ? await readPicture(file) : undefined;
      if (picture?.trouble) {
        errors["picture"] = {
          size: t("The picture is too large: {count} MB at most.", { count: 2 }),
          type: t("Upload a PNG, JPEG, WebP or GIF picture. This file is none, or it is damaged."),
          side: t("The picture is too large: {count} pixels a side at most.", { count: 4096 }),
        }[picture.trouble];
      }
      if (Object.keys(errors).length > 0) return c.html(updatePage(c, entries, errors), 422);

      let image = user.image;
      if (picture && !picture.trouble) {
        await storage.put(picture.key, picture.bytes, picture.type);
        image = picture.key;
      } else if (entries.checked("remove_picture")) image = null;
      await db
        .updateTable("user")
        .set({
          name,
          image,
          timeZone: timeZone || user.timeZone,
          language: isLanguage(language) ? language : null,
          updatedAt: new Date(),
        })
        .where("id", "=", user.id)
        .execute();
      // The old one goes when this is committed, and not otherwise.
      if (user.image && user.image !== image) await enqueue(db, "delete_picture", { key: user.image });
      if (isLanguage(language)) t = translator(language);
      c.get("flash").add("success", t("Information successfully updated"));
      return c.redirect(`/users/${encodeURIComponent(user.username)}/`, 303);
    })

    .get("/:username/", async (c) => {
      const username = c.req.param("username").toLowerCase();
      const shown = username === signedIn(c).username ? signedIn(c) : await find(username);
      if (!shown) return c.notFound();
      return c.html(profilePage(c, shown));
    });
}

interface Shown {
  readonly id: string;
  readonly username: string;
  readonly name: string;
  readonly image: string | null;
  readonly createdAt: Date;
}

function profilePage(c: PageContext, shown: Shown): Html {
  const t = c.get("t");
  const own = signedIn(c).id === shown.id;
  const links: readonly (readonly [string, string])[] = [
    ["/users/~update/", t("My Info")],
    ["/accounts/email/", t("E-Mail")],
    ["/accounts/password/change/", t("Password")],
    ["/accounts/two-factor/", t("Two-Factor")],
    ["/accounts/passkeys/", t("Passkeys")],
    ["/accounts/sessions/", t("Sessions")],
    // {{#if api}}
    ["/accounts/tokens/", t("API Tokens")],
    // {{/if}}
  ];
  return page(
    c,
    { title: t("User: {username}", { username: shown.username }) },
    html`<div class="profile">
        ${
          shown.image
            ? html`<img class="picture" src="${pictureUrl(shown.image)}" alt="${t("Picture of {username}", { username: shown.username })}" width="112" height="112" />`
            : html`<span class="picture none" aria-hidden="true">${shown.username.slice(0, 1).toUpperCase()}</span>`
        }
        <div>
          <h1>${shown.username}</h1>
          ${shown.name ? html`<p class="lead">${shown.name}</p>` : ""}
          <p>${t("Here since")} ${dateTime(c, shown.createdAt)}</p>
        </div>
      </div>
      ${own ? html`<p class="tiles">${links.map(([href, text]) => html`<a href="${href}" role="button" class="secondary">${text}</a> `)}</p>` : ""}`,
  );
}

function updatePage(c: PageContext, entries?: Form, errors: FieldErrors = {}): Html {
  const [t, user] = [c.get("t"), signedIn(c)];
  return page(
    c,
    { title: t("My Info") },
    html`<h1>${t("My Info")}</h1>
      ${form({
        button: t("Update"),
        files: true,
        errors,
        fields: [
          { name: "name", label: t("Name of User"), value: entries?.text("name") ?? user.name, autocomplete: "name", maxlength: 255 },
          { name: "language", label: t("Language"), value: user.language ?? "", options: [["", t("As the browser asks")], ...Object.entries(languages)] },
          { name: "time_zone", label: t("Time Zone"), value: entries?.text("time_zone") || user.timeZone, options: timeZones.map((zone) => [zone, zone.replaceAll("_", " ")] as const) },
          { name: "picture", label: t("Picture"), type: "file", accept: "image/png,image/jpeg,image/webp,image/gif", help: t("PNG, JPEG, WebP or GIF, up to 2 MB.") },
          ...(user.image ? [{ name: "remove_picture", label: t("Remove the picture"), type: "checkbox" as const }] : []),
        ],
      })}`,
  );
}
