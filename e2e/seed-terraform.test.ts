/**
 * A Terraform project of the seed's shape (e2e/seed-terraform), by its own Makefile and the real terraform: runs of
 * meta, base, stage and prod happen in the local HCP Terraform, dotenv here, with our providers behind it.
 */
import { cpSync, mkdtempSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engineRunner } from "../packages/cli/src/commands/cloud/engine-runner.ts";
import { type RunningCloud, startCloud } from "../packages/cloud/src/index.ts";
import { nodeMachine, nodeProcesses } from "../packages/core/src/node/index.ts";
import { providers } from "../packages/workflow/src/index.ts";
import { type ProviderServer, serveProviders } from "../tools/provider-server/server.ts";

const missing = (await Promise.all(["terraform", "make"].map((name) => nodeProcesses.which(name)))).includes(undefined);
const order = ["meta", "base", "dotenv", "stage", "prod"];

describe.skipIf(missing)("the seed's flow (skipped where terraform or make is not installed)", () => {
  let folder: string;
  let cloud: RunningCloud;
  let server: ProviderServer;

  const make = async (goal: string): Promise<string> => {
    const env = {
      TF_REATTACH_PROVIDERS: server.reattach,
      TF_CLI_CONFIG_FILE: join(folder, "cli.tfrc"),
      TF_CLI_ARGS: "-no-color",
      TF_INPUT: "0",
      TF_IN_AUTOMATION: "1",
      CHECKPOINT_DISABLE: "1",
    };
    const result = await nodeProcesses.run({ argv: ["make", goal], cwd: join(folder, "seed"), env });
    const said = result.stdout + result.stderr;
    expect(result.exitCode, `make ${goal}\n${said}`).toBe(0);
    for (const secret of ["DIGITALOCEAN_TOKEN", "GITHUB_TOKEN", "TFE_TOKEN", "SPACES_SECRET_ACCESS_KEY"])
      expect(said, `make ${goal} shows ${secret}`).not.toContain(cloud.endpoints[secret]);
    return said;
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "doge-seed-"));
    const state = join(folder, "cloud");
    const terraform = engineRunner(nodeMachine(), join(state, "journal"));
    cloud = await startCloud({ folder: state, basePort: 0, seed: "seed", terraform });
    const { endpoints } = cloud;
    const { env, http, clock } = nodeMachine({ ...process.env, ...endpoints });
    server = await serveProviders(providers, { env, http, clock, emit: () => undefined });
    cpSync(join(import.meta.dirname, "seed-terraform"), join(folder, "seed"), { recursive: true });
    writeInputs(folder, endpoints);
    const made = await http.send({
      method: "POST",
      url: `${endpoints["GITHUB_API_URL"]}/user/repos`,
      headers: { authorization: `Bearer ${endpoints["GITHUB_TOKEN"]}`, "content-type": "application/json" },
      body: JSON.stringify({ name: "seed-app", auto_init: true }),
    });
    if (made.status !== 201) throw new Error(`the repository was not made: ${made.text()}`);
  });
  afterAll(async () => {
    server.stop();
    await cloud.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test(
    "init, plan and apply in the seed's order, then no changes, then destroy in the other",
    { timeout: 400_000 },
    async () => {
      for (const workspace of order) {
        await make(`init-${workspace}`);
        expect(await make(`plan-${workspace}`)).toMatch(/Plan: \d+ to add, 0 to change, 0 to destroy\./);
        expect(await make(`apply-${workspace}`)).toMatch(
          /Apply complete! Resources: \d+ added, 0 changed, 0 destroyed\./,
        );
      }
      const names = (await cloud.inventory()).map(({ service, name }) => `${service} ${name}`);
      for (const wanted of ["digitalocean seed-app-stage", "digitalocean seed-app-prod", "spaces seed-app-prod"])
        expect(names.join("\n")).toContain(wanted);
      for (const workspace of order) expect(await make(`plan-${workspace}`)).toContain("No changes.");

      for (const workspace of order.toReversed())
        expect(await make(`destroy-${workspace}`)).toMatch(/0 added, 0 changed, \d+ destroyed|Destroy complete!/);
      // The workspace of meta was made by `terraform init`, the repository by hand.
      const left = (await cloud.inventory()).map(({ kind, name }) => `${kind} ${name}`);
      expect(left.sort()).toEqual(["repository doge/seed-app", "workspace seed-app-meta"]);
    },
  );
});

/** What the seed keeps out of version control, and where the command line finds HCP Terraform. */
function writeInputs(folder: string, endpoints: Readonly<Record<string, string>>): void {
  const api = `${endpoints["TFE_ADDRESS"]}/api/v2/`;
  const services = ["tfe.v2", "tfe.v2.1", "tfe.v2.2"].map((name) => `"${name}" = "${api}"`).join(", ");
  writeFileSync(
    join(folder, "cli.tfrc"),
    `host "app.terraform.io" { services = { ${services} } }\ncredentials "app.terraform.io" { token = "${endpoints["TFE_TOKEN"]}" }\n`,
  );
  const values = {
    domain: "seed-app.localhost",
    do_token: endpoints["DIGITALOCEAN_TOKEN"],
    do_spaces_access_id: endpoints["SPACES_ACCESS_KEY_ID"],
    do_spaces_secret_key: endpoints["SPACES_SECRET_ACCESS_KEY"],
    gh_token: endpoints["GITHUB_TOKEN"],
    tf_api_token: endpoints["TFE_TOKEN"],
  };
  const lines = (names: readonly (keyof typeof values)[]): string =>
    names.map((name) => `${name} = ${JSON.stringify(values[name])}\n`).join("");
  const deploy = join(folder, "seed/terraform/deploy");
  writeFileSync(join(deploy, "meta/vars.tfvars"), lines(Object.keys(values) as (keyof typeof values)[]), {
    mode: 0o600,
  });
  writeFileSync(join(deploy, "dotenv/vars.tfvars"), lines(["tf_api_token"]), { mode: 0o600 });
}
