import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseEnv } from "node:util";
import { expect } from "vitest";
import { doge, tool } from "../tool.ts";

/** A local cloud on free ports and a project beside it that talks to it; nothing provisioned yet. */
export interface Rehearsal {
  readonly cloud: string;
  readonly project: string;
  /** Tokens and addresses of the cloud. */
  readonly env: Readonly<Record<string, string>>;
  /** Asks the control port. */
  control(method: "GET" | "POST" | "DELETE", path: string, body?: object): Promise<unknown>;
  /** A request to GitHub's API as the project's owner. */
  github(method: string, path: string, body?: object): Promise<Response>;
  remove(): Promise<void>;
}

export async function rehearse(): Promise<Rehearsal> {
  const folder = mkdtempSync(join(tmpdir(), "doge-cli-"));
  const [cloud, project, envFile] = [join(folder, "cloud"), join(folder, "wow"), join(folder, "local.env")];
  const done = async (...words: string[]): Promise<void> => {
    const { exitCode, stderr } = await doge(words, { cwd: folder });
    expect(stderr.includes("Error") ? stderr : "").toBe("");
    expect(exitCode).toBe(0);
  };
  await done("cloud", "up", "--folder", cloud, "--port", "0");
  await done("cloud", "env", "--folder", cloud, "--write", envFile);
  await done("new", project, "--yes", "--env-file", envFile, "--no-install");
  // What npm install would put there.
  mkdirSync(join(project, "node_modules"));
  symlinkSync(dirname(dirname(tool)), join(project, "node_modules/doge"));

  const env = parseEnv(readFileSync(envFile, "utf8")) as Record<string, string>;
  const record = JSON.parse(readFileSync(join(cloud, "cloud.json"), "utf8")) as {
    control: { url: string; token: string };
  };
  return {
    cloud,
    project,
    env,
    async control(method, path, body) {
      const answer = await fetch(`${record.control.url}${path}`, {
        method,
        headers: { authorization: `Bearer ${record.control.token}` },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      expect(answer.ok).toBe(true);
      return answer.status === 204 ? undefined : answer.json();
    },
    github: (method, path, body) =>
      fetch(`${env["GITHUB_API_URL"]}${path}`, {
        method,
        headers: { authorization: `Bearer ${env["GITHUB_TOKEN"]}` },
        ...(body ? { body: JSON.stringify(body) } : {}),
      }),
    async remove() {
      await doge(["cloud", "down", "--folder", cloud]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
