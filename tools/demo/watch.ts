/** What watches the environments at night, tried by day. */
import { cloudEnv, demand, dogeJson, domain, http } from "./context.ts";
import { api, type Run, showLog, until } from "./gitops.ts";

interface Issue {
  readonly title: string;
  readonly body: string;
  readonly html_url: string;
}

const openIssues = (): Promise<Issue[]> => api<Issue[]>("GET", "/issues?labels=doge");

/** The watch workflow, started by hand: it passes, and opens no issue. */
export async function nothingIsAmiss(): Promise<void> {
  const path = "/actions/workflows/watch.yml";
  const runs = async (): Promise<readonly Run[]> =>
    (await api<{ workflow_runs: Run[] }>("GET", `${path}/runs`)).workflow_runs;
  const before = (await runs()).map(({ id }) => id);
  await api("POST", `${path}/dispatches`, { ref: "main" });
  const run = await until("the watch workflow's run", async () =>
    (await runs()).find(({ id, status }) => !before.includes(id) && status === "completed"),
  );
  if (run.conclusion !== "success") await showLog(run);
  demand(run.conclusion === "success", `the watch workflow ended with ${run.conclusion}: ${run.html_url}`);
  const [issue] = await openIssues();
  demand(!issue, `an issue is open: ${issue?.html_url}`);
  console.log(`✓ Watch: passed, no issue (${run.html_url})`);
}

/** A record that somebody changed by hand is an issue, until it is as it was. */
export async function driftIsTold(): Promise<void> {
  const record = await siteRecord();
  await record.setTtl(60);
  const alarm = await dogeJson(["ci", "watch", "stage"]);
  const [issue, ...others] = await openIssues();
  await record.setTtl(300);
  demand(alarm.exitCode === 1, `doge ci watch ended with ${alarm.exitCode} over drift\n${alarm.raw.stdout}`);
  demand(issue && others.length === 0, `not one issue tells of drift\n${alarm.raw.stdout}\n${alarm.raw.stderr}`);
  demand(issue.body.includes("digitalocean_record.site"), `the issue names no record:\n${issue.body}`);

  const well = await dogeJson(["ci", "watch", "stage"]);
  demand(well.exitCode === 0, `doge ci watch ended with ${well.exitCode}\n${well.raw.stdout}\n${well.raw.stderr}`);
  demand((await openIssues()).length === 0, "the issue is still open");
  console.log(`✓ doge ci watch stage: "${issue.title}", closed when it was undone (${issue.html_url})`);
}

/** Staging's address in DNS, by DigitalOcean's own API. */
async function siteRecord(): Promise<{ setTtl(seconds: number): Promise<void> }> {
  const env = cloudEnv();
  const send = async <T>(method: "GET" | "PATCH", path: string, body?: object): Promise<T> => {
    const response = await http().send({
      method,
      url: `${env["DIGITALOCEAN_API_URL"]}/v2/domains/${domain}/records${path}`,
      headers: { authorization: `Bearer ${env["DIGITALOCEAN_TOKEN"]}`, "content-type": "application/json" },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    demand(response.status === 200, `DigitalOcean: ${method} ${path}: HTTP ${response.status} ${response.text()}`);
    return response.json() as T;
  };
  const { domain_records: found } = await send<{ domain_records: { id: number; type: string }[] }>(
    "GET",
    `?name=staging.${domain}`,
  );
  const id = found.find(({ type }) => type === "A")?.id;
  demand(id, "staging has no record");
  return { setTtl: async (ttl) => void (await send("PATCH", `/${id}`, { type: "A", ttl })) };
}
