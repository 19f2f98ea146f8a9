import { type Clock, fail, type Http, type HttpResponse, type Secret, sendWithRetry } from "@doge/core";

export interface RegistryCredentials {
  readonly username: string;
  readonly password: Secret;
}

export interface Challenge {
  readonly scheme: "bearer" | "basic";
  readonly realm?: string;
  readonly service?: string;
  readonly scope?: string;
}

/** Reads `WWW-Authenticate: Bearer realm="…",service="…",scope="…"`. */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  const [, scheme, rest = ""] = /^(bearer|basic)\b\s*(.*)$/i.exec(header ?? "") ?? [];
  if (!scheme) return undefined;
  const parameters: Record<string, string> = {};
  for (const [, key, quoted, bare] of rest.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/g)) {
    if (key) parameters[key.toLowerCase()] = quoted ?? bare ?? "";
  }
  const { realm, service, scope } = parameters;
  return {
    scheme: scheme.toLowerCase() === "basic" ? "basic" : "bearer",
    ...(realm ? { realm } : {}),
    ...(service ? { service } : {}),
    ...(scope ? { scope } : {}),
  };
}

const basic = (credentials: RegistryCredentials): string =>
  `Basic ${Buffer.from(`${credentials.username}:${credentials.password.reveal()}`).toString("base64")}`;

/** The `Authorization` header that answers a challenge. `scopes` are what the request at hand needs. */
export async function answerChallenge(
  { http, clock }: { readonly http: Http; readonly clock: Clock },
  challenge: Challenge,
  credentials: RegistryCredentials | undefined,
  scopes: readonly string[],
): Promise<string | undefined> {
  if (challenge.scheme === "basic") return credentials && basic(credentials);
  if (!challenge.realm) return undefined;
  const url = new URL(challenge.realm);
  if (challenge.service) url.searchParams.set("service", challenge.service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  const response = await sendWithRetry(http, clock, {
    method: "GET",
    url: url.href,
    headers: credentials ? { authorization: basic(credentials) } : {},
  });
  if (response.status !== 200) return refuse(response, url.origin);
  const answer = response.json() as { readonly token?: string; readonly access_token?: string };
  return `Bearer ${answer.token ?? answer.access_token ?? ""}`;
}

const refuse = (response: HttpResponse, address: string): never =>
  fail({
    code: "registry-auth",
    summary: "The container registry does not accept the token",
    detail: `its token service answered ${response.status}`,
    address,
    remedy: "Give a GITHUB_TOKEN with the scope write:packages (in GitHub Actions: `permissions: packages: write`).",
  });
