/**
 * `npm run lock`: writes package-lock.json whole, without addresses. npm's own option for that
 * (`omit-lockfile-registry-resolved`) also drops optional packages of other platforms, and so does an
 * installed node_modules beside the lock file; `npm ci` then refuses. Hence a folder apart.
 */
import { spawnSync } from "node:child_process";
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "doge-lock-"));
try {
  for (const file of ["package.json", ".npmrc", ...globSync("packages/*/package.json")])
    cpSync(file, join(folder, file));
  const { status } = spawnSync("npm", ["install", "--package-lock-only", "--no-omit-lockfile-registry-resolved"], {
    cwd: folder,
    stdio: "inherit",
  });
  if (status !== 0) process.exitCode = status ?? 1;
  else {
    const text = readFileSync(join(folder, "package-lock.json"), "utf8");
    const lock = JSON.parse(text) as { packages: Record<string, { resolved?: string; link?: boolean }> };
    for (const entry of Object.values(lock.packages)) if (!entry.link) delete entry.resolved;
    writeFileSync("package-lock.json", `${JSON.stringify(lock, null, 2)}\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
