/** `node tools/demo/main.ts check`: what must be true right after a demo, beside what it checks itself. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cloudEnv, cloudFolder, demand, dogeJson, processes, projectFolder } from "./context.ts";

export async function checkEverything(): Promise<void> {
  await noChanges();
  await noSecretInClear();
}

async function noChanges(): Promise<void> {
  for (const workspace of ["meta", "base", "dotenv", "stage", "prod"]) {
    const { exitCode, raw } = await dogeJson(["plan", workspace, "--detailed-exitcode"]);
    demand(exitCode === 0, `doge plan ${workspace} ended with ${exitCode} (3: changes)\n${raw.stdout}\n${raw.stderr}`);
    console.log(`✓ doge plan ${workspace}: no changes`);
  }
}

/**
 * Every secret of the demo, searched for in everything that was written for people to read: logs of runs, jobs,
 * containers and requests, comments, and the process list.
 */
async function noSecretInClear(): Promise<void> {
  const env = cloudEnv();
  const secrets = new Map<string, string>();
  for (const name of ["DIGITALOCEAN_TOKEN", "SPACES_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "TFE_TOKEN"])
    secrets.set(name, env[name] as string);
  const postgres = readFileSync(join(projectFolder, ".envs/.production/.postgres"), "utf8");
  secrets.set("POSTGRES_PASSWORD", /POSTGRES_PASSWORD=(.*)/.exec(postgres)?.[1] as string);
  for (const [name, value] of secrets) demand(value && value.length > 8, `the demo has no ${name} to look for`);

  const { stdout: processList } = await processes.run({ argv: ["ps", "axww", "-o", "args"] });
  const texts = [
    ["the process list", processList] as const,
    ...logFiles(cloudFolder).map((path) => [path, readFileSync(path, "latin1")] as const),
  ];
  demand(texts.length > 10, `only ${texts.length - 1} log files found: the search looks in the wrong place`);
  for (const [where, text] of texts) {
    for (const [name, value] of secrets) {
      for (const form of [value, Buffer.from(value).toString("base64").replace(/=+$/, "").slice(0, -2)]) {
        demand(!text.includes(form), `${name} stands in clear in ${where}`);
      }
    }
  }
  console.log(`✓ no secret in clear in ${texts.length} logs and the process list`);
}

/** Logs by name, wherever a service keeps them. */
function logFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter(
      (path) =>
        /\.(log|jsonl|txt)$|\/logs?\//.test(path) && !path.includes("/node_modules/") && !path.includes("/rootfs/"),
    );
}
