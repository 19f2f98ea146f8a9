import type { Translate } from "../i18n/i18n.ts";
import { site } from "../site.ts";

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

interface Letter {
  readonly to: string;
  readonly subject: string;
  readonly paragraphs: readonly string[];
  readonly link?: { readonly text: string; readonly href: string };
}

const escape = (text: string): string =>
  text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c] ?? c);

/** The same letter as text and as HTML. */
function letter({ to, subject, paragraphs, link }: Letter): Mail {
  const text = [...paragraphs, ...(link ? [`${link.text}: ${link.href}`] : []), `-- \n${site.name}`].join("\n\n");
  const button = link
    ? `<p><a href="${escape(link.href)}" style="display:inline-block;padding:.6em 1.2em;border-radius:.5em;background:#7a5c00;color:#fff;text-decoration:none">${escape(link.text)}</a></p><p style="color:#666;font-size:.85em;word-break:break-all">${escape(link.href)}</p>`
    : "";
  const html = `<!doctype html><html><body style="font:16px/1.6 system-ui,sans-serif;max-width:36em;margin:2em auto;padding:0 1em">${paragraphs.map((p) => `<p>${escape(p)}</p>`).join("")}${button}<p style="color:#666">${escape(site.name)}</p></body></html>`;
  return { to, subject: `[${site.name}] ${subject}`, text, html };
}

/** Every mail that the app sends. */
export const mails = {
  confirmEmail: (t: Translate, to: string, username: string, href: string): Mail =>
    letter({
      to,
      subject: t("Please Confirm Your E-mail Address"),
      paragraphs: [
        t("You're receiving this e-mail because user {username} has given your e-mail address to register an account on {site}.", { username, site: site.name }),
        t("The link is valid for 3 days. If this wasn't you, do nothing."),
      ],
      link: { text: t("Confirm my e-mail address"), href },
    }),
  accountExists: (t: Translate, to: string, loginHref: string): Mail =>
    letter({
      to,
      subject: t("You already have an account"),
      paragraphs: [
        t("Someone, probably you, tried to sign up with this e-mail address, which belongs to an account already."),
        t("If you forgot your password, reset it from the login page."),
      ],
      link: { text: t("Sign In"), href: loginHref },
    }),
  resetPassword: (t: Translate, to: string, username: string, href: string): Mail =>
    letter({
      to,
      subject: t("Password Reset E-mail"),
      paragraphs: [
        t("You're receiving this e-mail because you or someone else has requested a password for your user account."),
        t("In case you forgot, your username is {username}.", { username }),
        t("It can be safely ignored if you did not request a password reset."),
      ],
      link: { text: t("Reset my password"), href },
    }),
  emailChanged: (t: Translate, to: string, newAddress: string): Mail =>
    letter({
      to,
      subject: t("Your e-mail address was changed"),
      paragraphs: [t("The e-mail address of your account is now {email}. If this wasn't you, answer this mail.", { email: newAddress })],
    }),
  passwordChanged: (t: Translate, to: string): Mail =>
    letter({
      to,
      subject: t("Your password was changed"),
      paragraphs: [t("The password of your account was changed. If this wasn't you, reset it now and answer this mail.")],
    }),
} as const;
