/**
 * `npm run example`: writes examples/doge-app, what `doge new` makes. Without what belongs to one machine or one
 * person: env files with their secrets, the packed tool, installed dependencies.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readFolder } from "../packages/cli/src/tool-package.ts";
import { defaultOptions, projectFiles, withTool } from "../packages/workflow/src/index.ts";
import { type ProjectConfigInput, projectSchema } from "../packages/workflow/src/config/schema.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
export const exampleFolder = join(root, "examples/doge-app");

/** The example's files by path, as they should be. */
export function exampleFiles(): Readonly<Record<string, string>> {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  const chosen: ProjectConfigInput = {
    name: "Doge App",
    slug: "doge-app",
    domain: "doge-app.example",
    github: { owner: "such-owner", repository: "doge-app" },
    hcp: { organization: "such-organization" },
  };
  const made = projectFiles({
    template: readFolder(join(root, "templates/web")),
    version,
    chosen,
    config: projectSchema.parse(chosen),
    options: defaultOptions,
    credentials: {},
    year: 2026,
  });
  const files: Record<string, string> = {};
  for (const [path, { content }] of Object.entries(made)) {
    if (path.startsWith(".envs/.") && !path.includes("example")) continue;
    files[path] = path === "package.json" ? withTool(content, version) : content;
  }
  return files;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  rmSync(exampleFolder, { recursive: true, force: true });
  for (const [path, content] of Object.entries(exampleFiles())) {
    mkdirSync(dirname(join(exampleFolder, path)), { recursive: true });
    writeFileSync(join(exampleFolder, path), content);
  }
}
