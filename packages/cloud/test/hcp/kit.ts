import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { createHcp } from "../../src/hcp/index.ts";
import { createContext } from "../../src/kit/context.ts";
import { serveApp } from "../../src/kit/http.ts";
import type { Service, TerraformRunner } from "../../src/ports.ts";

export const token = "hcp-token-for-tests";
export const organization = "acme";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests walk through answers
  readonly body: any;
}

export interface TestHcp {
  readonly url: string;
  readonly folder: string;
  readonly service: Service;
  readonly call: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>;
  readonly create: (path: string, type: string, attributes: object, relationships?: object) => Promise<Answer>;
  readonly restart: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** The stand-in on a free port over a folder of its own; `restart` forgets all that is not on disk, as a kill does. */
export async function startHcp(terraform: TerraformRunner): Promise<TestHcp> {
  const folder = mkdtempSync(join(tmpdir(), "doge-hcp-"));
  let url = "";
  const boot = async () => {
    const context = createContext({ folder, seed: "hcp", url: () => url });
    const service = createHcp(context, { terraform, token, organization });
    const server = await serveApp(service.app!, { host: "127.0.0.1", port: 0 });
    url = server.url;
    await service.start?.();
    return { context, service, server };
  };
  let now = await boot();
  const call: TestHcp["call"] = async (method, path, body, headers = {}) => {
    const response = await fetch(path.startsWith("http") ? path : `${url}/api/v2${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/vnd.api+json", ...headers },
      ...(body === undefined ? {} : { body: body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: parsed(text) };
  };
  return {
    get url() {
      return url;
    },
    folder,
    get service() {
      return now.service;
    },
    call,
    create: (path, type, attributes, relationships = {}) =>
      call("POST", path, { data: { type, attributes, relationships } }),
    async restart() {
      await now.server.stop(0);
      now = await boot();
    },
    async stop() {
      await now.service.stop?.();
      await now.server.stop(0);
      now.context.store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export async function archive(files: Readonly<Record<string, string>>): Promise<Uint8Array> {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) tar.entry({ name }, content);
  tar.finalize();
  const pieces: Buffer[] = [];
  for await (const piece of tar as AsyncIterable<Buffer>) pieces.push(piece);
  return gzipSync(Buffer.concat(pieces));
}

export const related = (type: string, id: string): object => ({ data: { type, id } });

/** A workspace, its archive uploaded: what `POST /runs` needs. */
export async function workspaceWithConfiguration(
  hcp: TestHcp,
  name: string,
  settings: object = {},
  files: Record<string, string> = { "main.tf.json": "{}" },
): Promise<{ workspace: string; configuration: string }> {
  const workspace: string = (
    await hcp.create(`/organizations/${organization}/workspaces`, "workspaces", { name, ...settings })
  ).body.data.id;
  return { workspace, configuration: await uploadConfiguration(hcp, workspace, files) };
}

export async function uploadConfiguration(
  hcp: TestHcp,
  workspace: string,
  files: Record<string, string>,
  attributes: object = {},
): Promise<string> {
  const version = (
    await hcp.create(`/workspaces/${workspace}/configuration-versions`, "configuration-versions", {
      "auto-queue-runs": false,
      ...attributes,
    })
  ).body.data;
  const uploaded = await fetch(version.attributes["upload-url"], {
    method: "PUT",
    body: new Uint8Array(await archive(files)),
  });
  if (uploaded.status !== 200) throw new Error(`upload: ${uploaded.status}`);
  return version.id;
}

export async function startRun(
  hcp: TestHcp,
  workspace: string,
  configuration: string,
  attributes: object = {},
): Promise<string> {
  const answer = await hcp.create("/runs", "runs", attributes, {
    workspace: related("workspaces", workspace),
    "configuration-version": related("configuration-versions", configuration),
  });
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  return answer.body.data.id;
}

export const runStatus = async (hcp: TestHcp, run: string): Promise<string> =>
  (await hcp.call("GET", `/runs/${run}`)).body.data.attributes.status;

/** Polls as a client does. Fails on an end that is not the one awaited. */
export async function awaitStatus(hcp: TestHcp, run: string, ...wanted: readonly string[]): Promise<void> {
  const ends = ["planned_and_finished", "applied", "errored", "discarded", "canceled"];
  for (;;) {
    const status = await runStatus(hcp, run);
    if (wanted.includes(status)) return;
    if (ends.includes(status))
      throw new Error(
        `run is ${status}, not ${wanted.join(" or ")}: ${await phaseLog(hcp, run, "plan")}${await phaseLog(hcp, run, "apply")}`,
      );
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}

export async function phaseLog(hcp: TestHcp, run: string, phase: "plan" | "apply"): Promise<string> {
  const url: string = (await hcp.call("GET", `/runs/${run}/${phase}`)).body.data.attributes["log-read-url"];
  return (await fetch(url)).text();
}
