/** `npm run screenshots -- FOLDER`: the main pages in light, in dark and on a phone, as PNG files. Needs Chromium. */
import { mkdirSync, rmSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium as launcher } from "playwright-core";
import { createUser } from "../src/accounts/create-user.ts";
import { openDatabase } from "../src/database/database.ts";
import { migrate } from "../src/database/migrations.ts";
import { temporaryPostgres } from "../src/dev/postgres.ts";
import { migrateJobs } from "../src/jobs/queue.ts";
import { jsonLog } from "../src/log.ts";
import { chromium, startServer } from "./support/browser.ts";

if (!chromium) throw new Error("there is no Chromium here: set CHROMIUM to its path");
const target = process.argv[2] ?? "docs/screenshots";
const password = "Such-seed-1";
const folder = mkdtempSync(join(tmpdir(), "app-screenshots-"));
const postgres = await temporaryPostgres();
const databaseUrl = postgres.url("postgres");
const database = openDatabase({ databaseUrl, databasePool: 2 }, jsonLog());
await migrate(database.db as never);
await migrateJobs(database.pool);
await createUser(database.db, { username: "kabosu", name: "Kabosu the Shibe", email: "kabosu@example.com", password, isStaff: true, isSuperuser: true });
for (const name of ["cheems", "hachiko", "momo", "shiro"]) await createUser(database.db, { username: name, email: `${name}@example.com`, password });
await database.close();
const server = await startServer({ DATABASE_URL: databaseUrl, MAIL_URL: `folder:${folder}/mail`, STORAGE_URL: `folder:${folder}/media` });
const args = process.getuid?.() === 0 ? ["--no-sandbox", "--disable-background-networking"] : ["--disable-background-networking"];
const browser = await launcher.launch({ executablePath: chromium, args });

const looks = [
  { look: "light", colorScheme: "light", viewport: { width: 1000, height: 640 } },
  { look: "dark", colorScheme: "dark", viewport: { width: 1000, height: 640 } },
  { look: "phone", colorScheme: "light", viewport: { width: 390, height: 720 } },
] as const;
const pages = [
  ["login", "/accounts/login/"],
  ["home", "/"],
  ["profile", "/users/kabosu/"],
  ["admin", "/admin/users/"],
] as const;

try {
  mkdirSync(target, { recursive: true });
  for (const { look, colorScheme, viewport } of looks) {
    const context = await browser.newContext({ baseURL: server.url, locale: "en", colorScheme, viewport });
    const page = await context.newPage();
    for (const [name, path] of pages) {
      await page.goto(path);
      await page.screenshot({ path: join(target, `${name}-${look}.png`) });
      if (name !== "login") continue;
      await page.fill("[name=login]", "kabosu");
      await page.fill("[name=password]", password);
      await page.getByRole("main").getByRole("button", { name: "Sign In", exact: true }).click();
      await page.waitForURL("**/users/kabosu/");
    }
    await context.close();
  }
  console.log(`${looks.length * pages.length} screenshots in ${target}`);
} finally {
  await browser.close();
  await server.stop();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}
