import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { cloudEnv, demand, domain, git, http, projectFolder, slug } from "./context.ts";

interface Pull {
  readonly number: number;
  readonly html_url: string;
  readonly head: { readonly sha: string };
}

export interface Run {
  readonly id: number;
  readonly name: string;
  readonly html_url: string;
  readonly status: string;
  readonly conclusion: string | null;
  readonly head_sha: string;
}

/** GitHub's REST API, as a person's script would use it. */
export async function api<T>(method: "GET" | "POST" | "PUT", path: string, body?: object): Promise<T> {
  const env = cloudEnv();
  const response = await http().send({
    method,
    url: `${env["GITHUB_API_URL"]}/repos/${env["GITHUB_OWNER"]}/${slug}${path}`,
    headers: {
      authorization: `Bearer ${env["GITHUB_TOKEN"]}`,
      accept: "application/vnd.github+json",
      "content-type": "application/json",
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  demand(response.status < 400, `GitHub: ${method} ${path}: HTTP ${response.status} ${response.text().slice(0, 500)}`);
  return (response.status === 204 ? undefined : response.json()) as T;
}

const MINUTES = 60_000;

export async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  for (const started = Date.now(); Date.now() - started < 5 * MINUTES; await wait(500)) {
    const found = await look();
    if (found !== undefined) return found;
  }
  demand(false, `${what} did not happen within 5 minutes`);
}

/** Waits for a workflow's run on a commit and demands that it passed. */
async function passedRun(name: string, sha: string): Promise<Run> {
  const run = await until(`the ${name} workflow's run on ${sha.slice(0, 7)}`, async () => {
    const { workflow_runs } = await api<{ workflow_runs: Run[] }>("GET", `/actions/runs?head_sha=${sha}`);
    return workflow_runs.find((r) => r.name === name && r.status === "completed");
  });
  if (run.conclusion !== "success") await showLog(run);
  demand(run.conclusion === "success", `the ${name} workflow ended with ${run.conclusion}: ${run.html_url}`);
  console.log(`${name}: passed (${run.html_url})`);
  return run;
}

export async function showLog(run: Run): Promise<void> {
  const env = cloudEnv();
  const { jobs } = await api<{ jobs: { id: number }[] }>("GET", `/actions/runs/${run.id}/jobs`);
  for (const job of jobs) {
    const log = await http().send({
      method: "GET",
      url: `${env["GITHUB_API_URL"]}/repos/${env["GITHUB_OWNER"]}/${slug}/actions/jobs/${job.id}/logs`,
      headers: { authorization: `Bearer ${env["GITHUB_TOKEN"]}` },
    });
    console.error(log.text().split("\n").slice(-60).join("\n"));
  }
}

async function open(head: string, base: string, title: string): Promise<Pull> {
  const pull = await api<Pull>("POST", "/pulls", { title, head, base, body: "Part of the demo." });
  console.log(`pull request: ${pull.html_url} (${head} → ${base})`);
  return pull;
}

async function merge(pull: Pull): Promise<string> {
  const { sha } = await api<{ sha: string }>("PUT", `/pulls/${pull.number}/merge`, { merge_method: "merge" });
  console.log(`merged #${pull.number} as ${sha.slice(0, 7)}`);
  return sha;
}

const pageText = async (host: string): Promise<string> => {
  const response = await http().send({ method: "GET", url: `https://${host}/` });
  demand(response.status === 200, `https://${host}/ answers ${response.status}`);
  return response.text();
};

/** What both sites serve: which of them shows `phrase`. */
export async function sitesThatShow(
  phrase: string,
): Promise<{ readonly staging: boolean; readonly production: boolean }> {
  const [staging, production] = await Promise.all([pageText(`staging.${domain}`), pageText(domain)]);
  return { staging: staging.includes(phrase), production: production.includes(phrase) };
}

export interface Journey {
  readonly links: string[];
}

/** A change on a feature branch, to develop: CI must pass before GitHub lets it be merged. */
export async function featureToDevelop(phrase: string, journey: Journey): Promise<void> {
  const branch = `feature/${phrase.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}`;
  await git("fetch", "origin");
  await git("checkout", "-B", branch, "origin/develop");
  const file = join(projectFolder, "src/home.ts");
  const before = readFileSync(file, "utf8");
  const after = before.replace(/(<p class="lead">)[^<]*(<)/, `$1${phrase}$2`);
  demand(after !== before, "the lead of the home page is not where the demo changes it");
  writeFileSync(file, after);
  await git("commit", "--all", "--message", `Say "${phrase}"`);
  await git("push", "--set-upstream", "origin", branch);

  const pull = await open(branch, "develop", `Say "${phrase}"`);
  journey.links.push(pull.html_url, (await passedRun("CI", pull.head.sha)).html_url);
  await merge(pull);
}

/** develop → stage, or stage → main: plan, comment, merge, deploy. */
export async function promote(head: string, base: string, journey: Journey): Promise<void> {
  const pull = await open(head, base, `Promote ${head} to ${base}`);
  journey.links.push(pull.html_url, (await passedRun("Plan", pull.head.sha)).html_url);
  const environment = base === "main" ? "prod" : "stage";
  const plan = await comment(pull, `Plan for \`${environment}\``);
  console.log(`comment: ${plan.split("\n").find((line) => line.startsWith("###"))}`);
  const sha = await merge(pull);
  journey.links.push((await passedRun("Deploy", sha)).html_url);
  // What the deploy cost its visitors, as it stands on the pull request.
  const receipt = await comment(pull, `Deployed to \`${environment}\``);
  console.log(
    `comment: ${receipt
      .split("\n")
      .filter((line) => /^(###|- )/.test(line))
      .join("\n  ")}`,
  );
}

/** The comment on a pull request that says this. */
async function comment(pull: Pull, text: string): Promise<string> {
  const comments = await api<{ body: string }[]>("GET", `/issues/${pull.number}/comments`);
  const found = comments.find(({ body }) => body.includes(text));
  demand(found, `no comment on ${pull.html_url} says "${text}"`);
  return found.body;
}
