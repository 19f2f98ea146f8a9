/** Writes docs/local-cloud.md from the local cloud's own routes and gaps; `--check` only says whether it is up to date. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { composeServices } from "../packages/cloud/src/compose.ts";
import { createControl } from "../packages/cloud/src/control/app.ts";
import { describeCloud } from "../packages/cloud/src/control/docs.ts";
import { createContext } from "../packages/cloud/src/kit/context.ts";
import { createFaults } from "../packages/cloud/src/kit/faults.ts";

export const docsPath = fileURLToPath(new URL("../docs/local-cloud.md", import.meta.url));

/** The text that docs/local-cloud.md should have. Composes every service and starts none. */
export async function localCloudDocs(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "doge-docs-"));
  const context = createContext({ folder, seed: "docs" });
  const neverRun = () => Promise.reject(new Error("nothing runs while the docs are written"));
  try {
    const { services, zones } = await composeServices({
      context,
      credentials: {
        control: "-",
        digitalocean: "-",
        digitaloceanReadOnly: "-",
        spaces: { accessKeyId: "-", secretAccessKey: "-" },
        github: "-",
        hcp: "-",
      },
      terraform: { plan: neverRun, apply: neverRun },
      host: "127.0.0.1",
      addresses: {},
    });
    const control = createControl({
      token: "-",
      startedAt: "",
      services,
      zones,
      faults: createFaults(),
      requests: { add: () => {}, recent: () => [], close: () => Promise.resolve() },
      endpoints: {},
      shutdown: () => {},
    });
    return describeCloud({ services, control });
  } finally {
    context.store.close();
    await rm(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = await localCloudDocs();
  if (!process.argv.includes("--check")) await writeFile(docsPath, wanted);
  else if ((await readFile(docsPath, "utf8")) !== wanted) {
    process.stderr.write("docs/local-cloud.md is out of date: run node tools/local-cloud-docs.ts\n");
    process.exitCode = 1;
  }
}
