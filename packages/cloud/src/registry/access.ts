/** Bearer tokens with scopes, as ghcr.io gives them for GitHub's tokens. */
import { randomBytes } from "node:crypto";
import type { GitHubIdentity } from "../ports.ts";
import { RegistryError } from "./errors.ts";
import { mirrored, type Registry } from "./model.ts";

export type Action = "pull" | "push" | "delete";

export interface Access {
  /** `GET /token`. */
  issue(request: Request): Response;
  /** @throws RegistryError UNAUTHORIZED with the challenge, DENIED for a token that does not reach this. */
  require(request: Request, repository: string, action: Action): void;
  /** For `GET /v2/`: any token that we issued. */
  authenticate(request: Request): void;
}

interface Grant {
  readonly actions: ReadonlyMap<string, readonly Action[]>;
  /** In milliseconds since 1970. */
  readonly expires: number;
}

const lifetimeSeconds = 300;

/** Tokens live in memory: after a restart clients are challenged again. */
export function createAccess(registry: Registry): Access {
  const grants = new Map<string, Grant>();
  const now = (): number => registry.context.now().getTime();

  const challenge = (scope?: string): RegistryError => {
    const service = new URL(registry.context.url("registry")).host;
    const parameters = [
      `realm="${registry.context.url("registry")}/token"`,
      `service="${service}"`,
      ...(scope ? [`scope="${scope}"`] : []),
    ];
    return new RegistryError("UNAUTHORIZED", "authentication required", {
      "www-authenticate": `Bearer ${parameters.join(",")}`,
    });
  };

  const grantOf = (request: Request, scope?: string): Grant => {
    const [, token = ""] = /^Bearer (.+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
    const grant = grants.get(token);
    if (!grant || grant.expires < now()) throw challenge(scope);
    return grant;
  };

  return {
    issue(request) {
      const identity = identityOf(registry, request);
      const actions = new Map<string, readonly Action[]>();
      for (const asked of new URL(request.url).searchParams.getAll("scope").flatMap((scope) => scope.split(" "))) {
        const [, repository = "", wanted = ""] = /^repository:(.+):([a-z,*]+)$/.exec(asked) ?? [];
        const given = wanted
          .replace("*", "pull,push,delete")
          .split(",")
          .filter((action): action is Action => isAction(action) && allows(registry, identity, repository, action));
        if (repository !== "") actions.set(repository, given);
      }
      for (const [old, { expires }] of grants) if (expires < now()) grants.delete(old);
      const token = randomBytes(32).toString("base64url");
      grants.set(token, { actions, expires: now() + lifetimeSeconds * 1000 });
      return Response.json({
        token,
        access_token: token,
        expires_in: lifetimeSeconds,
        issued_at: registry.context.now().toISOString(),
      });
    },
    require(request, repository, action) {
      const scope = `repository:${repository}:${action === "pull" ? "pull" : "pull,push"}`;
      const given = grantOf(request, scope).actions.get(repository);
      // A token for something else: the client may ask for another.
      if (!given) throw challenge(scope);
      if (!given.includes(action)) throw new RegistryError("DENIED", "requested access to the resource is denied");
    },
    authenticate: (request) => void grantOf(request),
  };
}

const isAction = (text: string): text is Action => text === "pull" || text === "push" || text === "delete";

/** Undefined for nobody. @throws RegistryError DENIED for a wrong token: it must not pass for nobody's. */
function identityOf(registry: Registry, request: Request): GitHubIdentity | undefined {
  const header = request.headers.get("authorization");
  if (header === null) return undefined;
  const [, encoded = ""] = /^Basic (.+)$/i.exec(header) ?? [];
  const [user = "", ...token] = Buffer.from(encoded, "base64").toString().split(":");
  const identity = registry.identify(user, token.join(":"));
  if (!identity) throw new RegistryError("DENIED", "denied");
  return identity;
}

const enough: Readonly<Record<Action, readonly string[]>> = {
  pull: ["read:packages", "write:packages", "packages:read", "packages:write"],
  push: ["write:packages", "packages:write"],
  delete: ["delete:packages", "packages:write"],
};

function allows(registry: Registry, identity: GitHubIdentity | undefined, repository: string, action: Action): boolean {
  if (mirrored(repository)) return action === "pull";
  if (action === "pull" && registry.isPublic?.(repository)) return true;
  if (!identity || !enough[action].some((scope) => identity.scopes.includes(scope))) return false;
  if (identity.repository === undefined) return true;
  // A job's token reaches the packages of its own repository: `owner/name` and what is below it.
  const own = identity.repository.toLowerCase();
  return repository === own || repository.startsWith(`${own}/`);
}
