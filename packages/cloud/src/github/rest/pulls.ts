import type { Hono } from "hono";
import { ApiError, notFound, validationFailed } from "../errors.ts";
import { tellPull } from "../events.ts";
import { changes, commits } from "../git/history.ts";
import type { Hub, Place } from "../hub.ts";
import type { PullIssue, RepositoryDocument } from "../model.ts";
import { checkBody, createPull, ownBranch, reopenPull } from "../pulls/create.ts";
import { mergePull, updateBranch } from "../pulls/merge.ts";
import { refreshPull, updatePull } from "../pulls/mergeable.ts";
import { closePull } from "../push.ts";
import { isPull, issueKey } from "../records.ts";
import { commitBody, diffEntry } from "../views/commits.ts";
import { fullPull, simplePull } from "../views/pulls.ts";
import { repositoryUrl } from "../views/repositories.ts";
import {
  enter,
  idOf,
  inputOf,
  oneOf,
  optional,
  page,
  requiredText,
  routes,
  type Call,
  type Env,
  type Input,
} from "./route.ts";

/** Pull requests, but for their reviews. */
export function pullRoutes(hub: Hub): Hono<Env> {
  const app = routes();
  const list = "/repos/:owner/:repo/pulls";
  const one = `${list}/:pull_number`;

  app.get(list, (c) => {
    const { repository } = enter(hub, c, "pull-requests");
    return page(hub, c, filtered(hub, c, repository), (issue) => simplePull(hub, repository, issue));
  });
  app.post(list, async (c) => {
    const place = enter(hub, c, "pull-requests", "write");
    const input = await inputOf(c);
    const title = optional.text(input, "title") ?? "";
    if (title === "") throw validationFailed({ resource: "PullRequest", code: "missing_field", field: "title" });
    const opened = await createPull(hub, place, {
      title,
      body: optional.text(input, "body") ?? null,
      head: requiredText(input, "head"),
      base: requiredText(input, "base"),
      draft: optional.boolean(input, "draft") ?? false,
    });
    c.header("location", `${repositoryUrl(hub, place.repository)}/pulls/${opened.number}`);
    return c.json(await fullPull(hub, place.repository, opened), 201);
  });
  app.get(one, async (c) => {
    const { repository } = enter(hub, c, "pull-requests");
    const issue = pullOf(hub, c, repository);
    const accept = c.req.header("accept") ?? "";
    if (/application\/vnd\.github\.(v3\.)?diff/.test(accept)) {
      const git = hub.git(repository);
      return c.text((await git.run(["diff", "-M", `${issue.pull.baseSha}...${issue.pull.headSha}`])).toString());
    }
    const fresh = issue.state === "open" ? await refreshPull(hub, repository, issue) : issue;
    return c.json(await fullPull(hub, repository, fresh));
  });
  app.patch(one, async (c) => {
    const place = enter(hub, c, "pull-requests", "write");
    await edit(hub, place, pullOf(hub, c, place.repository), await inputOf(c));
    return c.json(await fullPull(hub, place.repository, pullOf(hub, c, place.repository)));
  });

  app.get(`${one}/commits`, async (c) => {
    const { repository } = enter(hub, c, "pull-requests");
    const { pull } = pullOf(hub, c, repository);
    const found = await commits(hub.git(repository), [
      "--reverse",
      "--topo-order",
      "-250",
      `${pull.baseSha}..${pull.headSha}`,
    ]);
    return page(hub, c, found, (commit) => commitBody(hub, repository, commit));
  });
  app.get(`${one}/files`, async (c) => {
    const { repository } = enter(hub, c, "pull-requests");
    const { pull } = pullOf(hub, c, repository);
    const git = hub.git(repository);
    const files = await changes(git, await git.mergeBase(pull.baseSha, pull.headSha), pull.headSha);
    return page(hub, c, files.slice(0, 3000), (file) => diffEntry(hub, repository, file, pull.headSha));
  });

  app.get(`${one}/merge`, (c) => {
    const { repository } = enter(hub, c, "pull-requests");
    if (pullOf(hub, c, repository).pull.mergedAt === null) throw notFound();
    return c.body(null, 204);
  });
  app.put(`${one}/merge`, async (c) => {
    const place = enter(hub, c, "contents", "write");
    hub.access.demand(c.get("viewer"), place.repository, "pull-requests", "write");
    const input = await inputOf(c);
    const title = optional.text(input, "commit_title");
    const message = optional.text(input, "commit_message");
    const sha = optional.text(input, "sha");
    const merged = await mergePull(hub, place, pullOf(hub, c, place.repository), {
      method: oneOf(input, "merge_method", ["merge", "squash", "rebase"]) ?? "merge",
      ...(title !== undefined && { title }),
      ...(message !== undefined && { message }),
      ...(sha !== undefined && { sha }),
    });
    return c.json({ sha: merged, merged: true, message: "Pull Request successfully merged" });
  });
  app.put(`${one}/update-branch`, async (c) => {
    const place = enter(hub, c, "pull-requests", "write");
    const issue = pullOf(hub, c, place.repository);
    await updateBranch(hub, place, issue, optional.text(await inputOf(c), "expected_head_sha"));
    const url = `${repositoryUrl(hub, place.repository)}/pulls/${issue.number}`;
    return c.json({ message: "Updating pull request branch.", url }, 202);
  });
  return app;
}

