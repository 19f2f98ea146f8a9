import type { Hono } from "hono";
import type { Area, Level } from "../access.ts";
import { ApiError, notFound } from "../errors.ts";
import type { Hub } from "../hub.ts";
import type { SecretDocument, VariableDocument } from "../model.ts";
import { environmentScope, findEnvironment, repositoryScope } from "../records.ts";
import { keyPair, putSecret, secretsIn, settingName, variablesIn } from "../secrets.ts";
import { enter, inputOf, optional, page, param, requiredText, routes, type Call, type Env } from "./route.ts";

/** Secrets and variables of repositories and of environments: the same routes twice. */
export function settingRoutes(hub: Hub): Hono<Env> {
  const app = routes();
  const inRepository = (c: Call, area: Area, level: Level): string =>
    repositoryScope(enter(hub, c, area, level).repository);
  const inEnvironment = (c: Call, area: Area, level: Level): string => {
    const environment = findEnvironment(
      hub.records,
      enter(hub, c, area, level).repository,
      param(c, "environment_name"),
    );
    if (!environment) throw notFound();
    return environmentScope(environment);
  };
  const repository = "/repos/:owner/:repo/actions";
  const environment = "/repos/:owner/:repo/environments/:environment_name";
  for (const [base, scope] of [
    [repository, inRepository],
    [environment, inEnvironment],
  ] as const) {
    secretRoutes(hub, app, `${base}/secrets`, scope);
    variableRoutes(hub, app, `${base}/variables`, scope);
  }
  return app;
}

type ScopeOf = (c: Call, area: Area, level: Level) => string;

const secretBody = ({ name, createdAt, updatedAt }: SecretDocument) => ({
  name,
  created_at: createdAt,
  updated_at: updatedAt,
});

function secretRoutes(hub: Hub, app: Hono<Env>, base: string, scopeOf: ScopeOf): void {
  app.get(base, (c) => page(hub, c, secretsIn(hub, scopeOf(c, "secrets", "read")), secretBody, "secrets"));
  app.get(`${base}/public-key`, async (c) => {
    const { keyId, publicKey } = await keyPair(hub, scopeOf(c, "secrets", "read"));
    return c.json({ key_id: keyId, key: publicKey });
  });
  app.get(`${base}/:name`, (c) => {
    const secret = hub.records.secrets.get(`${scopeOf(c, "secrets", "read")}/${param(c, "name").toUpperCase()}`);
    if (!secret) throw notFound();
    return c.json(secretBody(secret));
  });
  app.put(`${base}/:name`, async (c) => {
    const scope = scopeOf(c, "secrets", "write");
    const input = await inputOf(c);
    const sealed = requiredText(input, "encrypted_value");
    const created = await putSecret(hub, scope, settingName(param(c, "name")), sealed, requiredText(input, "key_id"));
    return created ? c.json({}, 201) : c.body(null, 204);
  });
  app.delete(`${base}/:name`, (c) => {
    if (!hub.records.secrets.delete(`${scopeOf(c, "secrets", "write")}/${param(c, "name").toUpperCase()}`))
      throw notFound();
    return c.body(null, 204);
  });
}

const variableBody = ({ name, value, createdAt, updatedAt }: VariableDocument) => ({
  name,
  value,
  created_at: createdAt,
  updated_at: updatedAt,
});

function variableRoutes(hub: Hub, app: Hono<Env>, base: string, scopeOf: ScopeOf): void {
  const { variables } = hub.records;
  const find = (c: Call, level: Level): VariableDocument => {
    const variable = variables.get(`${scopeOf(c, "variables", level)}/${param(c, "name").toUpperCase()}`);
    if (!variable) throw notFound();
    return variable;
  };
  const taken = (): ApiError => new ApiError(409, "Already exists - Variable already exists");

  app.get(base, (c) => page(hub, c, variablesIn(hub, scopeOf(c, "variables", "read")), variableBody, "variables"));
  app.post(base, async (c) => {
    const scope = scopeOf(c, "variables", "write");
    const input = await inputOf(c);
    const name = settingName(requiredText(input, "name"));
    if (variables.get(`${scope}/${name}`)) throw taken();
    const now = hub.now();
    variables.put(`${scope}/${name}`, {
      scope,
      name,
      value: requiredText(input, "value"),
      createdAt: now,
      updatedAt: now,
    });
    return c.json({}, 201);
  });
  app.get(`${base}/:name`, (c) => c.json(variableBody(find(c, "read"))));
  app.patch(`${base}/:name`, async (c) => {
    const old = find(c, "write");
    const input = await inputOf(c);
    const name = settingName(optional.text(input, "name") ?? old.name);
    if (name !== old.name && variables.get(`${old.scope}/${name}`)) throw taken();
    if (name !== old.name) variables.delete(`${old.scope}/${old.name}`);
    const value = optional.text(input, "value") ?? old.value;
    variables.put(`${old.scope}/${name}`, { ...old, name, value, updatedAt: hub.now() });
    return c.body(null, 204);
  });
  app.delete(`${base}/:name`, (c) => {
    const { scope, name } = find(c, "write");
    variables.delete(`${scope}/${name}`);
    return c.body(null, 204);
  });
}
