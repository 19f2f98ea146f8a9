import type { Hono } from "hono";
import { sameLogin } from "../access.ts";
import { ApiError, notFound, validationFailed } from "../errors.ts";
import type { Hub } from "../hub.ts";
import type { RepositoryDocument, Role } from "../model.ts";
import { createRepository, deleteRepository } from "../repositories.ts";
import { nodeId } from "../nodes.ts";
import { fullRepository, repositoryBody, repositoryUrl } from "../views/repositories.ts";
import { fullUser, organization, simpleUser } from "../views/users.ts";
import {
  enter,
  inputOf,
  optional,
  oneOf,
  page,
  param,
  requiredText,
  routes,
  viewerOf,
  idOf,
  type Call,
  type Env,
  type Input,
} from "./route.ts";

/** Users, organizations, repositories, topics. */
export function repositoryRoutes(hub: Hub): Hono<Env> {
  const app = routes();

  app.get("/user", (c) => {
    const viewer = viewerOf(c);
    const account = hub.access.account(viewer.login);
    if (viewer.repository !== undefined || !account) throw new ApiError(403, "Resource not accessible by integration");
    return c.json(fullUser(hub, account, true));
  });
  app.get("/users/:username", (c) => {
    const account = hub.access.ownerNamed(param(c, "username"));
    if (!account) throw notFound();
    return c.json(fullUser(hub, account));
  });
  app.get("/orgs/:org", (c) => c.json(organization(hub, organizationOf(hub, c))));

  app.get("/user/repos", (c) => {
    const viewer = viewerOf(c);
    return page(
      hub,
      c,
      visible(hub, c, (repository) => {
        return hub.access.roleOf(viewer.login, repository) === "admin" || viewer.login in repository.collaborators;
      }),
      (repository) => fullRepository(hub, repository, viewer),
    );
  });
  app.get("/users/:username/repos", (c) => {
    const owner = param(c, "username");
    if (!hub.access.account(owner)) throw notFound();
    return page(
      hub,
      c,
      visible(hub, c, (repository) => sameLogin(repository.owner, owner)),
      (repository) => repositoryBody(hub, repository),
    );
  });
  app.get("/orgs/:org/repos", (c) => {
    const { login } = organizationOf(hub, c);
    return page(
      hub,
      c,
      visible(hub, c, (repository) => repository.owner === login),
      (repository) => repositoryBody(hub, repository),
    );
  });

  app.post("/user/repos", async (c) => {
    const { login } = viewerOf(c);
    return created(hub, c, login, await inputOf(c));
  });
  app.post("/orgs/:org/repos", async (c) => {
    viewerOf(c);
    return created(hub, c, organizationOf(hub, c).login, await inputOf(c));
  });

  app.get("/repos/:owner/:repo", (c) => {
    const { repository } = enter(hub, c, "metadata");
    return c.json(fullRepository(hub, repository, c.get("viewer")));
  });
  app.patch("/repos/:owner/:repo", async (c) => {
    const { repository, viewer } = enter(hub, c, "administration", "write");
    const input = await inputOf(c);
    const change = settings(input);
    const { defaultBranch } = change;
    if (defaultBranch !== undefined) {
      if ((await hub.git(repository).branch(defaultBranch)) === undefined) {
        throw validationFailed({
          resource: "Repository",
          code: "invalid",
          field: "default_branch",
          message: `The branch ${defaultBranch} was not found. Please push that ref first or create it via the Git Data API.`,
        });
      }
      await hub.git(repository).setHead(defaultBranch);
    }
    const name = optional.text(input, "name");
    const changed = hub.records.repositories.put(repository.id, {
      ...repository,
      ...change,
      ...(name !== undefined && { name }),
      updatedAt: hub.now(),
    });
    return c.json(fullRepository(hub, changed, viewer));
  });
  app.delete("/repos/:owner/:repo", async (c) => {
    const { repository, viewer } = enter(hub, c, "administration", "write");
    if (!viewer.scopes.includes("delete_repo")) {
      throw new ApiError(403, "Must have admin rights to Repository.", {
        headers: { "x-accepted-oauth-scopes": "delete_repo" },
      });
    }
    await deleteRepository(hub, repository);
    return c.body(null, 204);
  });

  app.get("/repos/:owner/:repo/topics", (c) => c.json({ names: enter(hub, c, "metadata").repository.topics }));
  app.put("/repos/:owner/:repo/topics", async (c) => {
    const { repository } = enter(hub, c, "administration", "write");
    const names = optional.texts(await inputOf(c), "names") ?? [];
    const wrong = names.find((name) => !/^[a-z0-9][a-z0-9-]{0,49}$/.test(name));
    if (wrong !== undefined) {
      throw validationFailed(
        "Topics must start with a lowercase letter or number, consist of 50 characters or less, and can include hyphens.",
      );
    }
    hub.records.repositories.put(repository.id, { ...repository, topics: names, updatedAt: hub.now() });
    return c.json({ names });
  });
  app.get("/repos/:owner/:repo/languages", (c) => {
    enter(hub, c, "metadata");
    return c.json({});
  });

  collaboratorRoutes(hub, app);
  return app;
}

