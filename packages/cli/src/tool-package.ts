import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fail, type Machine } from "@doge/core";
import type { ToolHome } from "./command.ts";

/**
 * A template's files by path: `web` is a new project, `adopt` what a project that is there already gets. In the
 * built package they stand in one JSON file: npm leaves `.gitignore` and the like out of packages.
 */
export async function readTemplate(home: ToolHome, name: "web" | "adopt" = "web"): Promise<Record<string, string>> {
  const path = join(home.templates, `${name}.json`);
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Record<string, string>;
  } catch {
    return readFolder(join(home.templates, name));
  }
}

/** Every file below a folder, by its path in it. */
export function readFolder(folder: string): Record<string, string> {
  const files: Record<string, string> = {};
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const name = relative(folder, path);
    if (!name.split("/").includes("node_modules")) files[name] = readFileSync(path, "utf8");
  }
  return files;
}

/**
 * Packs the tool that runs now into `folder` and returns the file's path: until a version is published, a
 * project pins this very file. Its name tells two builds of one version apart (npm looks at a file again only
 * when its name changes); an earlier one goes.
 */
export async function packTool(machine: Machine, home: ToolHome, folder: string): Promise<string> {
  await machine.files.write(join(folder, ".keep"), "");
  const { exitCode, stdout, stderr } = await machine.processes.run({
    argv: ["npm", "pack", "--json", "--silent", "--ignore-scripts", "--pack-destination", folder],
    cwd: home.packageFolder,
  });
  await machine.files.remove(join(folder, ".keep"));
  if (exitCode !== 0) {
    fail({
      code: "pack-failed",
      summary: "The tool could not be packed for the project",
      detail: stderr.trim(),
      remedy: "npm must be on the PATH.",
    });
  }
  const packed = JSON.parse(stdout) as
    | readonly { readonly filename: string }[]
    | Record<string, { readonly filename: string }>;
  const [first] = Object.values(packed);
  if (!first)
    return fail({ code: "pack-failed", summary: "The tool could not be packed for the project", detail: stdout });
  const { filename } = first;
  const bytes = (await machine.files.readBytes(join(folder, filename))) ?? new Uint8Array();
  const digest = createHash("sha256").update(bytes).digest("hex").slice(0, 8);
  const named = filename.replace(/\.tgz$/, `-${digest}.tgz`);
  await machine.files.write(join(folder, named), bytes);
  for (const name of await machine.files.list(folder)) {
    if (/^doge-.*\.tgz$/.test(name) && name !== named) await machine.files.remove(join(folder, name));
  }
  return join(folder, named);
}

/** The template in a packed tool, or undefined where the file is none. */
export async function templateOfPackage(machine: Machine, path: string): Promise<Record<string, string> | undefined> {
  const { exitCode, stdout } = await machine.processes.run({
    argv: ["tar", "-xzOf", path, "package/templates/web.json"],
  });
  return exitCode === 0 ? (JSON.parse(stdout) as Record<string, string>) : undefined;
}

/** `npm install` in a project; its last words are the diagnosis where it fails. */
export async function installDependencies(machine: Machine, folder: string, signal: AbortSignal): Promise<void> {
  const { exitCode, stdout, stderr } = await machine.processes.run({
    argv: ["npm", "install", "--no-audit", "--no-fund", "--prefer-offline", "--no-omit-lockfile-registry-resolved"],
    cwd: folder,
    signal,
  });
  if (exitCode === 0) return;
  fail({
    code: "npm-install-failed",
    summary: "npm install failed in the project",
    detail: (stderr || stdout).trim().split("\n").slice(-8).join("\n"),
    address: folder,
    remedy: `The files are written. When the cause is mended: cd ${folder} && npm install.`,
  });
}
