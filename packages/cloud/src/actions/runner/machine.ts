import { existsSync, readFileSync } from "node:fs";
import { arch, homedir, platform } from "node:os";
import { delimiter, join, sep } from "node:path";

/** Settings of this machine's network: without them `npm ci` reaches nothing behind a proxy or a registry of one's own. */
const networkSettings =
  /^((https?|no|all)_proxy|npm_config_(registry|ca|cafile|proxy|https_proxy|noproxy|strict_ssl)|node_extra_ca_certs|ssl_cert_(file|dir))$/i;

/**
 * What a job gets of the machine: where programs are, its language, its network. Nothing else of the cloud's own
 * environment: no token, no project's setting. npm keeps its cache and the user's registry, though HOME is another.
 */
export function machineEnvironment(
  own: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  const network = Object.entries(own).flatMap(([name, value]) =>
    networkSettings.test(name) && value !== undefined ? [[name, value]] : [],
  );
  return {
    ...(Object.fromEntries(network) as Record<string, string>),
    ...npmSettings(own),
    PATH: machinePath(own["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"),
    LANG: own["LANG"] ?? "C.UTF-8",
  };
}

/** Programs of the machine, not those of whatever npm package started the cloud. */
const machinePath = (path: string): string =>
  path
    .split(delimiter)
    .filter((folder) => !folder.includes(`${sep}node_modules${sep}`))
    .join(delimiter);

function npmSettings(own: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const userConfig = own["npm_config_userconfig"] ?? own["NPM_CONFIG_USERCONFIG"] ?? join(homedir(), ".npmrc");
  const written = existsSync(userConfig) ? readFileSync(userConfig, "utf8") : undefined;
  const cache = own["npm_config_cache"] ?? own["NPM_CONFIG_CACHE"];
  return {
    ...(written !== undefined && { npm_config_userconfig: userConfig }),
    // A cache that the user's file names is found there.
    ...(cache !== undefined
      ? { npm_config_cache: cache }
      : !/^\s*cache\s*=/m.test(written ?? "") && { npm_config_cache: join(homedir(), ".npm") }),
  };
}

export const runnerOs = platform() === "darwin" ? "macOS" : "Linux";
export const runnerArch = arch() === "arm64" ? "ARM64" : "X64";
