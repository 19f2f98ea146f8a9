import type { Hono } from "hono";
import { ApiError, notFound, unprocessable, validationFailed } from "../errors.ts";
import { ensureEnvironment } from "../environments.ts";
import type { Hub } from "../hub.ts";
import type { Deployment } from "../model.ts";
import { checksOf } from "../protection.ts";
import { addDeploymentStatus } from "../deployments.ts";
import { deploymentBody, deploymentStatusBody } from "../views/checks.ts";
import { enter, idOf, inputOf, oneOf, optional, page, requiredText, routes, type Call, type Env } from "./route.ts";

const states = ["error", "failure", "inactive", "in_progress", "queued", "pending", "success"] as const;

/** Deployments and their statuses. */
export function deploymentRoutes(hub: Hub): Hono<Env> {
  const app = routes();
  const list = "/repos/:owner/:repo/deployments";
  const one = `${list}/:deployment_id`;
  const { deployments } = hub.records;
  const deploymentOf = (c: Call, repository: number): Deployment => {
    const deployment = deployments.get(idOf(c, "deployment_id"));
    if (deployment?.repository !== repository) throw notFound();
    return deployment;
  };

  app.get(list, (c) => {
    const { repository } = enter(hub, c, "deployments");
    const { sha, ref, task, environment } = c.req.query();
    const found = deployments.list(
      (deployment) =>
        deployment.repository === repository.id &&
        (sha === undefined || deployment.sha === sha) &&
        (ref === undefined || deployment.ref === ref) &&
        (task === undefined || deployment.task === task) &&
        (environment === undefined || deployment.environment === environment),
    );
    return page(hub, c, found.toReversed(), (deployment) => deploymentBody(hub, repository, deployment));
  });
  app.post(list, async (c) => {
    const { repository, viewer } = enter(hub, c, "deployments", "write");
    const input = await inputOf(c);
    const ref = requiredText(input, "ref");
    const sha = await hub.git(repository).resolve(ref);
    if (sha === undefined) throw unprocessable(`No ref found for: ${ref}`);
    const required = optional.texts(input, "required_contexts");
    const checks = checksOf(hub, repository, sha);
    const open = (required ?? [...checks.keys()]).filter((name) => checks.get(name) !== "success");
    if (open.length > 0) throw new ApiError(409, `Conflict: Commit status checks failed for ${ref}.`);
    const environment = optional.text(input, "environment") ?? "production";
    ensureEnvironment(hub, repository, environment);
    // Apart from those that Actions makes, whose ids it gives.
    const id = 10_000_000_000 + hub.context.ids.next("github.deployments");
    const now = hub.now();
    const deployment = deployments.put(id, {
      id,
      repository: repository.id,
      environment,
      ref,
      sha,
      task: optional.text(input, "task") ?? "deploy",
      payload: input["payload"] ?? {},
      description: optional.text(input, "description") ?? null,
      creator: viewer.login,
      transient: optional.boolean(input, "transient_environment") ?? false,
      production: optional.boolean(input, "production_environment") ?? environment === "production",
      createdAt: now,
      updatedAt: now,
      statuses: [],
    });
    return c.json(deploymentBody(hub, repository, deployment), 201);
  });
  app.get(one, (c) => {
    const { repository } = enter(hub, c, "deployments");
    return c.json(deploymentBody(hub, repository, deploymentOf(c, repository.id)));
  });
  app.delete(one, (c) => {
    const { repository } = enter(hub, c, "deployments", "write");
    const deployment = deploymentOf(c, repository.id);
    const { state } = deployment.statuses.at(-1) ?? { state: "inactive" };
    if (state !== "inactive")
      throw unprocessable(
        "We cannot delete an active deployment unless it is the only deployment in a given environment.",
      );
    deployments.delete(deployment.id);
    return c.body(null, 204);
  });

  app.get(`${one}/statuses`, (c) => {
    const { repository } = enter(hub, c, "deployments");
    const deployment = deploymentOf(c, repository.id);
    return page(hub, c, deployment.statuses.toReversed(), (status) =>
      deploymentStatusBody(hub, repository, deployment, status),
    );
  });
  app.post(`${one}/statuses`, async (c) => {
    const { repository, viewer } = enter(hub, c, "deployments", "write");
    const input = await inputOf(c);
    const state = oneOf(input, "state", states);
    if (state === undefined)
      throw validationFailed({ resource: "DeploymentStatus", code: "missing_field", field: "state" });
    const description = optional.text(input, "description") ?? "";
    if (description.length > 140) throw unprocessable("Description is too long (maximum is 140 characters)");
    const { deployment, status } = addDeploymentStatus(hub, deploymentOf(c, repository.id), {
      state,
      description,
      environmentUrl: optional.text(input, "environment_url") ?? "",
      logUrl: optional.text(input, "log_url") ?? optional.text(input, "target_url") ?? "",
      creator: viewer.login,
      supersede: optional.boolean(input, "auto_inactive") ?? true,
    });
    return c.json(deploymentStatusBody(hub, repository, deployment, status), 201);
  });
  app.get(`${one}/statuses/:status_id`, (c) => {
    const { repository } = enter(hub, c, "deployments");
    const deployment = deploymentOf(c, repository.id);
    const id = idOf(c, "status_id");
    const status = deployment.statuses.find((candidate) => candidate.id === id);
    if (!status) throw notFound();
    return c.json(deploymentStatusBody(hub, repository, deployment, status));
  });
  return app;
}
