import { basename, join } from "node:path";
import { fail, step, unwrap } from "@doge/core";
import {
  adoptedFiles,
  defaultOptions,
  detectProject,
  type Facts,
  type ProjectConfigInput,
  toolFolder,
  validateProject,
  withTool,
} from "@doge/workflow";
import { defineCommand, type Invocation } from "../command.ts";
import { installDependencies, packTool, readTemplate } from "../tool-package.ts";
import { confirm } from "../terminal/ask.ts";
import { adoptView } from "../views/adopt.ts";
import { chosenRegistry, optionFlags } from "./options.ts";
import { answer, asksQuestions, assumed, chooseIdentity, identityFlags, knownCredentials, slugOf } from "./identity.ts";

export interface Adopted {
  readonly folder: string;
  /** What was found, and what follows from it. */
  readonly facts: Pick<Facts, "kind" | "framework" | "build" | "postgres" | "redis">;
  readonly added: readonly string[];
  /** Files that were there already and stay as they are. */
  readonly kept: readonly string[];
}

export const adoptCommand = defineCommand<Adopted>({
  name: "adopt",
  summary: "Bring Doge into a project that is there already",
  description:
    "Looks at the folder (a Dockerfile, a Node or a Python project), asks what it can't see, and adds configuration,\n" +
    "compose, env and workflow files. No file that is there is changed. Doge itself goes into infra/, apart from\n" +
    "the app's own dependencies.",
  flags: {
    ...identityFlags,
    port: { type: "string", help: "Port that the app listens on in its container" },
    ready: { type: "string", value: "PATH", help: "Path that answers 200 when requests may come" },
    registry: optionFlags.registry,
    migrate: { type: "string", value: "COMMAND", help: "Command that migrates the database; empty for none" },
    postgres: { type: "boolean", help: "PostgreSQL beside the app, where the folder doesn't show that it needs it" },
    redis: { type: "boolean", help: "Redis beside the app, where the folder doesn't show that it needs it" },
    yes: { type: "boolean", short: "y", help: "No questions: what was seen and defaults" },
    "no-install": { type: "boolean", help: "Do not run npm install in infra/" },
  },
  examples: ["doge adopt", "doge adopt --yes --domain example.com --ready /healthz --migrate 'npm run migrate'"],
  view: adoptView,
  async run(invocation) {
    const { machine, emit, folder, flags } = invocation;
    const now = (): Date => machine.clock.now();
    const seen = await factsOf(invocation);
    const credentials = await knownCredentials(invocation);
    const { chosen, facts } = await chooseFor(invocation, seen, credentials);
    const config = unwrap(validateProject(chosen, "the answers"));
    const template = await readTemplate(invocation.home, "adopt");

    const files = adoptedFiles({ template, facts, chosen, config, credentials });
    const kept: string[] = [];
    const added: string[] = [];
    await step(emit, now, { step: "files", title: "Writing the files" }, async () => {
      const tool = await packTool(machine, invocation.home, join(folder, toolFolder, "vendor"));
      const manifest = files[`${toolFolder}/package.json`];
      if (manifest) {
        const content = withTool(manifest.content, `file:vendor/${basename(tool)}`);
        files[`${toolFolder}/package.json`] = { ...manifest, content };
      }
      for (const [path, { content, mode }] of Object.entries(files)) {
        if (await machine.files.exists(join(folder, path))) kept.push(path);
        else {
          await machine.files.write(join(folder, path), content, { mode });
          added.push(path);
        }
      }
    });
    if (!flags["no-install"]) {
      await step(emit, now, { step: "install", title: "Installing Doge in infra/" }, () =>
        installDependencies(machine, join(folder, toolFolder), invocation.signal),
      );
    }
    const { kind, framework, build, postgres, redis } = facts;
    const diagnostics = assumed(invocation, credentials, chosen);
    return {
      exitCode: 0,
      diagnostics,
      data: { folder, facts: { kind, framework, build, postgres, redis }, added, kept },
    };
  },
});

