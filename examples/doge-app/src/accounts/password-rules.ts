import { readFileSync } from "node:fs";
import type { Translate } from "../i18n/i18n.ts";

const common = new Set(readFileSync(new URL("./common-passwords.txt", import.meta.url), "utf8").split("\n"));

export interface About {
  readonly username: string;
  readonly email: string;
  readonly name?: string;
}

/** What is wrong with a password that someone chooses; undefined where nothing is. */
export function passwordTrouble(t: Translate, password: string, again: string, about: About): string | undefined {
  if (password === "") return t("This field is required.");
  if (password !== again) return t("You must type the same password each time.");
  if (password.length < 8) return t("This password is too short. It must contain at least {count} characters.", { count: 8 });
  if (password.length > 128) return t("This password is too long. It must contain at most {count} characters.", { count: 128 });
  if (/^\d+$/.test(password)) return t("This password is entirely numeric.");
  if (common.has(password.toLowerCase())) return t("This password is too common.");
  const parts = { [t("username")]: about.username, [t("e-mail address")]: about.email, [t("name")]: about.name ?? "" };
  for (const [what, value] of Object.entries(parts)) {
    if (similar(password, value)) return t("The password is too similar to the {what}.", { what });
  }
  return undefined;
}

/** Whether one holds the other, or they share most of their pairs of letters. */
function similar(password: string, value: string): boolean {
  const secret = password.toLowerCase();
  const words = [value.toLowerCase(), ...value.toLowerCase().split(/\W+/)].filter((word) => word.length >= 4);
  return words.some((word) => secret.includes(word) || word.includes(secret) || overlap(secret, word) >= 0.7);
}

function overlap(a: string, b: string): number {
  const pairs = (text: string): string[] => Array.from({ length: text.length - 1 }, (_, i) => text.slice(i, i + 2));
  const [left, right] = [pairs(a), pairs(b)];
  const rest = [...right];
  const shared = left.filter((pair) => {
    const at = rest.indexOf(pair);
    if (at >= 0) rest.splice(at, 1);
    return at >= 0;
  }).length;
  return (2 * shared) / (left.length + right.length);
}
