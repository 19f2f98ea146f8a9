import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Hono } from "hono";
import type { Actions, CloudContext, Gap, GitHubForActions, GitHubIdentity, Packages, Service } from "../ports.ts";
import { createAccess, type ConfiguredToken } from "./access.ts";
import { ApiError } from "./errors.ts";
import { forActions } from "./for-actions.ts";
import { writeHooks } from "./git/receive.ts";
import { gitRoutes } from "./git/smart-http.ts";
import { graphqlRoutes } from "./graphql/route.ts";
import { createHub, type Hub } from "./hub.ts";
import { pageRoutes } from "./pages/routes.ts";
import { findRepository, fullName, openRecords } from "./records.ts";
import { branchRoutes } from "./rest/branches.ts";
import { checkRoutes } from "./rest/checks.ts";
import { commitRoutes } from "./rest/commits.ts";
import { contentRoutes } from "./rest/contents.ts";
import { deploymentRoutes } from "./rest/deployments.ts";
import { dispatchRoutes } from "./rest/dispatches.ts";
import { environmentRoutes } from "./rest/environments.ts";
import { gitDataRoutes } from "./rest/git-data.ts";
import { issueRoutes } from "./rest/issues.ts";
import { packageRoutes } from "./rest/packages.ts";
import { pullRoutes } from "./rest/pulls.ts";
import { repositoryRoutes } from "./rest/repositories.ts";
import { reviewRoutes } from "./rest/reviews.ts";
import { routes, type Env } from "./rest/route.ts";
import { settingRoutes } from "./rest/settings.ts";

export interface GitHubOptions {
  /** Whose repositories: a user where a token is theirs, else an organization. */
  readonly owner: string;
  /** Personal access tokens, classic. In an organization the first one's login owns it. */
  readonly tokens: readonly ConfiguredToken[];
  readonly actions: () => Actions;
  /** What the registry holds; without it there are no packages. */
  readonly packages?: () => Packages;
}

export interface GitHub {
  readonly service: Service;
  readonly forActions: GitHubForActions;
  /** Who a user name and token are, also for the container registry; undefined for a wrong token. */
  identify(user: string, token: string): GitHubIdentity | undefined;
}

/**
 * GitHub: REST at `/api/v3`, GraphQL at `/api/graphql`, git and web pages at `/owner/repository`, all on one port.
 * Repositories are bare ones in `<folder>/github`, served by git itself.
 */
export function createGitHub(context: CloudContext, options: GitHubOptions): GitHub {
  const records = openRecords(context.store);
  const access = createAccess(context, records, options);
  const hub = createHub({ context, records, access, actions: options.actions });
  return {
    service: {
      name: "github",
      app: appOf(hub, options.packages),
      start: async () => {
        await mkdir(join(context.folder, "github", "repositories"), { recursive: true });
        await writeHooks(hub.hooks);
      },
      inventory: async () =>
        records.repositories.list().map((repository) => ({
          service: "github",
          kind: "repository",
          id: String(repository.id),
          name: fullName(repository),
        })),
      gaps,
    },
    forActions: forActions(hub),
    identify: (_user, token) => access.identify(token),
  };
}

function appOf(hub: Hub, packages: GitHubOptions["packages"]): Hono {
  const app = new Hono();
  app.onError((thrown, c) => {
    if (thrown instanceof ApiError) return c.json(thrown.body(), thrown.status, { ...thrown.headers });
    hub.context.log("github", `${c.req.method} ${new URL(c.req.url).pathname}: ${thrown.stack ?? thrown.message}`);
    return c.json({ message: "Server Error", documentation_url: "https://docs.github.com/rest", status: "500" }, 500);
  });
  app.route("/api", apiOf(hub, packages));
  app.route("/", gitRoutes(hub));
  // Only of repositories that are here: no other path must reach Actions' REST routes past the authentication.
  for (const path of ["/:owner/:repo/actions", "/:owner/:repo/actions/*"]) {
    app.get(path, (c) => {
      const found = findRepository(hub.records, c.req.param("owner") ?? "", c.req.param("repo") ?? "");
      return found ? hub.actions().routes.fetch(c.req.raw) : c.notFound();
    });
  }
  app.route("/", pageRoutes(hub));
  return app;
}

function apiOf(hub: Hub, packages: GitHubOptions["packages"]): Hono<Env> {
  const app = routes();
  app.use(async (c, next) => {
    c.header("x-github-media-type", "github.v3; format=json");
    c.header("x-github-enterprise-version", "3.17.0");
    c.header("x-github-api-version-selected", c.req.header("x-github-api-version") ?? "2022-11-28");
    const viewer = hub.access.authenticate(c.req.header("authorization"));
    c.set("viewer", viewer);
    if (viewer && viewer.repository === undefined) c.header("x-oauth-scopes", viewer.scopes.join(", "));
    await next();
  });
  app.route("/graphql", graphqlRoutes(hub));
  const rest = routes();
  rest.get("/", (c) =>
    c.json({ current_user_url: `${hub.api()}/user`, repository_url: `${hub.api()}/repos/{owner}/{repo}` }),
  );
  rest.get("/meta", (c) => c.json({ verifiable_password_authentication: false, installed_version: "3.17.0" }));
  rest.get("/rate_limit", (c) => c.json(rateLimit(hub)));
  // In this order: what ends in a word goes before what takes a whole ref.
  for (const part of [
    repositoryRoutes,
    checkRoutes,
    commitRoutes,
    gitDataRoutes,
    contentRoutes,
    branchRoutes,
    settingRoutes,
    environmentRoutes,
    pullRoutes,
    reviewRoutes,
    issueRoutes,
    deploymentRoutes,
    dispatchRoutes,
  ]) {
    rest.route("/", part(hub));
  }
  if (packages) rest.route("/", packageRoutes(hub, packages));
  rest.all("*", () => {
    throw new ApiError(404, "Not Found");
  });
  app.route("/v3", rest);
  return app;
}

function rateLimit(hub: Hub) {
  const reset = Math.ceil(hub.context.now().getTime() / 1000) + 3600;
  const core = { limit: 5000, used: 0, remaining: 5000, reset };
  return { resources: { core, graphql: core, search: { ...core, limit: 30, remaining: 30 } }, rate: core };
}

const gaps: readonly Gap[] = [
  "No forks, stars, watchers, projects, wikis, releases, pages, gists, discussions or search.",
  "No webhooks, GitHub Apps, deploy keys, SSH access to repositories, fine-grained tokens or two-factor rules.",
  "Branch protection is the classic one (GraphQL and REST reads); no rulesets, code owners, signatures or merge queue.",
  "Reviews have no line comments; Markdown is not rendered; there are no reactions, milestones or timelines.",
  "Wait timers and required reviewers of environments are stored, not waited for.",
  "GraphQL knows repositories, refs, pull requests and branch protection rules; GitHub's full schema is not here.",
  "Rate limits are announced, never enforced; conditional requests (ETag) are answered in full.",
  "Web pages need no login: they answer on this machine alone.",
  "An owner's name that nobody has is an organization of the token's user as soon as it is asked for.",
].map((gap) => ({ service: "github", gap }));