async function factsOf({ machine, folder }: Invocation): Promise<Facts> {
  if (await machine.files.exists(join(folder, "doge.config.ts"))) {
    fail({
      code: "project-present",
      summary: "This is a Doge project already",
      address: join(folder, "doge.config.ts"),
      remedy: "Go on with doge doctor and doge up. To adopt anew, remove doge.config.ts first.",
    });
  }
  const facts = await detectProject(machine.files, folder);
  if (facts) return facts;
  return fail({
    code: "project-unknown",
    summary: "Doge does not see how to run this project",
    detail: "There is no Dockerfile, no package.json, and no Python web project (manage.py, requirements.txt, …).",
    address: folder,
    remedy: "Add a Dockerfile that starts the app, then run this again.",
  });
}

async function chooseFor(
  invocation: Invocation,
  seen: Facts,
  credentials: Readonly<Record<string, string>>,
): Promise<{ readonly chosen: ProjectConfigInput; readonly facts: Facts }> {
  const remote = await gitHubRemote(invocation);
  const chosen = await chooseIdentity(invocation, credentials, {
    slug: slugOf(seen.name ?? remote?.repository ?? basename(invocation.folder)),
    ...remote,
  });
  const facts = await withServices(invocation, seen);
  const seenPort = facts.port === undefined ? undefined : String(facts.port);
  const port = await answer(invocation, {
    flag: "port",
    text: "Port that the app listens on",
    fallback: seenPort ?? "3000",
  });
  const ready = await answer(invocation, {
    flag: "ready",
    text: "Path that answers 200 when the app is ready",
    key: "app.ready",
    fallback: facts.ready ?? "/",
  });
  const migrate = await migration(invocation, facts);
  const registry = chosenRegistry(invocation);
  const config: ProjectConfigInput = {
    ...chosen,
    ...(registry === defaultOptions.registry ? {} : { registry }),
    app: {
      port: Number(port),
      ready,
      alive: ready,
      migrate: migrate ?? null,
      // Only the app can say as data what is pending; a project may set a command for it.
      pending: null,
      // Most apps know no such signal, and it would end them with requests under way.
      drainSignal: null,
      build: facts.build,
    },
    ...(facts.checks ? { ci: { checks: facts.checks.map((words) => [...words]) } } : {}),
  };
  return { chosen: config, facts };
}

/** What runs beside the app. A Dockerfile alone doesn't show that. */
async function withServices(invocation: Invocation, seen: Facts): Promise<Facts> {
  const asks = seen.kind === "dockerfile" && asksQuestions(invocation);
  const needs = async (service: "postgres" | "redis", name: string): Promise<boolean> =>
    seen[service] || invocation.flags[service] === true || (asks && (await confirm(`Does the app need ${name}?`)));
  return { ...seen, postgres: await needs("postgres", "PostgreSQL"), redis: await needs("redis", "Redis") };
}

async function migration(invocation: Invocation, facts: Facts): Promise<string[] | undefined> {
  const { flags } = invocation;
  const given = flags["migrate"];
  const seen = facts.migrate?.join(" ");
  const asks = typeof given !== "string" && asksQuestions(invocation) && facts.postgres;
  const line = asks
    ? await answer(invocation, {
        flag: "migrate",
        text: "Command that migrates the database (none: -)",
        fallback: seen ?? "-",
      })
    : (given ?? seen);
  if (typeof line !== "string" || line.trim() === "" || line.trim() === "-") return undefined;
  return line === seen && facts.migrate ? [...facts.migrate] : line.trim().split(/\s+/);
}

/** Owner and name of the GitHub repository that `origin` points to. */
async function gitHubRemote({
  machine,
  folder,
}: Invocation): Promise<{ readonly owner: string; readonly repository: string } | undefined> {
  const { exitCode, stdout } = await machine.processes.run({
    argv: ["git", "remote", "get-url", "origin"],
    cwd: folder,
  });
  const [, owner, repository] =
    /[/:]([\w.-]+)\/([\w.-]+?)(?:\.git)?\/?$/.exec(exitCode === 0 ? stdout.trim() : "") ?? [];
  return owner && repository ? { owner, repository } : undefined;
}
