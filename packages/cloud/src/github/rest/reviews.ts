import type { Hono } from "hono";
import { notFound, unprocessable } from "../errors.ts";
import type { Hub } from "../hub.ts";
import type { Review } from "../model.ts";
import { checkBody } from "../pulls/create.ts";
import { updatePull } from "../pulls/mergeable.ts";
import { reviewBody, simplePull } from "../views/pulls.ts";
import { simpleUser } from "../views/users.ts";
import { pullOf } from "./pulls.ts";
import { enter, idOf, inputOf, oneOf, optional, page, requiredText, routes, type Call, type Env } from "./route.ts";

const states = { APPROVE: "APPROVED", REQUEST_CHANGES: "CHANGES_REQUESTED", COMMENT: "COMMENTED" } as const;

/** Reviews of pull requests and who was asked for them. */
export function reviewRoutes(hub: Hub): Hono<Env> {
  const app = routes();
  const pull = "/repos/:owner/:repo/pulls/:pull_number";
  const one = `${pull}/reviews/:review_id`;
  const { reviews } = hub.records;

  app.get(`${pull}/reviews`, (c) => {
    const { repository } = enter(hub, c, "pull-requests");
    const { number } = pullOf(hub, c, repository);
    const found = reviews.list((review) => review.repository === repository.id && review.pull === number);
    return page(hub, c, found, (review) => reviewBody(hub, repository, review));
  });
  app.post(`${pull}/reviews`, async (c) => {
    const { repository, viewer } = enter(hub, c, "pull-requests", "write");
    const issue = pullOf(hub, c, repository);
    const input = await inputOf(c);
    const event = oneOf(input, "event", ["APPROVE", "REQUEST_CHANGES", "COMMENT"]);
    const body = optional.text(input, "body") ?? "";
    checkBody("PullRequestReview", body);
    if (viewer.login === issue.author && event === "APPROVE")
      throw unprocessable("Can not approve your own pull request");
    if (viewer.login === issue.author && event === "REQUEST_CHANGES") {
      throw unprocessable("Can not request changes on your own pull request");
    }
    if (body === "" && event !== "APPROVE") throw unprocessable("Body can't be blank");
    const id = hub.context.ids.next("github.reviews");
    const review = reviews.put(id, {
      id,
      repository: repository.id,
      pull: issue.number,
      author: viewer.login,
      body,
      state: event === undefined ? "PENDING" : states[event],
      commit: optional.text(input, "commit_id") ?? issue.pull.headSha,
      submittedAt: hub.now(),
    });
    const requestedReviewers = issue.pull.requestedReviewers.filter((login) => login !== viewer.login);
    updatePull(hub, repository, issue, { requestedReviewers });
    return c.json(reviewBody(hub, repository, review));
  });
  const reviewOf = (c: Call, repository: number, number: number): Review => {
    const review = reviews.get(idOf(c, "review_id"));
    if (review?.repository !== repository || review.pull !== number) throw notFound();
    return review;
  };
  app.get(one, (c) => {
    const { repository } = enter(hub, c, "pull-requests");
    return c.json(reviewBody(hub, repository, reviewOf(c, repository.id, pullOf(hub, c, repository).number)));
  });
  app.put(`${one}/dismissals`, async (c) => {
    const { repository } = enter(hub, c, "pull-requests", "write");
    const review = reviewOf(c, repository.id, pullOf(hub, c, repository).number);
    requiredText(await inputOf(c), "message");
    if (review.state === "COMMENTED") throw unprocessable("Can not dismiss a commented pull request review");
    return c.json(reviewBody(hub, repository, reviews.put(review.id, { ...review, state: "DISMISSED" })));
  });

  app.get(`${pull}/requested_reviewers`, (c) => {
    const { repository } = enter(hub, c, "pull-requests");
    const { requestedReviewers } = pullOf(hub, c, repository).pull;
    return c.json({ users: requestedReviewers.map((login) => simpleUser(hub, login)), teams: [] });
  });
  app.post(`${pull}/requested_reviewers`, async (c) => {
    const { repository } = enter(hub, c, "pull-requests", "write");
    const issue = pullOf(hub, c, repository);
    const wanted = optional.texts(await inputOf(c), "reviewers") ?? [];
    if (wanted.includes(issue.author)) throw unprocessable("Review cannot be requested from pull request author.");
    const strangers = wanted.filter((login) => {
      return !hub.access.account(login) || (hub.access.roleOf(login, repository) ?? "read") === "read";
    });
    if (strangers.length > 0) {
      throw unprocessable(
        "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the repository.",
      );
    }
    const requestedReviewers = [...new Set([...issue.pull.requestedReviewers, ...wanted])];
    return c.json(simplePull(hub, repository, updatePull(hub, repository, issue, { requestedReviewers })), 201);
  });
  app.delete(`${pull}/requested_reviewers`, async (c) => {
    const { repository } = enter(hub, c, "pull-requests", "write");
    const issue = pullOf(hub, c, repository);
    const gone = optional.texts(await inputOf(c), "reviewers") ?? [];
    const requestedReviewers = issue.pull.requestedReviewers.filter((login) => !gone.includes(login));
    return c.json(simplePull(hub, repository, updatePull(hub, repository, issue, { requestedReviewers })));
  });
  app.get(`${pull}/comments`, (c) => {
    const { repository } = enter(hub, c, "pull-requests");
    pullOf(hub, c, repository);
    return c.json([]);
  });
  return app;
}
