import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import { fail, Secret } from "@doge/core";
import { tailOf } from "../containers/containers.ts";
import type { Compose } from "../containers/docker.ts";
import type { Host, HostFile } from "../host/host.ts";
import { appValue } from "./external.ts";

/** Who an app is to the droplet's own database, by its env files. */
export interface DatabaseLogin {
  readonly user: string;
  readonly password: Secret;
  /** POSTGRES_USER: made with the database, and owner of everything in it. */
  readonly owner: string;
}

/** Roles that take turns: while one's password is new, the other's still works. */
export const turns = (owner: string): readonly [string, string] => [owner, `${owner}_b`];

/** The login in DATABASE_URL, where it leads to the compose service `postgres`. */
export function loginOf(
  files: readonly Pick<HostFile, "path" | "content">[],
  app: readonly string[],
): DatabaseLogin | undefined {
  const url = appValue(files, app, "DATABASE_URL") ?? "";
  const owner = appValue(files, [".envs/.production/.postgres"], "POSTGRES_USER");
  if (owner === undefined || !URL.canParse(url)) return undefined;
  const { hostname, username, password } = new URL(url);
  if (hostname !== "postgres" || password === "" || !turns(owner).includes(username)) return undefined;
  return { user: username, password: new Secret(decodeURIComponent(password)), owner };
}

/**
 * Lets the app's role log in with its password, and makes it where it is the second of two. That one acts as the
 * owner: what it makes is the owner's. The password itself does not travel, and is in no log of the server.
 */
export const ensureLogin = (host: Host, services: Compose, { user, password, owner }: DatabaseLogin): Promise<void> =>
  administer(
    host,
    services,
    [
      `SELECT 'CREATE ROLE "${user}"' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${user}') \\gexec`,
      ...(user === owner ? [] : [`GRANT "${owner}" TO "${user}";`, `ALTER ROLE "${user}" SET role = '${owner}';`]),
      `ALTER ROLE "${user}" LOGIN PASSWORD '${verifierOf(password.reveal())}';`,
    ],
    "giving the app its role",
  );

/** The other of the two has no password any more: over the network it can't log in. */
export function retireLogin(host: Host, services: Compose, { user, owner }: DatabaseLogin): Promise<void> {
  const other = turns(owner).find((role) => role !== user) ?? "";
  const retire = `SELECT 'ALTER ROLE "${other}" PASSWORD NULL' FROM pg_roles WHERE rolname = '${other}' \\gexec`;
  return administer(host, services, [retire], "taking the old password away");
}

async function administer(host: Host, services: Compose, statements: readonly string[], doing: string): Promise<void> {
  const psql = 'exec psql --username "$POSTGRES_USER" --dbname template1 --quiet --no-psqlrc -v ON_ERROR_STOP=1';
  const result = await host.run({
    argv: services.exec("postgres", ["sh", "-c", psql]),
    stdin: `SET client_min_messages = warning;\n${statements.join("\n")}\n`,
  });
  if (result.exitCode === 0) return;
  fail({
    code: "database-role",
    summary: "The app's role in the database could not be changed",
    detail: `${doing}: ${tailOf(result)}`,
    address: host.name,
    remedy: "See the database with `doge db psql`: POSTGRES_USER must be a superuser, as the image makes it.",
  });
}

/** What Postgres keeps of a password (RFC 5803). */
export function verifierOf(password: string, salt: Buffer = randomBytes(16)): string {
  const iterations = 4_096;
  const salted = pbkdf2Sync(password, salt, iterations, 32, "sha256");
  const key = (name: string): Buffer => createHmac("sha256", salted).update(name).digest();
  const stored = createHash("sha256").update(key("Client Key")).digest("base64");
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${stored}:${key("Server Key").toString("base64")}`;
}
