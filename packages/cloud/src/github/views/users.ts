import type { Hub } from "../hub.ts";
import type { Account } from "../model.ts";
import { nodeId } from "../nodes.ts";

type Body = Record<string, unknown>;

const kinds = { User: "U", Organization: "O", Bot: "BOT" } as const;

export const accountNodeId = ({ id, type }: Account): string => nodeId(kinds[type], id);

/** `simple-user`. */
export function simpleUser(hub: Hub, login: string): Body {
  const account = hub.access.account(login) ?? { id: 0, login, type: "User" as const, createdAt: "" };
  const url = `${hub.api()}/users/${encodeURIComponent(account.login)}`;
  return {
    login: account.login,
    id: account.id,
    node_id: accountNodeId(account),
    avatar_url: `${hub.server()}/avatars/${account.id}`,
    gravatar_id: "",
    url,
    html_url: `${hub.server()}/${account.type === "Bot" ? "apps/github-actions" : account.login}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: account.type,
    site_admin: false,
  };
}

/** `public-user`; with `own`, `private-user`. */
export function fullUser(hub: Hub, account: Account, own = false): Body {
  const repositories = hub.records.repositories.list(({ owner }) => owner === account.login);
  const privately = repositories.filter((repository) => repository.private).length;
  return {
    ...simpleUser(hub, account.login),
    name: account.login,
    company: null,
    blog: "",
    location: null,
    email: null,
    hireable: null,
    bio: null,
    twitter_username: null,
    public_repos: repositories.length - privately,
    public_gists: 0,
    followers: 0,
    following: 0,
    created_at: account.createdAt,
    updated_at: account.createdAt,
    ...(own && {
      private_gists: 0,
      total_private_repos: privately,
      owned_private_repos: privately,
      disk_usage: 0,
      collaborators: 0,
      two_factor_authentication: true,
      plan: { name: "pro", space: 976_562_499, collaborators: 0, private_repos: 9_999 },
    }),
  };
}

/** `organization-full`. */
export function organization(hub: Hub, account: Account): Body {
  const url = `${hub.api()}/orgs/${account.login}`;
  const repositories = hub.records.repositories.list(({ owner }) => owner === account.login);
  return {
    login: account.login,
    id: account.id,
    node_id: accountNodeId(account),
    url,
    repos_url: `${url}/repos`,
    events_url: `${url}/events`,
    hooks_url: `${url}/hooks`,
    issues_url: `${url}/issues`,
    members_url: `${url}/members{/member}`,
    public_members_url: `${url}/public_members{/member}`,
    avatar_url: `${hub.server()}/avatars/${account.id}`,
    description: null,
    has_organization_projects: true,
    has_repository_projects: true,
    public_repos: repositories.filter((repository) => !repository.private).length,
    public_gists: 0,
    followers: 0,
    following: 0,
    html_url: `${hub.server()}/${account.login}`,
    type: "Organization",
    created_at: account.createdAt,
    updated_at: account.createdAt,
    archived_at: null,
  };
}
