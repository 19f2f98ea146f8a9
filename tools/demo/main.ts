/** `make demo`: what a user does, from an empty folder to production, with the same commands and plain git. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  cloudEnv,
  cloudFolder,
  demand,
  DemoFailure,
  demoFolder,
  doge,
  dogeJson,
  domain,
  envFile,
  http,
  projectFolder,
  slug,
  Timeline,
} from "./context.ts";
import { checkEverything } from "./checks.ts";
import { watchCommandLines } from "./secrets.ts";
import { featureToDevelop, type Journey, promote, sitesThatShow } from "./gitops.ts";
import { emptyBucket } from "./visitor.ts";

async function up(): Promise<void> {
  const timeline = new Timeline();
  const journey: Journey = { links: [] };
  await timeline.step("start the local cloud", () => doge(["cloud", "up", "--folder", cloudFolder, ...portWords()]));
  await doge(["cloud", "env", "--folder", cloudFolder, "--write", envFile]);

  const fresh = !existsSync(join(projectFolder, "doge.config.ts"));
  if (fresh) {
    rmSync(projectFolder, { recursive: true, force: true });
    await timeline.step("make the project", () =>
      doge([
        "new",
        projectFolder,
        "--yes",
        "--name",
        "Doge App",
        "--slug",
        slug,
        "--domain",
        domain,
        "--env-file",
        envFile,
      ]),
    );
  }
  const inProject = { cwd: projectFolder };
  await timeline.step("doge doctor", () => doge(["doctor"], inProject));
  await timeline.step("doge up: everything, to the first deploys", () => doge(["up"], inProject));
  await siteAnswers();

  const phrase = `Such change ${new Date().toISOString().slice(0, 19).replaceAll(":", ".")}`;
  await timeline.step("a feature, by pull request, to develop (CI)", () => featureToDevelop(phrase, journey));
  await timeline.step("develop → stage: plan, merge, deploy", () => promote("develop", "stage", journey));
  demandSites(await sitesThatShow(phrase), { staging: true, production: false }, phrase);
  await timeline.step("stage → main: plan, merge, deploy", () => promote("stage", "main", journey));
  demandSites(await sitesThatShow(phrase), { staging: true, production: true }, phrase);

  writeFileSync(join(demoFolder, "timeline.json"), JSON.stringify(timeline));
  console.log(summary(timeline, journey));
}

const portWords = (): string[] => (process.env["DEMO_PORT"] ? ["--port", process.env["DEMO_PORT"]] : []);

async function siteAnswers(): Promise<void> {
  for (const host of [`staging.${domain}`, domain]) {
    const { status } = await http().send({ method: "GET", url: `https://${host}/readyz` });
    demand(status === 200, `https://${host}/readyz answers ${status}`);
  }
}

function demandSites(seen: { staging: boolean; production: boolean }, wanted: typeof seen, phrase: string): void {
  for (const site of ["staging", "production"] as const) {
    demand(
      seen[site] === wanted[site],
      `${site} ${seen[site] ? "shows" : "does not show"} "${phrase}", and it should ${wanted[site] ? "" : "not "}`,
    );
    console.log(`✓ ${site} serves ${wanted[site] ? "the change" : "what it served before"}`);
  }
}

function summary(timeline: Timeline, journey: Journey): string {
  const port = browserPort();
  const site = (host: string): string => `https://${host}${port === 443 ? "" : `:${port}`}/`;
  return [
    "",
    "Staging and production are live.",
    "",
    timeline.toString(),
    "",
    `Staging      ${site(`staging.${domain}`)}`,
    `Production   ${site(domain)}`,
    `             (certificates by the local authority: ${join(cloudFolder, "ca-root.pem")})`,
    ...journey.links.map((link, i) => `${(i === 0 ? "Pull requests and runs" : "").padEnd(24)}${link}`),
    "",
    "Look around:",
    `  cd ${projectFolder}`,
    "  npx doge status            what is where",
    "  npx doge logs stage        what the app says",
    "  npx doge ssh stage         a shell on the droplet",
    "  npx doge destroy           the end of it all",
    "Stop it: make demo-down",
    "",
  ].join("\n");
}

/** Where a browser on this machine reaches the sites: `*.localhost` is this machine for every browser. */
function browserPort(): number {
  const record = JSON.parse(readFileSync(join(cloudFolder, "cloud.json"), "utf8")) as { ports: { https: number } };
  return record.ports.https;
}

async function down(): Promise<void> {
  if (!existsSync(demoFolder)) {
    console.log("There is no demo here.");
    return;
  }
  await doge(["cloud", "down", "--folder", cloudFolder, "--remove"]);
  rmSync(demoFolder, { recursive: true, force: true });
  console.log("The demo is gone: its processes, its ports, its folder.");
}

async function destroy(): Promise<void> {
  demand(Object.keys(cloudEnv()).length > 0, "there is no demo: make demo first");
  // Production's bucket is not destroyed with what visitors left in it: its owner empties it first.
  await emptyBucket("prod");
  await doge(["destroy", "--yes", "--repository"], { cwd: projectFolder });
  const { data } = await dogeJson<{ items: readonly { kind: string; name: string }[] }>([
    "cloud",
    "inventory",
    "--folder",
    cloudFolder,
  ]);
  demand(data.items.length === 0, `left behind: ${data.items.map((i) => `${i.kind} ${i.name}`).join(", ")}`);
  console.log("✓ the local cloud holds nothing any more");
  rmSync(projectFolder, { recursive: true, force: true });
}

const actions: Readonly<Record<string, () => Promise<void>>> = {
  up: () => watchCommandLines(up),
  down,
  destroy,
  check: checkEverything,
};
const action = actions[process.argv[2] ?? "up"];
try {
  demand(action, `unknown: ${process.argv[2]}; one of ${Object.keys(actions).join(", ")}`);
  await action();
} catch (thrown) {
  if (!(thrown instanceof DemoFailure)) throw thrown;
  console.error(`\n✗ ${thrown.message}`);
  process.exit(1);
}
