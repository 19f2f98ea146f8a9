import { readdirSync, readFileSync } from "node:fs";

/**
 * Texts are written in English where they are used, `t("User: {username}", { username })`, and looked up in
 * `locales/<language>.json`. `npm run messages` extracts them; `npm run messages -- --check` finds what is missing.
 */
export type Translate = (text: string, values?: Readonly<Record<string, string | number>>) => string;

export const languages = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof languages;

export const isLanguage = (value: unknown): value is Language => typeof value === "string" && value in languages;

const folder = new URL("./locales/", import.meta.url);
const catalogs = new Map<string, Readonly<Record<string, string>>>(
  readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .map((file) => [
      file.slice(0, -".json".length),
      JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Record<string, string>,
    ]),
);

const fill = (text: string, values?: Readonly<Record<string, string | number>>): string =>
  values === undefined ? text : text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));

const translations = new Map<Language, Translate>(
  (Object.keys(languages) as Language[]).map((language) => {
    const catalog = catalogs.get(language) ?? {};
    return [language, (text, values) => fill(catalog[text] || text, values)];
  }),
);

export const translator = (language: Language): Translate => translations.get(language) ?? ((text) => text);

/** The first language of an Accept-Language header that there is; the browser sorts them by preference. */
export function acceptedLanguage(header: string | undefined): Language {
  for (const entry of (header ?? "").split(",")) {
    const language = entry.trim().slice(0, 2).toLowerCase();
    if (isLanguage(language)) return language;
  }
  return "en";
}
