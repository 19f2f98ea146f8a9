// Migrations of the test app: one name a line in $MIGRATED.
import { appendFileSync, existsSync, readFileSync } from "node:fs";

const { MIGRATED, MIGRATIONS = "" } = process.env;
const wanted = MIGRATIONS.split(",").filter(Boolean);
const applied = existsSync(MIGRATED) ? readFileSync(MIGRATED, "utf8").split("\n").filter(Boolean) : [];
const pending = wanted.filter((name) => !applied.includes(name));
if (process.argv.includes("--list")) console.log(JSON.stringify({ applied, pending }));
else if (pending.includes("broken")) {
  console.error("syntax error at or near broken");
  process.exit(1);
} else for (const name of pending) appendFileSync(MIGRATED, `${name}\n`);
