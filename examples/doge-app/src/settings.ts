import type { Keys } from "./web/sign.ts";

/** What the app takes from its environment. Read once at the start, so that a wrong value stops it there. */
export interface Settings {
  readonly port: number;
  /** `local`, `stage` or `prod`. */
  readonly environment: string;
  /** Number of the release, given by `doge deploy`. */
  readonly release: string;
  readonly commit: string;
  /** Origin that people see, such as `https://example.com`: links in mails, cookies, CSRF. */
  readonly siteUrl: string;
  /** SECRET_KEY signs cookies and encrypts second factors. What SECRET_KEY_PREVIOUS did before a rotation is still good. */
  readonly secretKeys: Keys;
  readonly databaseUrl: string;
  readonly databasePool: number;
  /** `smtp(s)://…`, or `folder:PATH` (development: shown at /mailbox/). */
  readonly mailUrl: string;
  readonly mailFrom: string;
  /** `s3://KEY:SECRET@HOST/BUCKET` (`s3+http://…` without TLS) or `folder:PATH`. */
  readonly storageUrl: string;
  /** Begins and ends with a slash. */
  readonly adminPath: string;
  readonly registrationOpen: boolean;
  /** Whether this process also runs jobs; false where a worker process does. */
  readonly jobsInWeb: boolean;
  /** Bearer token of `/metrics`; without it the page is there in development only. */
  readonly metricsToken: string | undefined;
  /** OTLP over HTTP: traces go to `<endpoint>/v1/traces`. */
  readonly otlpEndpoint: string | undefined;
  /** Errors are posted here as JSON. */
  readonly errorWebhook: string | undefined;
}

export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

type Env = Readonly<Record<string, string | undefined>>;

/** Throws a SettingsError that names everything that is missing or wrong, not only the first. */
export function readSettings(env: Env): Settings {
  const troubles: string[] = [];
  const environment = env["DOGE_ENVIRONMENT"] ?? "local";
  const local = environment === "local";

  /** An empty line in an env file means: not set. */
  const given = (name: string): string | undefined => env[name] || undefined;

  function required(name: string, localDefault: string | undefined, hint: string): string {
    const value = given(name) ?? (local ? localDefault : undefined);
    if (value === undefined) troubles.push(`${name} is missing: ${hint}`);
    return value ?? "";
  }
  function matching(name: string, value: string, pattern: RegExp, hint: string): string {
    // The value stays out of the message: it may hold a password.
    if (value !== "" && !pattern.test(value)) troubles.push(`${name} must be ${hint}`);
    return value;
  }
  function whole(name: string, fallback: number, least: number, most: number): number {
    const value = Number(given(name) ?? fallback);
    if (!Number.isInteger(value) || value < least || value > most) {
      troubles.push(`${name} must be a whole number from ${least} to ${most}, but is "${env[name]}"`);
    }
    return value;
  }
  function flag(name: string, fallback: boolean): boolean {
    const value = given(name) ?? String(fallback);
    if (value !== "true" && value !== "false") troubles.push(`${name} must be true or false, but is "${value}"`);
    return value === "true";
  }

  const port = whole("PORT", Number("3000"), 0, 65_535);
  const siteUrl = matching(
    "SITE_URL",
    required("SITE_URL", `http://localhost:${port}`, "set it to the site's origin, such as https://example.com"),
    /^https?:\/\/[^/\s]+$/,
    "an origin without a path, such as https://example.com",
  );
  const secretKey = required("SECRET_KEY", "local-only-local-only-local-only!", "at least 32 random characters");
  const previousKey = given("SECRET_KEY_PREVIOUS");
  for (const [name, key] of Object.entries({ SECRET_KEY: secretKey, SECRET_KEY_PREVIOUS: previousKey }))
    if (key && key.length < 32) troubles.push(`${name} must have at least 32 characters`);

  const settings: Settings = {
    port,
    environment,
    release: given("DOGE_RELEASE") ?? "unreleased",
    commit: given("DOGE_COMMIT") ?? "",
    siteUrl,
    secretKeys: previousKey && previousKey !== secretKey ? [secretKey, previousKey] : [secretKey],
    databaseUrl: matching(
      "DATABASE_URL",
      required("DATABASE_URL", undefined, "set it to postgres://user:password@host:5432/database"),
      /^postgres(ql)?:\/\/\S+$/,
      "an address that begins with postgres://",
    ),
    databasePool: whole("DATABASE_POOL", 10, 1, 200),
    mailUrl: matching(
      "MAIL_URL",
      given("MAIL_URL") ?? "folder:.data/mailbox",
      /^(smtps?:\/\/|folder:).+/,
      "smtp://user:password@host:587 or folder:PATH",
    ),
    mailFrom: given("MAIL_FROM") ?? "Doge App <noreply@doge-app.example>",
    storageUrl: matching(
      "STORAGE_URL",
      given("STORAGE_URL") ?? "folder:.data/media",
      /^(s3(\+http)?:\/\/[^:]+:[^@]+@[^/]+\/.+|folder:.+)$/,
      "s3://KEY:SECRET@HOST/BUCKET or folder:PATH",
    ),
    adminPath: matching("ADMIN_PATH", given("ADMIN_PATH") ?? "/admin/", /^\/[\w-]+(\/[\w-]+)*\/$/, "a path such as /admin/, with both slashes"),
    registrationOpen: flag("REGISTRATION_OPEN", true),
    jobsInWeb: flag("JOBS_IN_WEB", true),
    metricsToken: given("METRICS_TOKEN"),
    otlpEndpoint: given("OTEL_EXPORTER_OTLP_ENDPOINT")?.replace(/\/$/, ""),
    errorWebhook: given("ERROR_WEBHOOK"),
  };
  if (troubles.length > 0) throw new SettingsError(troubles.join("\n"));
  return settings;
}
