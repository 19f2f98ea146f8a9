import { createRepository, type RepositoryResult } from "@doge/workflow";
import { defineCommand } from "../command.ts";

export const repoCreateCommand = defineCommand<RepositoryResult>({
  name: "repo create",
  summary: "Make the GitHub repository, commit and push main",
  description: "Safe to run again. A repository made by hand is taken if it is empty or holds this project's history.",
  view: ({ url, created, pushed }) =>
    `${url} ${created ? "was made" : "is there"}${pushed ? "; main is pushed" : ""}.\nNext: doge apply base\n`,
  async run(invocation) {
    return { exitCode: 0, data: await createRepository(await invocation.project()) };
  },
});
