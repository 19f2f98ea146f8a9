import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { lockApp, renderApp } from "../../e2e/support/app.ts";
import { nodeMachine, nodeTrees } from "../../packages/core/src/node/index.ts";
import { dependenciesLayer } from "../../packages/deploy/src/image/dependencies.ts";
import { places } from "./places.ts";

/**
 * Renders the template for the hosts and installs its dependencies, which needs the npm registry: in the hosts' own
 * network there is none. Kept by the manifest.
 */
export async function prepareApp(): Promise<void> {
  const app = join(places.state, "app");
  const layers = join(places.state, "layers");
  renderApp(app);
  const packageJson = readFileSync(join(app, "package.json"), "utf8");
  const kept = join(places.cache, `app-${createHash("sha256").update(packageJson).digest("hex").slice(0, 16)}`);
  if (!existsSync(kept)) {
    const made = `${kept}.new`;
    rmSync(made, { recursive: true, force: true });
    mkdirSync(made, { recursive: true });
    cpSync(join(app, "package.json"), join(made, "package.json"));
    lockApp(made);
    await dependenciesLayer({
      machine: nodeMachine(),
      trees: nodeTrees,
      packageJson,
      packageLock: readFileSync(join(made, "package-lock.json"), "utf8"),
      npmrc: undefined,
      cacheFolder: join(made, "layers"),
      platform: "linux/amd64",
    });
    renameSync(made, kept);
  }
  cpSync(join(kept, "package-lock.json"), join(app, "package-lock.json"));
  cpSync(join(kept, "layers"), layers, { recursive: true });
}
