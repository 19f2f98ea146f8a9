import { registerHooks } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { fail, type Machine, type SourceRange, unwrap } from "@doge/core";
import { loadSettings, type Project, validateProject } from "@doge/workflow";

const CONFIG_FILE = "doge.config.ts";

/** The folder of the project that `from` stands in. */
export async function findProject(machine: Machine, from: string): Promise<string> {
  for (let folder = from; ; folder = dirname(folder)) {
    if (await machine.files.exists(join(folder, CONFIG_FILE))) return folder;
    if (dirname(folder) === folder) break;
  }
  return fail({
    code: "no-project",
    summary: "There is no Doge project here",
    detail: `No ${CONFIG_FILE} in ${from} or any folder above.`,
    remedy: "Make one with doge new NAME, or go to your project's folder.",
  });
}

/** Loads and checks a project's configuration and the settings beside it. */
export async function loadProject(
  machine: Machine,
  from: string,
  command: Pick<Project, "emit" | "signal" | "until"> & { readonly hide: (value: string | undefined) => void },
): Promise<Project> {
  const { emit, signal, until, hide } = command;
  const folder = await findProject(machine, from);
  const settings = await loadSettings(machine.files, folder, machine.env);
  for (const name of SECRET_SETTINGS) hide(settings.env[name]);
  const config = unwrap(validateProject(await importConfig(machine, join(folder, CONFIG_FILE)), CONFIG_FILE));
  return { folder, config, settings, machine: machine.withEnv(settings.env), emit, signal, until };
}

const SECRET_SETTINGS = [
  "DIGITALOCEAN_TOKEN",
  "SPACES_ACCESS_KEY_ID",
  "SPACES_SECRET_ACCESS_KEY",
  "GITHUB_TOKEN",
  "TF_API_TOKEN",
  "TFE_TOKEN",
  "SSH_KEY",
  "DOGE_STATE_KEY",
];

async function importConfig(machine: Machine, path: string): Promise<unknown> {
  let module: { readonly default?: unknown };
  const hooks = standInForDoge();
  try {
    module = (await import(pathToFileURL(path).href)) as typeof module;
  } catch (thrown) {
    const { code, message, stack = "" } = thrown as NodeJS.ErrnoException;
    const range = rangeIn(path, (await machine.files.read(path)) ?? "", stack);
    return fail({
      code: "config-unreadable",
      summary: "The project's configuration can't be loaded",
      detail: message,
      ...(range ? { range } : { address: path }),
      remedy:
        code === "ERR_MODULE_NOT_FOUND"
          ? "Run npm ci first: the configuration imports what it installs."
          : `Mend ${CONFIG_FILE}.`,
    });
  } finally {
    hooks.deregister();
  }
  return module.default;
}

/** `import … from "doge"` works where nothing is installed: in a job that deploys, and for a doge from elsewhere. */
function standInForDoge(): { deregister(): void } {
  return registerHooks({
    resolve(specifier, context, next) {
      try {
        return next(specifier, context);
      } catch (thrown) {
        if (specifier !== "doge") throw thrown;
        const url = "data:text/javascript,export const defineProject = (config) => config;";
        return { url, format: "module", shortCircuit: true };
      }
    },
  });
}

/** Where in the file an import failed: Node says it above a syntax error, under which it sets a caret, or in the stack. */
function rangeIn(path: string, source: string, stack: string): SourceRange | undefined {
  const at = stack.indexOf(`${path}:`);
  const place = /^:(\d+)(?::(\d+))?/.exec(stack.slice(at + path.length));
  if (at < 0 || !place) return undefined;
  const line = Number(place[1]);
  const caret = /^ *\^/m.exec(stack)?.[0].length;
  const excerpt = source.split("\n")[line - 1];
  return {
    file: path,
    start: { line, column: Number(place[2] ?? caret ?? 1) },
    ...(excerpt === undefined ? {} : { excerpt }),
  };
}