/** The pull request of the path. */
export function pullOf(hub: Hub, c: Call, repository: RepositoryDocument): PullIssue {
  const issue = hub.records.issues.get(issueKey(repository, idOf(c, "pull_number")));
  if (!isPull(issue)) throw notFound();
  return issue;
}

function filtered(hub: Hub, c: Call, repository: RepositoryDocument): PullIssue[] {
  const { state = "open", head, base, sort = "created", direction } = c.req.query();
  const wanted = head === undefined ? undefined : ownBranch(repository, head);
  const found = hub.records.issues
    .list((issue) => issue.repository === repository.id)
    .filter(isPull)
    .filter((issue) => state === "all" || issue.state === state)
    .filter(({ pull }) => (head === undefined || pull.head === wanted) && (base === undefined || pull.base === base));
  const key = (issue: PullIssue): string => (sort === "updated" ? issue.updatedAt : issue.createdAt);
  found.sort((a, b) => key(a).localeCompare(key(b)) || a.number - b.number);
  return (direction ?? "desc") === "desc" ? found.toReversed() : found;
}

async function edit(hub: Hub, place: Place, issue: PullIssue, input: Input): Promise<void> {
  const { repository, viewer } = place;
  const title = optional.text(input, "title");
  const body = optional.text(input, "body");
  const base = optional.text(input, "base");
  const state = oneOf(input, "state", ["open", "closed"]);
  checkBody("PullRequest", body);
  if (base !== undefined && (await hub.git(repository).branch(base)) === undefined) {
    throw validationFailed({ resource: "PullRequest", field: "base", code: "invalid" });
  }
  if (base !== undefined && issue.state === "closed")
    throw new ApiError(422, "Cannot change the base branch of a closed pull request.");
  const edited = updatePull(
    hub,
    repository,
    issue,
    // Without its test merge it is looked at anew.
    base === undefined ? {} : { base, mergeSha: null },
    { ...(title !== undefined && { title }), ...(body !== undefined && { body }), updatedAt: hub.now() },
  );
  if (base !== undefined) await refreshPull(hub, repository, edited);
  if (title !== undefined || body !== undefined || base !== undefined) {
    const from = {
      ...(title !== undefined && { title: { from: issue.title } }),
      ...(body !== undefined && { body: { from: issue.body } }),
    };
    await tellPull(hub, viewer, repository, "edited", edited, { changes: from });
  }
  if (state === "closed" && issue.state === "open") {
    await tellPull(hub, viewer, repository, "closed", closePull(hub, viewer, repository, edited));
  }
  if (state === "open" && issue.state === "closed") await reopenPull(hub, place, edited);
}
