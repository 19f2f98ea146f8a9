import { basename, join } from "node:path";
import { step } from "@doge/core";
import { type Template, type TemplateUpdate, updateTemplate } from "@doge/workflow";
import { defineCommand, type Invocation } from "../command.ts";
import { findProject } from "../project.ts";
import { installDependencies, packTool, readTemplate, templateOfPackage } from "../tool-package.ts";
import { templateUpdateView } from "../views/template.ts";

export const templateUpdateCommand = defineCommand<TemplateUpdate>({
  name: "template update",
  summary: "Bring this tool's template into the project, as a commit to review",
  description:
    "Run it with the newer doge, in the project. It merges what changed in the template since the project was made\n" +
    "(three-way, by git): what the project changed stays. The result is a branch with one commit; where both sides\n" +
    "changed the same lines, the files have git's markers and you commit. Exit code 1: there are conflicts.",
  flags: { "no-install": { type: "boolean", help: "Do not run npm install" } },
  examples: ["../doge/dist/bin/doge template update"],
  view: templateUpdateView,
  async run(invocation) {
    const { machine, emit, home, flags } = invocation;
    const folder = await findProject(machine, invocation.folder);
    const data = await updateTemplate({
      machine,
      folder,
      candidates: await templatesOf(invocation, folder),
      next: { template: await readTemplate(home), version: home.version },
      pinTool: async () => `file:vendor/${basename(await packTool(machine, home, join(folder, "vendor")))}`,
      install: async () => {
        if (flags["no-install"]) return;
        await step(
          emit,
          () => machine.clock.now(),
          { step: "install", title: "Installing dependencies" },
          () => installDependencies(machine, folder, invocation.signal),
        );
      },
    });
    return { exitCode: data.files.some(({ action }) => action === "conflict") ? 1 : 0, data };
  },
});

/** The templates of the tool as it is installed in the project, and of the packages in its vendor folder. */
async function templatesOf({ machine }: Invocation, folder: string): Promise<readonly Template[]> {
  const found: Template[] = [];
  const installed = await machine.files.read(join(folder, "node_modules/doge/templates/web.json"));
  if (installed) found.push(JSON.parse(installed) as Template);
  for (const name of await machine.files.list(join(folder, "vendor"))) {
    if (!/^doge-.*\.tgz$/.test(name)) continue;
    const template = await templateOfPackage(machine, join(folder, "vendor", name));
    if (template) found.push(template);
  }
  return found;
}
