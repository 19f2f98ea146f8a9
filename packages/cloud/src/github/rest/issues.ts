import type { Hono } from "hono";
import { ApiError, notFound, validationFailed } from "../errors.ts";
import type { Hub, Place } from "../hub.ts";
import type { Comment, Issue, RepositoryDocument } from "../model.ts";
import { checkBody, newIssue } from "../pulls/create.ts";
import { issueKey } from "../records.ts";
import { commentBody, issueBody, labelBody } from "../views/pulls.ts";
import {
  enter,
  idOf,
  inputOf,
  oneOf,
  optional,
  page,
  param,
  requiredText,
  routes,
  type Call,
  type Env,
  type Input,
} from "./route.ts";

const base = "/repos/:owner/:repo";

/** Issues, comments on issues and pull requests, labels. */
export function issueRoutes(hub: Hub): Hono<Env> {
  const app = routes();
  commentRoutes(hub, app);
  labelRoutes(hub, app);

  app.get(`${base}/issues`, (c) => {
    const { repository } = enter(hub, c, "issues");
    const { state = "open", labels, creator } = c.req.query();
    const wanted = labels?.split(",") ?? [];
    const found = hub.records.issues.list(
      (issue) =>
        issue.repository === repository.id &&
        (state === "all" || issue.state === state) &&
        (creator === undefined || issue.author === creator) &&
        wanted.every((label) => issue.labels.includes(label)),
    );
    return page(hub, c, found.toReversed(), (issue) => issueBody(hub, repository, issue));
  });
  app.post(`${base}/issues`, async (c) => {
    const place = enter(hub, c, "issues", "write");
    if (!place.repository.hasIssues) throw new ApiError(410, "Issues has been disabled in this repository.");
    const input = await inputOf(c);
    const title = optional.text(input, "title") ?? "";
    if (title === "") throw validationFailed({ resource: "Issue", code: "missing_field", field: "title" });
    const labels = labelNames(input["labels"]);
    for (const name of labels) ensureLabel(hub, place.repository, name);
    const issue = newIssue(hub, place, {
      title,
      body: optional.text(input, "body") ?? null,
      labels,
      assignees: optional.texts(input, "assignees") ?? [],
    });
    hub.records.issues.put(issueKey(place.repository, issue.number), issue);
    return c.json(issueBody(hub, place.repository, issue), 201);
  });
  app.get(`${base}/issues/:issue_number`, (c) => {
    const { repository } = enter(hub, c, "issues");
    return c.json(issueBody(hub, repository, issueOf(hub, c, repository)));
  });
  app.patch(`${base}/issues/:issue_number`, async (c) => {
    const { repository, viewer } = enterIssue(hub, c, "write");
    const old = issueOf(hub, c, repository);
    const input = await inputOf(c);
    const state = oneOf(input, "state", ["open", "closed"]) ?? old.state;
    if (old.pull && state !== old.state)
      throw new ApiError(422, "Use the pulls endpoint to open or close a pull request.");
    const reason = oneOf(input, "state_reason", ["completed", "not_planned", "reopened"]);
    const body = input["body"] === null ? null : optional.text(input, "body");
    checkBody("Issue", body);
    const closes = state === "closed" && old.state === "open";
    const opens = state === "open" && old.state === "closed";
    const labels = input["labels"] === undefined ? undefined : labelNames(input["labels"]);
    for (const name of labels ?? []) ensureLabel(hub, repository, name);
    const title = optional.text(input, "title");
    const assignees = optional.texts(input, "assignees");
    const issue = hub.records.issues.put(issueKey(repository, old.number), {
      ...old,
      ...(title !== undefined && { title }),
      ...(body !== undefined && { body }),
      ...(labels && { labels }),
      ...(assignees && { assignees }),
      state,
      ...(closes && { stateReason: reason ?? "completed", closedAt: hub.now(), closedBy: viewer.login }),
      ...(opens && { stateReason: "reopened" as const, closedAt: null, closedBy: null }),
      updatedAt: hub.now(),
    });
    return c.json(issueBody(hub, repository, issue));
  });
  return app;
}

function issueOf(hub: Hub, c: Call, repository: RepositoryDocument): Issue {
  const issue = hub.records.issues.get(issueKey(repository, idOf(c, "issue_number")));
  if (!issue) throw notFound();
  return issue;
}

/** What is written on a pull request's issue needs either permission, as on GitHub. */
function enterIssue(hub: Hub, c: Call, level: "read" | "write", number?: number): Place {
  const { repository } = enter(hub, c, "metadata");
  const issue =
    number === undefined ? issueOf(hub, c, repository) : hub.records.issues.get(issueKey(repository, number));
  const onPull = issue?.pull !== undefined && hub.access.may(c.get("viewer"), repository, "pull-requests", level);
  return enter(hub, c, onPull ? "pull-requests" : "issues", level);
}