const roles: Readonly<Record<string, Role>> = {
  pull: "read",
  triage: "read",
  push: "write",
  maintain: "write",
  admin: "admin",
};

function collaboratorRoutes(hub: Hub, app: Hono<Env>): void {
  const permission = { read: "read", write: "write", admin: "admin" } as const;
  const collaborator = (repository: RepositoryDocument, login: string): Record<string, unknown> => {
    const role = hub.access.roleOf(login, repository) ?? "read";
    const permissions = {
      pull: true,
      triage: role !== "read",
      push: role !== "read",
      maintain: role === "admin",
      admin: role === "admin",
    };
    return { ...simpleUser(hub, login), permissions, role_name: permission[role] };
  };

  app.get("/repos/:owner/:repo/collaborators", (c) => {
    const { repository } = enter(hub, c, "metadata");
    return page(hub, c, [repository.owner, ...Object.keys(repository.collaborators)], (login) =>
      collaborator(repository, login),
    );
  });
  app.get("/repos/:owner/:repo/collaborators/:username/permission", (c) => {
    const { repository } = enter(hub, c, "metadata");
    const account = hub.access.account(param(c, "username"));
    if (!account) throw notFound();
    const role = hub.access.roleOf(account.login, repository);
    return c.json({
      permission: role ?? "none",
      role_name: role ?? "none",
      user: collaborator(repository, account.login),
    });
  });
  app.get("/repos/:owner/:repo/collaborators/:username", (c) => {
    const { repository } = enter(hub, c, "metadata");
    const username = param(c, "username");
    if (!sameLogin(username, repository.owner) && !(username in repository.collaborators)) throw notFound();
    return c.body(null, 204);
  });
  app.put("/repos/:owner/:repo/collaborators/:username", async (c) => {
    const { repository, viewer } = enter(hub, c, "administration", "write");
    const role = roles[optional.text(await inputOf(c), "permission") ?? "push"] ?? "write";
    const account = hub.access.account(param(c, "username"));
    if (!account) throw notFound();
    if (account.login in repository.collaborators) {
      const collaborators = { ...repository.collaborators, [account.login]: role };
      hub.records.repositories.put(repository.id, { ...repository, collaborators });
      return c.body(null, 204);
    }
    const id = hub.context.ids.next("github.invitations");
    hub.records.invitations.put(id, {
      id,
      repository: repository.id,
      invitee: account.login,
      inviter: viewer.login,
      role,
      createdAt: hub.now(),
    });
    return c.json(invitationBody(hub, id), 201);
  });
  app.delete("/repos/:owner/:repo/collaborators/:username", (c) => {
    const { repository } = enter(hub, c, "administration", "write");
    const { [param(c, "username")]: _, ...collaborators } = repository.collaborators;
    hub.records.repositories.put(repository.id, { ...repository, collaborators });
    return c.body(null, 204);
  });

  app.get("/user/repository_invitations", (c) => {
    const { login } = viewerOf(c);
    return page(
      hub,
      c,
      hub.records.invitations.list(({ invitee }) => sameLogin(invitee, login)),
      ({ id }) => invitationBody(hub, id),
    );
  });
  const answerInvitation = (c: Call, accept: boolean): Response => {
    const { login } = viewerOf(c);
    const invitation = hub.records.invitations.get(idOf(c, "invitation_id"));
    if (!invitation || !sameLogin(invitation.invitee, login)) throw notFound();
    hub.records.invitations.delete(invitation.id);
    if (accept) {
      hub.records.repositories.update(invitation.repository, (repository) => ({
        ...repository,
        collaborators: { ...repository.collaborators, [login]: invitation.role },
      }));
    }
    return c.body(null, 204);
  };
  app.patch("/user/repository_invitations/:invitation_id", (c) => answerInvitation(c, true));
  app.delete("/user/repository_invitations/:invitation_id", (c) => answerInvitation(c, false));
}

