/** Every secret of the demo, searched for in everything that people and other programs can read. */
import { appendFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { cloudEnv, cloudFolder, demand, demoFolder, http, projectFolder, slug } from "./context.ts";

const commandLines = join(demoFolder, "command-lines.txt");

/**
 * Writes down every command line that runs on this machine while `work` does, looked at ten times a second: a secret
 * in argv is gone from the process list long before somebody searches it.
 */
export async function watchCommandLines<T>(work: () => Promise<T>): Promise<T> {
  mkdirSync(demoFolder, { recursive: true });
  const seen = new Set<string>();
  const look = (): void => {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      const line = commandLineOf(pid);
      if (line === "" || seen.has(line)) continue;
      seen.add(line);
      appendFileSync(commandLines, `${line}\n`, { mode: 0o600 });
    }
  };
  const timer = setInterval(look, 100);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/** Empty for a process that has just ended. */
function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return "";
  }
}

export async function noSecretInClear(): Promise<void> {
  const secrets = await secretsOfTheDemo();
  const texts = new Map<string, string>([["the command lines", readFileSync(commandLines, "utf8")]]);
  for (const path of logFiles(cloudFolder)) texts.set(path, readFileSync(path, "latin1"));
  const files = texts.size;
  for (const [where, text] of await runLogs()) texts.set(where, text);
  const runs = texts.size - files;
  for (const [where, text] of await gitHubTexts()) texts.set(where, text);
  const pages = texts.size - files - runs;
  demand(files > 5, `only ${files} logs found: the search looks in the wrong place`);
  demand(runs > 10, `only ${runs} logs of runs found`);
  demand(pages > 8, `only ${pages} comments and job logs found`);

  for (const [where, text] of texts) {
    for (const [name, value] of secrets) {
      const encoded = Buffer.from(value).toString("base64").replace(/=+$/, "").slice(0, -2);
      for (const form of [value, encoded]) demand(!text.includes(form), `${name} stands in clear in ${where}`);
    }
  }
  const what = `${files} logs and the command lines, ${runs} logs of runs, ${pages} comments and job logs`;
  console.log(`✓ none of ${secrets.size} secrets in clear in ${what}`);
}

/** Tokens, generated passwords, and the deploy key that base made. */
async function secretsOfTheDemo(): Promise<ReadonlyMap<string, string>> {
  const secrets = new Map<string, string>();
  const take = (where: string, values: Readonly<Record<string, string | undefined>>): void => {
    for (const [name, value] of Object.entries(values))
      if (/TOKEN|SECRET|PASSWORD|KEY$/.test(name) && value && value.length > 8) secrets.set(`${where} ${name}`, value);
  };
  take("local cloud", cloudEnv());
  for (const set of [".production", ".staging"]) {
    const folder = join(projectFolder, ".envs", set);
    for (const name of readdirSync(folder)) take(`${set}/${name}`, parseEnv(readFileSync(join(folder, name), "utf8")));
  }
  demand(
    [...secrets.keys()].some((name) => name.endsWith("POSTGRES_PASSWORD")),
    "the demo has no POSTGRES_PASSWORD to look for",
  );
  const key = JSON.stringify(await stateOf("base")).match(
    /-----BEGIN OPENSSH PRIVATE KEY-----\\n(.*?)\\n-----END/,
  )?.[1];
  demand(key, "the state of base holds no deploy key");
  // Its first line is the same in every key.
  secrets.set("the deploy key", key.split("\\n")[2] as string);
  return secrets;
}

async function tfe<T>(path: string): Promise<T> {
  const env = cloudEnv();
  const response = await http().send({
    method: "GET",
    url: `${env["TFE_ADDRESS"]}/api/v2${path}`,
    headers: { authorization: `Bearer ${env["TFE_TOKEN"]}` },
  });
  demand(response.status === 200, `HCP Terraform: GET ${path}: HTTP ${response.status}`);
  return response.json() as T;
}

const plainGet = async (url: string): Promise<string> => (await http().send({ method: "GET", url })).text();

async function workspaceId(workspace: string): Promise<string> {
  const found = await tfe<{ data: { id: string } }>(
    `/organizations/${cloudEnv()["TFE_ORGANIZATION"]}/workspaces/${slug}-${workspace}`,
  );
  return found.data.id;
}

async function stateOf(workspace: string): Promise<unknown> {
  const { data } = await tfe<{ data: { attributes: Record<string, string> } }>(
    `/workspaces/${await workspaceId(workspace)}/current-state-version`,
  );
  return JSON.parse(await plainGet(data.attributes["hosted-state-download-url"] as string));
}

/** Plan and apply logs of every remote run. */
async function runLogs(): Promise<readonly (readonly [string, string])[]> {
  const texts: (readonly [string, string])[] = [];
  for (const workspace of ["base", "stage", "prod"]) {
    const runs = await tfe<{ data: { id: string; relationships: Record<string, { data: { id: string } }> }[] }>(
      `/workspaces/${await workspaceId(workspace)}/runs?page[size]=100`,
    );
    for (const run of runs.data) {
      for (const [phase, phases] of [
        ["plan", "plans"],
        ["apply", "applies"],
      ] as const) {
        const path = `/${phases}/${run.relationships[phase]?.data.id}`;
        const { data } = await tfe<{ data: { attributes: { "log-read-url"?: string | null } } }>(path);
        const url = data.attributes["log-read-url"];
        if (url) texts.push([`the ${phase} log of ${run.id}`, await plainGet(url)]);
      }
    }
  }
  return texts;
}

/** Comments on pull requests, and what the jobs of Actions printed. */
async function gitHubTexts(): Promise<readonly (readonly [string, string])[]> {
  const env = cloudEnv();
  const get = async (path: string) =>
    http().send({
      method: "GET",
      url: `${env["GITHUB_API_URL"]}/repos/${env["GITHUB_OWNER"]}/${slug}${path}`,
      headers: { authorization: `Bearer ${env["GITHUB_TOKEN"]}` },
    });
  const texts: (readonly [string, string])[] = [];
  const comments = (await get("/issues/comments?per_page=100")).json() as { html_url: string; body: string }[];
  for (const { html_url, body } of comments) texts.push([html_url, body]);
  const { workflow_runs } = (await get("/actions/runs?per_page=100")).json() as { workflow_runs: { id: number }[] };
  for (const { id } of workflow_runs) {
    const { jobs } = (await get(`/actions/runs/${id}/jobs`)).json() as { jobs: { id: number; html_url: string }[] };
    for (const job of jobs) texts.push([job.html_url, (await get(`/actions/jobs/${job.id}/logs`)).text()]);
  }
  return texts;
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
