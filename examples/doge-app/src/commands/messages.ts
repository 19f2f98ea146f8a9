/**
 * `npm run messages`: brings the catalogs up to date with the texts in the source: new ones are added empty, unused
 * ones go. `-- --check` changes nothing and fails where a catalog isn't complete.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

const source = join(import.meta.dirname, "..");
const locales = join(source, "i18n/locales");

/** Texts in `t("…")` and `c.get("t")("…")`: a literal, always, or they could not be found. */
function textsIn(code: string): string[] {
  return [...code.matchAll(/(?:\bt|\bget\("t"\))\(\s*("(?:[^"\\\n]|\\.)*")/g)].map(([, literal = ""]) => JSON.parse(literal) as string);
}

const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts") && !name.startsWith("commands"));
const code = files.map((name) => readFileSync(join(source, name), "utf8"));
const texts = new Set(code.flatMap(textsIn));

const check = process.argv.includes("--check");
let incomplete = 0;
for (const file of readdirSync(locales).filter((name) => name.endsWith(".json"))) {
  const path = join(locales, file);
  const known = JSON.parse(readFileSync(path, "utf8")) as Record<string, string>;
  const catalog = Object.fromEntries([...texts].sort().map((text) => [text, known[text] ?? ""]));
  const missing = Object.keys(catalog).filter((text) => !catalog[text]);
  const unused = Object.keys(known).filter((text) => !texts.has(text));
  const holes = Object.entries(catalog).filter(([text, translated]) => translated && placeholders(text) !== placeholders(translated));
  if (!check) writeFileSync(path, `${JSON.stringify(catalog, null, 2)}\n`);
  console.log(`${basename(file, ".json")}: ${texts.size} texts, ${missing.length} missing, ${unused.length} unused`);
  for (const text of missing) console.log(`  missing: ${text}`);
  for (const text of unused) console.log(`  unused: ${text}`);
  for (const [text] of holes) console.log(`  other placeholders than in English: ${text}`);
  incomplete += missing.length + unused.length + holes.length;
}
if (check && incomplete > 0) process.exitCode = 1;

function placeholders(text: string): string {
  return [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).sort().join();
}
