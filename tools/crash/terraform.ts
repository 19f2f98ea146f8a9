/** The real terraform with our providers behind it, killed together with them. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, watch, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseEnv } from "node:util";
import type { Ended, Rehearsal } from "./rehearsal.ts";

const server = resolve(import.meta.dirname, "../provider-server/main.ts");
const preload = pathToFileURL(join(import.meta.dirname, "preload.ts")).href;

export class TerraformRuns {
  readonly name = "terraform";
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;
  /** How many of the instants are requests; those after them are writes of its state file. */
  #requests = 0;

  private constructor(folder: string, env: NodeJS.ProcessEnv) {
    this.#folder = folder;
    this.#env = env;
  }

  /** A folder with a workspace's own configuration, its state beside it. */
  static async prepare(rehearsal: Rehearsal, workspace: string): Promise<TerraformRuns> {
    await rehearsal.must(["init", workspace]);
    const folder = join(rehearsal.folder, "terraform");
    mkdirSync(folder);
    const document = readFileSync(join(rehearsal.project, ".doge/terraform", workspace, "main.tf.json"), "utf8");
    writeFileSync(join(folder, "main.tf.json"), document);
    const cli = join(rehearsal.folder, "terraformrc");
    writeFileSync(cli, "");
    const given = parseEnv(readFileSync(join(rehearsal.folder, "local.env"), "utf8"));
    const runs = new TerraformRuns(folder, {
      ...process.env,
      ...given,
      TF_CLI_CONFIG_FILE: cli,
      CHECKPOINT_DISABLE: "1",
      TF_VAR_do_token: given["DIGITALOCEAN_TOKEN"],
      TF_VAR_gh_token: given["GITHUB_TOKEN"],
      TF_VAR_tf_api_token: given["TFE_TOKEN"],
    });
    const { exitCode, said } = await runs.#run(["init", "-input=false"]);
    if (exitCode !== 0) throw new Error(`terraform init ended with ${exitCode}\n${said}`);
    return runs;
  }

  async instants(): Promise<readonly string[]> {
    const log = join(this.#folder, "..", "instants");
    rmSync(log, { force: true });
    this.#forget();
    let writes = 0;
    const ended = await this.#apply({ CRASH_LOG: log }, () => writes++);
    if (ended.exitCode !== 0) throw new Error(`terraform apply ended with ${ended.exitCode}\n${ended.said}`);
    const requests = readFileSync(log, "utf8").trim().split("\n");
    this.#requests = requests.length;
    return [...requests, ...Array.from({ length: writes }, (_, n) => `${requests.length + n + 1} during a write`)];
  }

  async killed(instant: number): Promise<Ended> {
    this.#forget();
    if (instant <= this.#requests) return this.#apply({ CRASH_AT: String(instant) });
    let seen = 0;
    return this.#apply({}, (kill) => ++seen === instant - this.#requests && kill());
  }

  again(): Promise<Ended> {
    return this.#apply({});
  }

  /** The file is empty until terraform writes it for the first time. */
  async readable(): Promise<boolean> {
    const state = join(this.#folder, "terraform.tfstate");
    if (!existsSync(state) || readFileSync(state, "utf8") === "") return true;
    return (await this.#run(["state", "list"])).exitCode === 0;
  }

  /** A new state, and none of the locks that a killed terraform leaves. */
  #forget(): void {
    for (const name of ["terraform.tfstate", "terraform.tfstate.backup", ".terraform.tfstate.lock.info"])
      rmSync(join(this.#folder, name), { force: true });
  }

  async #apply(env: Record<string, string>, onWrite?: (kill: () => void) => void): Promise<Ended> {
    return this.#run(["apply", "-auto-approve", "-input=false", "-no-color"], env, onWrite);
  }

  #run(
    words: readonly string[],
    env: Record<string, string> = {},
    onWrite?: (kill: () => void) => void,
  ): Promise<Ended> {
    const hooked = Object.keys(env).length > 0 ? { NODE_OPTIONS: `--import=${preload}`, ...env } : {};
    return new Promise((done) => {
      // A group of its own: terraform dies with the server of its providers.
      const child = spawn(process.execPath, [server, "--", "terraform", ...words], {
        cwd: this.#folder,
        env: { ...this.#env, ...hooked },
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
      });
      const watching = watch(this.#folder, (_, name) => {
        if (name === "terraform.tfstate") onWrite?.(() => process.kill(-(child.pid as number), "SIGKILL"));
      });
      let said = "";
      const hear = (chunk: Buffer): void => void (said += chunk.toString());
      child.stdout.on("data", hear);
      child.stderr.on("data", hear);
      child.on("close", (code) => {
        watching.close();
        done({ exitCode: code ?? 137, said });
      });
    });
  }
}
