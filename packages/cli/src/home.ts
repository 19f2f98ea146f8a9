import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ToolHome } from "./command.ts";

/** Where the tool stands: its own npm package when it was built, the repository when it runs from source. */
export function toolHome(): ToolHome {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "templates")) && dirname(folder) !== folder) folder = dirname(folder);
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string };
  // From source, what is packed into projects is what was built last.
  const built = join(folder, "dist", "package.json");
  return {
    version,
    templates: join(folder, "templates"),
    packageFolder: existsSync(built) ? dirname(built) : folder,
  };
}
