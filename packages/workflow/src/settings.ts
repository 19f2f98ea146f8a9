import { type Diagnostic, error, type Files, Redactor, Secret } from "@doge/core";
import { parseEnv } from "node:util";

/** Kept out of version control by the template's .gitignore, as everything under `.envs`. */
export const CREDENTIALS_FILE = ".envs/.doge";

interface TokenInfo {
  readonly what: string;
  readonly where: string;
}

/** Every token that the workflow needs, with the page that makes one. */
export const tokens = {
  DIGITALOCEAN_TOKEN: {
    what: "DigitalOcean API token (read and write)",
    where: "cloud.digitalocean.com → API → Tokens",
  },
  SPACES_ACCESS_KEY_ID: { what: "Spaces access key", where: "cloud.digitalocean.com → Spaces → Access Keys" },
  SPACES_SECRET_ACCESS_KEY: { what: "Spaces secret key", where: "cloud.digitalocean.com → Spaces → Access Keys" },
  GITHUB_TOKEN: {
    what: "GitHub token (repo, workflow, write:packages, delete_repo, delete:packages)",
    where: "github.com → Settings → Developer settings → Tokens",
  },
  TF_API_TOKEN: { what: "HCP Terraform user token", where: "app.terraform.io → Account settings → Tokens" },
} as const satisfies Record<string, TokenInfo>;

export type TokenName = keyof typeof tokens;

/** Where the vendors are: their public addresses, unless the environment or the credentials file says otherwise. */
const endpointDefaults = {
  DIGITALOCEAN_API_URL: "https://api.digitalocean.com",
  SPACES_ENDPOINT_URL: "https://{{.Region}}.digitaloceanspaces.com",
  GITHUB_API_URL: "https://api.github.com",
  GITHUB_GRAPHQL_URL: "https://api.github.com/graphql",
  GITHUB_SERVER_URL: "https://github.com",
  TFE_ADDRESS: "https://app.terraform.io",
  DOGE_REGISTRY_URL: "https://ghcr.io",
} as const;

export type EndpointName = keyof typeof endpointDefaults;

/** What a person or a CI job gives Doge, beside the project's configuration. */
export class Settings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly redactor: Redactor;

  constructor(env: Readonly<Record<string, string | undefined>>, redactor: Redactor) {
    this.env = env;
    this.redactor = redactor;
    for (const name of [...Object.keys(tokens), "TFE_TOKEN", "SSH_KEY", "DOGE_STATE_KEY"]) redactor.add(env[name]);
  }

  /** The token, or undefined; `TFE_TOKEN` is another spelling of `TF_API_TOKEN`. */
  token(name: TokenName): Secret | undefined {
    const value = this.env[name] ?? (name === "TF_API_TOKEN" ? this.env["TFE_TOKEN"] : undefined);
    return value ? new Secret(value) : undefined;
  }

  endpoint(name: EndpointName): string {
    return (this.env[name] || endpointDefaults[name]).replace(/\/+$/, "");
  }

  /** Tokens that are missing of those asked for, as diagnostics. */
  missing(names: readonly TokenName[]): readonly Diagnostic[] {
    return names
      .filter((name) => !this.token(name))
      .map((name) =>
        error({
          code: "token-missing",
          summary: "A token is missing",
          detail: `${name}: ${tokens[name].what}`,
          address: name,
          remedy: `Make one (${tokens[name].where}) and write ${name}=… into ${CREDENTIALS_FILE}, or set it in the environment.`,
        }),
      );
  }
}

/** The way to the vendors. Machines set these for everything they do; a project that names its own knows better. */
const transport = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "NODE_EXTRA_CA_CERTS"] as const;

/** The credentials file under the environment: what the environment sets wins, but for the transport. */
export async function loadSettings(
  files: Files,
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Settings> {
  const text = await files.read(`${folder}/${CREDENTIALS_FILE}`);
  const fromFile = text ? parseEnv(text) : {};
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value));
  const own = Object.fromEntries(transport.flatMap((name) => (fromFile[name] ? [[name, fromFile[name]]] : [])));
  return new Settings({ ...fromFile, ...present, ...own }, new Redactor());
}

/** The credentials file that `doge new` writes: known values filled in, the others to be filled in. */
export function credentialsFile(values: Readonly<Record<string, string | undefined>>): string {
  const known = new Set<string>(Object.keys(tokens));
  const lines = Object.entries(tokens).flatMap(([name, info]) => [
    `# ${info.what}: ${info.where}`,
    `${name}=${values[name] ?? (name === "TF_API_TOKEN" ? (values["TFE_TOKEN"] ?? "") : "")}`,
    "",
  ]);
  const others = Object.entries(values).filter(([name, value]) => value && !known.has(name) && name !== "TFE_TOKEN");
  return [
    "# Tokens of this project. Never commit this file.",
    "",
    ...lines,
    ...(others.length > 0
      ? [
          "# Where the vendors are (leave out for the public ones).",
          ...others.map(([name, value]) => `${name}=${value}`),
          "",
        ]
      : []),
  ].join("\n");
}