function invitationBody(hub: Hub, id: number): Record<string, unknown> {
  const invitation = hub.records.invitations.get(id);
  const repository = invitation && hub.records.repositories.get(invitation.repository);
  if (!repository) throw notFound();
  return {
    id,
    node_id: nodeId("RI", repository.id, id),
    repository: repositoryBody(hub, repository),
    invitee: simpleUser(hub, invitation.invitee),
    inviter: simpleUser(hub, invitation.inviter),
    permissions: invitation.role,
    created_at: invitation.createdAt,
    expired: false,
    url: `${hub.api()}/user/repository_invitations/${id}`,
    html_url: `${repositoryUrl(hub, repository)}/invitations`,
  };
}

function organizationOf(hub: Hub, c: Call) {
  const account = hub.access.ownerNamed(param(c, "org"));
  if (account?.type !== "Organization") throw notFound();
  return account;
}

/** Repositories that this client can see. */
function visible(hub: Hub, c: Call, where: (repository: RepositoryDocument) => boolean): RepositoryDocument[] {
  return hub.records.repositories.list(
    (repository) => where(repository) && hub.access.may(c.get("viewer"), repository, "metadata", "read"),
  );
}

async function created(hub: Hub, c: Call, owner: string, input: Input): Promise<Response> {
  const viewer = viewerOf(c);
  const repository = await createRepository(hub, viewer, {
    owner,
    name: requiredText(input, "name"),
    private: optional.boolean(input, "private") ?? optional.text(input, "visibility") === "private",
    settings: settings(input),
    readme: optional.boolean(input, "auto_init") ?? false,
  });
  c.header("location", repositoryUrl(hub, repository));
  return c.json(fullRepository(hub, repository, viewer), 201);
}

/** What of a repository a client may set. */
function settings(input: Input): Partial<RepositoryDocument> {
  const visibility = oneOf(input, "visibility", ["public", "private", "internal"]);
  const wanted: Record<string, unknown> = {
    description: input["description"] === null ? null : optional.text(input, "description"),
    homepage: input["homepage"] === null ? null : optional.text(input, "homepage"),
    private: visibility === undefined ? optional.boolean(input, "private") : visibility !== "public",
    defaultBranch: optional.text(input, "default_branch"),
    archived: optional.boolean(input, "archived"),
    allowMergeCommit: optional.boolean(input, "allow_merge_commit"),
    allowSquashMerge: optional.boolean(input, "allow_squash_merge"),
    allowRebaseMerge: optional.boolean(input, "allow_rebase_merge"),
    allowAutoMerge: optional.boolean(input, "allow_auto_merge"),
    allowUpdateBranch: optional.boolean(input, "allow_update_branch"),
    deleteBranchOnMerge: optional.boolean(input, "delete_branch_on_merge"),
    hasIssues: optional.boolean(input, "has_issues"),
    hasProjects: optional.boolean(input, "has_projects"),
    hasWiki: optional.boolean(input, "has_wiki"),
  };
  return Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
}
