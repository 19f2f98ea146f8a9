import { type Diagnostic, DogeError, diagnosticsOf, error, fail, type Files, type Processes } from "@doge/core";
import { callsIn, type FoundCall, readFolder } from "./collect.ts";
import { filesIn, isLocal, joined, manifestFile, manifestOf } from "./tree.ts";

/** One line of Terraform's `modules.json`. */
interface Installed {
  readonly Key: string;
  readonly Source: string;
  readonly Dir: string;
}

export interface InstallResult {
  /** Keys of the modules that were fetched: `web`, `web.network`. */
  readonly fetched: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Fetches the modules that a root module and those below it call from git, into `.terraform/modules` with
 * Terraform's own manifest, so that either tool finds them. What is there already stays, unless `upgrade`.
 */
export async function installModules(
  machine: { readonly files: Files; readonly processes: Processes },
  root: string,
  options: { readonly upgrade?: boolean } = {},
): Promise<InstallResult> {
  const { files } = machine;
  const before = await files.read(`${root}/${manifestFile}`);
  const known = before === undefined ? [] : [{ file: manifestFile, content: before }];
  const folders = options.upgrade ? new Map<string, string>() : manifestOf(known);
  const sources = sourcesOf(before);
  const manifest: Installed[] = [{ Key: "", Source: "", Dir: "." }];
  const fetched: string[] = [];
  const diagnostics: Diagnostic[] = [];

  const visit = async (folder: string, key: string, ancestors: readonly string[]): Promise<void> => {
    for (const call of await callsIn(await readFolder(files, root, folder), key)) {
      const at = isLocal(call.source) ? joined(folder, call.source) : await install(call);
      // A module that calls itself is loadConfiguration's to report.
      if (at === undefined || [...ancestors, folder].includes(at)) continue;
      manifest.push({ Key: call.key, Source: call.source, Dir: at });
      await visit(at, call.key, [...ancestors, folder]);
    }
  };
  const install = async (call: FoundCall): Promise<string | undefined> => {
    const present = folders.get(call.key);
    if (present !== undefined && sources.get(call.key) === call.source && (await hasModule(files, root, present)))
      return present;
    try {
      const folder = await fetchModule(machine, root, call);
      fetched.push(call.key);
      return folder;
    } catch (thrown) {
      diagnostics.push(...diagnosticsOf(thrown));
      return undefined;
    }
  };
  await visit("", "", []);
  const after = `${JSON.stringify({ Modules: manifest })}\n`;
  if (manifest.length > 1 && after !== before) await files.write(`${root}/${manifestFile}`, after);
  return { fetched, diagnostics };
}

function sourcesOf(manifest: string | undefined): ReadonlyMap<string, string> {
  try {
    const { Modules: modules = [] } = JSON.parse(manifest ?? "{}") as { readonly Modules?: readonly Installed[] };
    return new Map(modules.map((one) => [one.Key, one.Source]));
  } catch {
    return new Map();
  }
}

async function hasModule(files: Files, root: string, folder: string): Promise<boolean> {
  const names = await files.list(`${root}/${folder}`);
  return (
    filesIn(
      names.map((name) => ({ file: `${folder}/${name}`, content: "" })),
      folder,
    ).length > 0
  );
}

interface GitSource {
  readonly url: string;
  readonly folder: string;
  readonly ref?: string;
}

/** `git::https://host/repo.git//folder?ref=v1`, `github.com/owner/repo//folder`, `git@host:owner/repo.git`. */
export function gitSource(source: string): GitSource | undefined {
  const forced = source.startsWith("git::");
  const [address = "", query = ""] = (forced ? source.slice("git::".length) : source).split("?");
  const hosted = /^(github\.com|gitlab\.com|bitbucket\.org)\/[^/]+\/[^/]+/.exec(address);
  const ssh = /^[\w.-]+@[\w.-]+:/.test(address);
  if (!forced && !hosted && !ssh) return undefined;
  const scheme = /^[a-z+]+:\/\//.exec(address)?.[0] ?? "";
  const [repository = "", folder = ""] = address.slice(scheme.length).split("//", 2);
  const url = hosted && scheme === "" ? `https://${repository.replace(/\.git$/, "")}.git` : `${scheme}${repository}`;
  const ref = new URLSearchParams(query).get("ref") ?? undefined;
  return { url, folder, ...(ref === undefined ? {} : { ref }) };
}

async function fetchModule(
  { files, processes }: { readonly files: Files; readonly processes: Processes },
  root: string,
  call: FoundCall,
): Promise<string> {
  const source = gitSource(call.source);
  if (source === undefined || source.url.startsWith("-") || source.ref?.startsWith("-")) return unsupported(call);
  const folder = `.terraform/modules/${call.key}`;
  await files.remove(`${root}/${folder}`);
  // No questions, and none of git's transports that run programs.
  const env = { GIT_TERMINAL_PROMPT: "0", GIT_ALLOW_PROTOCOL: "https:http:ssh:git:file" };
  const git = async (...words: string[]): Promise<void> => {
    const { exitCode, stderr } = await processes.run({ argv: ["git", ...words], cwd: root, env });
    if (exitCode !== 0) throw new DogeError([failed(call, stderr)]);
  };
  await git("clone", "--quiet", "--", source.url, folder);
  if (source.ref !== undefined) await git("-C", folder, "checkout", "--quiet", source.ref, "--");
  return joined(folder, source.folder);
}

const unsupported = ({ key, source }: FoundCall): never =>
  fail({
    code: "module-source",
    summary: "Module source not supported",
    detail: `Doge fetches modules from git, and takes local ones from their folders; ${JSON.stringify(source)} is neither.`,
    address: `module.${key}`,
    remedy: 'Name its repository: source = "git::https://…", or put the module into the project.',
  });

/** Git's own words, without what an address may hold before its `@`. */
const failed = ({ key }: FoundCall, stderr: string): Diagnostic =>
  error({
    code: "module-download",
    summary: "Failed to download module",
    detail: stderr.replaceAll(/\/\/[^/@\s]+@/g, "//").trim(),
    address: `module.${key}`,
    remedy: "Check the address, the ref, and that git can reach it from here.",
  });
