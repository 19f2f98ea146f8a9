import { mkdir, realpath, rm, symlink } from "node:fs/promises";
import { readFile } from "node:fs/promises";
import { delimiter, join, resolve, sep } from "node:path";
import { findProgram } from "../runner/shell.ts";
import type { ActionCall } from "./index.ts";
import { failed, refuse, textOfInput } from "./inputs.ts";

/**
 * actions/setup-node: nothing is downloaded. The Node that runs the local cloud goes first into PATH, with the
 * machine's own npm on top of it. npm's cache is the machine's already, so `cache: npm` has nothing to bring.
 */
export async function setupNode({ session, inputs, outputs }: ActionCall): Promise<void> {
  refuse(inputs, "actions/setup-node", ["registry-url", "scope", "mirror"]);
  const asked = textOfInput(inputs, "node-version") ?? (await fromFile(session.folders.workspace, inputs));
  const tools = join(session.folders.root, "node", "bin");
  await mkdir(tools, { recursive: true });
  await link(process.execPath, join(tools, "node"));
  const path = session.machineEnv["PATH"] ?? "";
  for (const program of ["npm", "npx"]) {
    const found = findProgram(program, path) ?? besideNode(program);
    if (found === undefined) failed(`${program} is not on this machine's PATH`);
    await link(await realpath(found), join(tools, program));
  }
  session.path.unshift(tools);

  const major = /^[^\d]*(\d+)/.exec(asked ?? "")?.[1];
  if (major !== undefined && major !== String(process.versions.node.split(".", 1)[0])) {
    const message = `Node ${process.version} of the local cloud stands in for the Node ${asked} asked for.`;
    session.annotate({ level: "warning", message });
    session.log.write(`##[warning]${message}`);
  }
  session.log.write(`node: ${process.version}`);
  outputs["node-version"] = process.version;
  outputs["cache-hit"] = "false";
}

async function fromFile(workspace: string, inputs: Readonly<Record<string, string>>): Promise<string | undefined> {
  const name = textOfInput(inputs, "node-version-file");
  if (name === undefined) return undefined;
  const text = await readFile(resolve(workspace, name), "utf8").catch(() =>
    failed(`The specified node version file at: ${name} does not exist`),
  );
  if (!name.endsWith("package.json")) return text.trim();
  const { engines } = JSON.parse(text) as { engines?: { node?: string } };
  return engines?.node;
}

async function link(target: string, path: string): Promise<void> {
  await rm(path, { force: true });
  await symlink(target, path);
}

/** Where no npm is on PATH, the one that came with Node. */
function besideNode(program: string): string | undefined {
  return findProgram(program, [process.execPath.split(sep).slice(0, -1).join(sep)].join(delimiter));
}
