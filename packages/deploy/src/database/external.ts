import { parseEnv } from "node:util";
import { Secret } from "@doge/core";
import type { HostFile } from "../host/host.ts";

/** A value of the app's env files, as the app sees it: later files win. */
export function appValue(
  files: readonly Pick<HostFile, "path" | "content">[],
  app: readonly string[],
  key: string,
): string | undefined {
  return app
    .map((path) => files.find((file) => file.path === path)?.content)
    .map((content) => parseEnv(content instanceof Secret ? content.reveal() : (content ?? ""))[key])
    .findLast((value) => value !== undefined);
}

/**
 * Where DATABASE_URL leads to a server elsewhere: the variables of PostgreSQL's own programs for it, an env file's
 * text. Undefined for the compose service `postgres`, and where there is no such URL.
 */
export function externalDatabase(
  files: readonly Pick<HostFile, "path" | "content">[],
  app: readonly string[],
): Secret | undefined {
  const text = appValue(files, app, "DATABASE_URL") ?? "";
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^postgres(ql)?:$/.test(url.protocol) || url.hostname === "" || url.hostname === "postgres")
    return undefined;
  const [user, password, database] = [url.username, url.password, url.pathname.slice(1)].map(decodeURIComponent);
  const ssl = url.searchParams.get("sslmode");
  const values = {
    PGHOST: url.hostname,
    PGPORT: url.port || "5432",
    PGUSER: user,
    PGPASSWORD: password,
    ...(ssl ? { PGSSLMODE: ssl } : {}),
    PGCONNECT_TIMEOUT: "15",
    POSTGRES_USER: user,
    POSTGRES_DB: database || user,
  };
  return new Secret(
    Object.entries(values)
      .map(([key, value]) => `${key}=${value ?? ""}\n`)
      .join(""),
  );
}
