/** What the app takes from its environment. Read once at the start, so that a wrong value stops it there. */
export interface Settings {
  readonly port: number;
  readonly databaseUrl: string;
  /** `local`, `stage` or `prod`. */
  readonly environment: string;
  /** Number of the release, given by `doge deploy`. */
  readonly release: string;
  readonly commit: string;
}

export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

/** Throws a SettingsError that names everything that is missing or wrong, not only the first. */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const troubles: string[] = [];

  const port = Number(env["PORT"] ?? "{{port}}");
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    troubles.push(`PORT must be a port number, but is "${env["PORT"]}"`);
  }

  const databaseUrl = env["DATABASE_URL"] ?? "";
  if (databaseUrl === "") {
    troubles.push("DATABASE_URL is missing: set it to postgres://user:password@host:5432/database");
  } else if (!/^postgres(ql)?:\/\//.test(databaseUrl)) {
    troubles.push("DATABASE_URL must begin with postgres://");
  }

  if (troubles.length > 0) throw new SettingsError(troubles.join("\n"));
  return {
    port,
    databaseUrl,
    environment: env["DOGE_ENVIRONMENT"] ?? "local",
    release: env["DOGE_RELEASE"] ?? "unreleased",
    commit: env["DOGE_COMMIT"] ?? "",
  };
}
