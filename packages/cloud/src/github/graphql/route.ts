import { buildSchema, graphql, type GraphQLError, type GraphQLFormattedError } from "graphql";
import { ApiError } from "../errors.ts";
import type { Hub } from "../hub.ts";
import { parseNodeId } from "../nodes.ts";
import { createRepository } from "../repositories.ts";
import { inputOf, optional, routes, viewerOf } from "../rest/route.ts";
import { GraphqlError, noNode } from "./errors.ts";
import {
  accountByLogin,
  nodeValue,
  repositoryByName,
  repositoryValue,
  ruleOf,
  ruleValue,
  type Asker,
  type Value,
} from "./nodes.ts";
import { createRule, updateRule, type RuleInput } from "./rules.ts";
import { schemaText } from "./schema.ts";

/** `POST /api/graphql`. As on GitHub, every answer to an authenticated client is a 200. */
export function graphqlRoutes(hub: Hub) {
  const app = routes();
  const schema = buildSchema(schemaText);
  app.post("/", async (c) => {
    if (!c.get("viewer")) throw new ApiError(401, "This endpoint requires you to be authenticated.");
    const viewer = viewerOf(c);
    const input = await inputOf(c);
    const source = optional.text(input, "query");
    if (source === undefined) throw new ApiError(400, "A query attribute must be specified and must be a string.");
    const operationName = optional.text(input, "operationName");
    const { data, errors } = await graphql({
      schema,
      source,
      rootValue: rootOf({ hub, viewer }),
      variableValues: optional.object(input, "variables") ?? {},
      ...(operationName !== undefined && { operationName }),
    });
    return c.json({ ...(data !== undefined && { data }), ...(errors && { errors: errors.map(errorBody) }) });
  });
  return app;
}

function errorBody(error: GraphQLError): Record<string, unknown> {
  const { extensions, ...body }: GraphQLFormattedError = error.toJSON();
  const { originalError } = error;
  const type = extensions?.["type"] ?? (originalError instanceof ApiError ? restType(originalError) : undefined);
  const details = originalError instanceof ApiError ? originalError.errors : [];
  const [first] = details;
  const message = typeof first === "object" ? (first.message ?? body.message) : body.message;
  return { ...(type !== undefined && { type }), ...body, message };
}

const restType = ({ status }: ApiError): string =>
  status === 404 ? "NOT_FOUND" : status === 403 ? "FORBIDDEN" : "UNPROCESSABLE";

interface Mutation<T> {
  readonly input: T & { readonly clientMutationId?: string | null };
}

interface NewRepositoryInput {
  readonly name: string;
  readonly ownerId?: string | null;
  readonly description?: string | null;
  readonly homepageUrl?: string | null;
  readonly visibility: "PRIVATE" | "PUBLIC" | "INTERNAL";
  readonly hasIssuesEnabled: boolean;
  readonly hasWikiEnabled: boolean;
}

/** Queries and mutations. */
function rootOf(asker: Asker): Value {
  const { hub, viewer } = asker;
  const found = (value: Value | undefined, message: string): Value => {
    if (!value) throw new GraphqlError("NOT_FOUND", message);
    return value;
  };
  const node = ({ id }: { id: string }): Value => {
    const value = nodeValue(asker, id);
    if (!value) throw noNode(id);
    return value;
  };
  const account = (kind: string, login: string): Value => {
    const value = accountByLogin(asker, login);
    return found(
      value?.["__typename"] === kind ? value : undefined,
      `Could not resolve to ${kind === "User" ? "a User" : "an Organization"} with the login of '${login}'.`,
    );
  };
  const reply = <T>({ input }: Mutation<T>, body: Value = {}): Value => ({
    clientMutationId: input.clientMutationId ?? null,
    ...body,
  });
  const rule = (id: string) => {
    const held = ruleOf(asker, id);
    if (!held) throw noNode(id);
    return held;
  };

  return {
    viewer: () => accountByLogin(asker, viewer.login),
    node,
    nodes: ({ ids }: { ids: string[] }) => ids.map((id) => node({ id })),
    repository: ({ owner, name }: { owner: string; name: string }) =>
      found(
        repositoryByName(asker, owner, name),
        `Could not resolve to a Repository with the name '${owner}/${name}'.`,
      ),
    repositoryOwner: ({ login }: { login: string }) => accountByLogin(asker, login),
    user: ({ login }: { login: string }) => account("User", login),
    organization: ({ login }: { login: string }) => account("Organization", login),
    rateLimit: { limit: 5000, cost: 1, remaining: 4999, used: 1, resetAt: hub.now() },

    createRepository: async (mutation: Mutation<NewRepositoryInput>) => {
      const { input } = mutation;
      const owner = input.ownerId ? node({ id: input.ownerId }) : undefined;
      const repository = await createRepository(hub, viewer, {
        owner: owner ? String(owner["login"]) : viewer.login,
        name: input.name,
        private: input.visibility !== "PUBLIC",
        settings: {
          description: input.description ?? null,
          homepage: input.homepageUrl ?? null,
          hasIssues: input.hasIssuesEnabled,
          hasWiki: input.hasWikiEnabled,
        },
      });
      return reply(mutation, { repository: repositoryValue(asker, repository) });
    },
    createBranchProtectionRule: (mutation: Mutation<RuleInput & { repositoryId: string; pattern: string }>) => {
      const { repositoryId, pattern } = mutation.input;
      const { kind, ids } = parseNodeId(repositoryId) ?? {};
      const repository = kind === "R" ? hub.records.repositories.get(ids?.[0] ?? 0) : undefined;
      if (!repository || !hub.access.may(viewer, repository, "metadata", "read")) throw noNode(repositoryId);
      if (!hub.access.may(viewer, repository, "administration", "write")) {
        throw new GraphqlError(
          "FORBIDDEN",
          `${viewer.login} does not have the correct permissions to execute \`CreateBranchProtectionRule\``,
        );
      }
      const made = createRule(hub, repository, viewer.login, pattern, mutation.input);
      return reply(mutation, { branchProtectionRule: ruleValue(asker, made) });
    },
    updateBranchProtectionRule: (mutation: Mutation<RuleInput & { branchProtectionRuleId: string }>) => {
      const changed = updateRule(hub, rule(mutation.input.branchProtectionRuleId), mutation.input);
      return reply(mutation, { branchProtectionRule: ruleValue(asker, changed) });
    },
    deleteBranchProtectionRule: (mutation: Mutation<{ branchProtectionRuleId: string }>) => {
      hub.records.rules.delete(rule(mutation.input.branchProtectionRuleId).id);
      return reply(mutation);
    },
  };
}
