/** A project of the smallest kind beside a local cloud, and the real binary in it. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { doge, type Ran, tool } from "../tool.ts";

export interface Sandbox {
  /** `key=value` of the cloud's addresses and credentials. */
  readonly endpoints: Readonly<Record<string, string>>;
  project(name: string, config?: object, env?: Readonly<Record<string, string>>): Sandboxed;
  stop(): Promise<void>;
}

export interface Sandboxed {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** Throws with what was said where the exit code is another. */
  run(words: readonly string[], exitCode?: number): Promise<Ran>;
  /** The data that a command gives as JSON. */
  data(words: readonly string[]): Promise<unknown>;
}

export async function openSandbox(): Promise<Sandbox> {
  const root = mkdtempSync(join(tmpdir(), "doge-sandbox-"));
  const cloudFolder = join(root, "cloud");
  const cloud: ChildProcess = spawn(tool, ["cloud", "serve", "--folder", cloudFolder, "--port", "0"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  await new Promise<void>((done, failed) => {
    cloud.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (said.includes("control at")) done();
    });
    cloud.on("close", () => failed(new Error(said)));
  });
  const { endpoints } = JSON.parse(readFileSync(join(cloudFolder, "cloud.json"), "utf8")) as {
    readonly endpoints: Readonly<Record<string, string>>;
  };
  return {
    endpoints,
    project(name, config = {}, env = {}) {
      const folder = join(root, name);
      mkdirSync(join(folder, ".envs/.production"), { recursive: true });
      mkdirSync(join(folder, ".envs/.staging"), { recursive: true });
      const settings = {
        name,
        slug: name,
        domain: `${name}.test`,
        github: { owner: "doge", repository: name },
        hcp: { organization: "doge" },
        ...config,
      };
      writeFileSync(join(folder, "doge.config.ts"), `export default ${JSON.stringify(settings)};\n`);
      const all = { ...endpoints, ...env };
      const run = async (words: readonly string[], exitCode = 0): Promise<Ran> => {
        const ran = await doge(words, { cwd: folder, env: all });
        if (ran.exitCode !== exitCode)
          throw new Error(`doge ${words.join(" ")}: exit code ${ran.exitCode}\n${ran.stdout}\n${ran.stderr}`);
        return ran;
      };
      const data = async (words: readonly string[]): Promise<unknown> =>
        (JSON.parse((await run([...words, "--json"])).stdout) as { readonly data: unknown }).data;
      return { folder, env: all, run, data };
    },
    async stop() {
      const ended = new Promise((done) => cloud.on("close", done));
      cloud.kill("SIGTERM");
      await ended;
      rmSync(root, { recursive: true, force: true });
    },
  };
}
