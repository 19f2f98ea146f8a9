import type { TemplateUpdate } from "@doge/workflow";

/** What an update did, and what to do next. */
export function templateUpdateView({ from, to, branch, committed, files }: TemplateUpdate): string {
  if (branch === undefined) return `The template is up to date: ${to}.\n`;
  const rows = files.map(({ path, action, reason }) => `  ${action.padEnd(9)} ${path}${reason ? ` (${reason})` : ""}`);
  const next = committed
    ? [`Review it: git show ${branch}`, `Then merge it as any change: a pull request from ${branch} to develop.`]
    : [
        "Settle the conflicts (look for <<<<<<<), run npm install and the tests, then:",
        '  git add --all && git commit --message "Update the template"',
      ];
  return [`Template ${from} → ${to}, on branch ${branch}:`, "", ...rows, "", ...next, ""].join("\n");
}