function commentRoutes(hub: Hub, app: Hono<Env>): void {
  const { comments } = hub.records;
  const one = `${base}/issues/comments/:comment_id`;
  const commentOf = (c: Call): Comment => {
    const comment = comments.get(idOf(c, "comment_id"));
    const { repository } = enter(hub, c, "metadata");
    if (comment?.repository !== repository.id) throw notFound();
    return comment;
  };

  app.get(`${base}/issues/comments`, (c) => {
    const { repository } = enter(hub, c, "issues");
    return page(
      hub,
      c,
      comments.list((comment) => comment.repository === repository.id),
      (comment) => commentBody(hub, repository, comment),
    );
  });
  app.get(one, (c) => {
    const comment = commentOf(c);
    const { repository } = enterIssue(hub, c, "read", comment.issue);
    return c.json(commentBody(hub, repository, comment));
  });
  app.patch(one, async (c) => {
    const comment = commentOf(c);
    const { repository, viewer } = enterIssue(hub, c, "write", comment.issue);
    if (comment.author !== viewer.login && !hub.access.may(viewer, repository, "contents", "write")) {
      throw new ApiError(403, "Must have admin rights to Repository.");
    }
    const body = commentText(requiredText(await inputOf(c), "body"));
    return c.json(commentBody(hub, repository, comments.put(comment.id, { ...comment, body, updatedAt: hub.now() })));
  });
  app.delete(one, (c) => {
    const comment = commentOf(c);
    const { repository, viewer } = enterIssue(hub, c, "write", comment.issue);
    if (comment.author !== viewer.login && !hub.access.may(viewer, repository, "contents", "write")) {
      throw new ApiError(403, "Must have admin rights to Repository.");
    }
    comments.delete(comment.id);
    return c.body(null, 204);
  });

  app.get(`${base}/issues/:issue_number/comments`, (c) => {
    const { repository } = enterIssue(hub, c, "read");
    const { number } = issueOf(hub, c, repository);
    const since = c.req.query("since");
    const found = comments.list(
      (comment) =>
        comment.repository === repository.id &&
        comment.issue === number &&
        (since === undefined || comment.updatedAt >= since),
    );
    return page(hub, c, found, (comment) => commentBody(hub, repository, comment));
  });
  app.post(`${base}/issues/:issue_number/comments`, async (c) => {
    const { repository, viewer } = enterIssue(hub, c, "write");
    const issue = issueOf(hub, c, repository);
    const body = commentText(requiredText(await inputOf(c), "body"));
    const id = hub.context.ids.next("github.comments");
    const now = hub.now();
    const comment = comments.put(id, {
      id,
      repository: repository.id,
      issue: issue.number,
      author: viewer.login,
      body,
      createdAt: now,
      updatedAt: now,
    });
    hub.records.issues.update(issueKey(repository, issue.number), (current) => ({ ...current, updatedAt: now }));
    return c.json(commentBody(hub, repository, comment), 201);
  });
}

function commentText(body: string): string {
  if (body.trim() === "")
    throw validationFailed({
      resource: "IssueComment",
      code: "unprocessable",
      field: "data",
      message: "Body cannot be blank",
    });
  checkBody("IssueComment", body);
  return body;
}

function labelNames(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return (value as (string | Input)[]).map((label) =>
    typeof label === "string" ? label : requiredText(label, "name"),
  );
}

/** A label that is used before it was made gets made, in grey. */
function ensureLabel(hub: Hub, repository: RepositoryDocument, name: string): void {
  const known = hub.records.labels.list((label) => label.repository === repository.id && label.name === name);
  if (known.length > 0) return;
  const id = hub.context.ids.next("github.labels");
  hub.records.labels.put(id, { id, repository: repository.id, name, color: "ededed", description: null });
}

function labelRoutes(hub: Hub, app: Hono<Env>): void {
  const { labels } = hub.records;
  const find = (repository: RepositoryDocument, name: string) =>
    labels.list((label) => label.repository === repository.id && label.name.toLowerCase() === name.toLowerCase())[0];

  app.get(`${base}/labels`, (c) => {
    const { repository } = enter(hub, c, "issues");
    return page(
      hub,
      c,
      labels.list((label) => label.repository === repository.id),
      ({ name }) => labelBody(hub, repository, name),
    );
  });
  app.post(`${base}/labels`, async (c) => {
    const { repository } = enter(hub, c, "issues", "write");
    const input = await inputOf(c);
    const name = requiredText(input, "name");
    if (find(repository, name)) throw validationFailed({ resource: "Label", code: "already_exists", field: "name" });
    const id = hub.context.ids.next("github.labels");
    const color = optional.text(input, "color") ?? "ededed";
    labels.put(id, {
      id,
      repository: repository.id,
      name,
      color,
      description: optional.text(input, "description") ?? null,
    });
    return c.json(labelBody(hub, repository, name), 201);
  });
  app.get(`${base}/labels/:name`, (c) => {
    const { repository } = enter(hub, c, "issues");
    const label = find(repository, param(c, "name"));
    if (!label) throw notFound();
    return c.json(labelBody(hub, repository, label.name));
  });
  app.delete(`${base}/labels/:name`, (c) => {
    const { repository } = enter(hub, c, "issues", "write");
    const label = find(repository, param(c, "name"));
    if (!label) throw notFound();
    labels.delete(label.id);
    return c.body(null, 204);
  });

  const onIssue = `${base}/issues/:issue_number/labels`;
  const change = (c: Call, names: (old: readonly string[]) => readonly string[]): Response => {
    const { repository } = enterIssue(hub, c, "write");
    const issue = issueOf(hub, c, repository);
    const wanted = names(issue.labels);
    for (const name of wanted) ensureLabel(hub, repository, name);
    hub.records.issues.update(issueKey(repository, issue.number), (current) => ({
      ...current,
      labels: wanted,
      updatedAt: hub.now(),
    }));
    return c.json(wanted.map((name) => labelBody(hub, repository, name)));
  };
  app.get(onIssue, (c) => {
    const { repository } = enterIssue(hub, c, "read");
    return c.json(issueOf(hub, c, repository).labels.map((name) => labelBody(hub, repository, name)));
  });
  app.post(onIssue, async (c) => {
    const added = labelNames((await inputOf(c))["labels"]);
    return change(c, (old) => [...new Set([...old, ...added])]);
  });
  app.put(onIssue, async (c) => {
    const wanted = labelNames((await inputOf(c))["labels"]);
    return change(c, () => wanted);
  });
  app.delete(`${onIssue}/:name`, (c) => change(c, (old) => old.filter((name) => name !== param(c, "name"))));
}
