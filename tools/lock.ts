/**
 * `npm run lock`: writes package-lock.json whole, without addresses. npm's own option for that
 * (`omit-lockfile-registry-resolved`) also drops optional packages of other platforms, and then `npm ci` refuses.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";

const file = "package-lock.json";
rmSync(file, { force: true });
const { status } = spawnSync("npm", ["install", "--package-lock-only", "--no-omit-lockfile-registry-resolved"], { stdio: "inherit" });
if (status !== 0) process.exit(status ?? 1);

const lock = JSON.parse(readFileSync(file, "utf8")) as { packages: Record<string, { resolved?: string; link?: boolean }> };
for (const entry of Object.values(lock.packages)) if (!entry.link) delete entry.resolved;
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
