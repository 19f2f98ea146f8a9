import { randomBytes } from "node:crypto";
import { fail, type Secret } from "@doge/core";
import { compose, type DatabaseLogin, loginOf, projectLayout, retireLogin, runInRelease, turns } from "@doge/deploy";
import { onEnvironment } from "../deploy/connect.ts";
import type { Project } from "../project.ts";
import { environmentNames } from "../workspaces/names.ts";
import { deployedEnvFiles, keysThatDiffer } from "./diff.ts";
import { dropletEnvFiles, type EnvFiles } from "./files.ts";
import { envPush, type EnvPush } from "./push.ts";
import { projectEnvFiles } from "./project.ts";

type PreviousKey = NonNullable<Project["config"]["app"]["previousKey"]>;

/** What `doge secrets rotate` makes anew. `database`: the password in DATABASE_URL. */
export const rotated = ["database", "METRICS_TOKEN", "SECRET_KEY"] as const;
export type RotatedSecret = (typeof rotated)[number];

export interface Rotation extends EnvPush {
  readonly rotated: readonly RotatedSecret[];
  /** An earlier rotation that was cut off has been completed, with the values that it had made. */
  readonly resumed: boolean;
  /** What SECRET_KEY was, which the app still reads. */
  readonly formerKey?: { readonly variable: string; readonly neededUntil: Date };
}

const token = (): string => randomBytes(24).toString("base64url");

/**
 * Makes generated secrets anew, in the env files here, on GitHub, in HCP and on the droplets, and ends the old ones.
 * The database's old password works until the release that knows it is gone. Killed at any point and run again, it
 * completes what was begun. Throws `rotate-none`, `rotate-reencrypt`, and what `envPush` does.
 */
export async function rotateSecrets(project: Project, names: readonly RotatedSecret[]): Promise<Rotation> {
  const { folder, machine } = project;
  const before = await projectEnvFiles(project);
  const login = loginIn(before);
  const has = (name: RotatedSecret): boolean =>
    name === "database" ? login !== undefined : valueOf(before.production[".app"], name) !== undefined;
  const missing = names.filter((name) => !has(name));
  if (names.length === 0 || missing.length > 0) {
    return fail({
      code: "rotate-none",
      summary: "There is nothing of that to make anew",
      detail: missing.includes("database")
        ? "DATABASE_URL of .envs/.production/.app does not lead to the compose service postgres as POSTGRES_USER"
        : `.envs/.production/.app has no ${missing.join(", ") || "such secret"}`,
      address: ".envs/.production/.app",
      remedy: "A password that is made elsewhere: change it there, then in .envs/, and run doge env push.",
    });
  }
  const { previousKey } = project.config.app;
  const overlap = names.includes("SECRET_KEY") ? previousKey : null;
  const begun = await underWay(project, before, keysOf(names, overlap));
  // The key before the former one goes now: nothing may need it any more.
  if (overlap && begun.size === 0) await reencrypt(project, overlap);
  for (const path of [".envs/.staging/.app", ".envs/.production/.app"]) {
    const text = await machine.files.read(`${folder}/${path}`);
    if (text === undefined || begun.has(path)) continue;
    await machine.files.write(`${folder}/${path}`, renewed(text, names, login, overlap?.variable), { mode: 0o600 });
  }
  const push = await envPush(project, environmentNames, { deploy: true, message: "doge secrets rotate" });
  const after = loginIn(await projectEnvFiles(project));
  if (names.includes("database") && after) {
    for (const { environment } of push.deploys) {
      await onEnvironment(project, environment, async (host) => {
        const layout = await projectLayout(host, project.config.slug);
        const services = compose({
          name: "services",
          files: [layout.file("compose.production.yaml")],
          directory: layout.root,
        });
        await retireLogin(host, services, after);
      });
    }
  }
  if (!overlap) return { ...push, rotated: names, resumed: begun.size > 0 };
  await reencrypt(project, overlap);
  const neededUntil = new Date(machine.clock.now().getTime() + overlap.days * 86_400_000);
  const formerKey = { variable: overlap.variable, neededUntil };
  return { ...push, rotated: names, resumed: begun.size > 0, formerKey };
}

/** Lets the app forget the key of before the last rotation. Killed and run again, it goes on. Throws as a rotation does. */
export async function finishRotation(project: Project, previousKey: PreviousKey): Promise<EnvPush> {
  const { folder, machine } = project;
  await reencrypt(project, previousKey);
  for (const path of [".envs/.staging/.app", ".envs/.production/.app"]) {
    const text = await machine.files.read(`${folder}/${path}`);
    if (text !== undefined)
      await machine.files.write(`${folder}/${path}`, withoutFormerKey(text, previousKey.variable), { mode: 0o600 });
  }
  return envPush(project, environmentNames, { deploy: true, message: "doge secrets rotate --finish" });
}

/** In each release that serves: what a former key encrypted, under today's. */
async function reencrypt(project: Project, { reencrypt: command }: PreviousKey): Promise<void> {
  if (!command) return;
  for (const environment of environmentNames) {
    if (!(await deployedEnvFiles(project, environment))) continue;
    const { exitCode, stdout, stderr } = await onEnvironment(project, environment, (host) =>
      runInRelease(host, project.config.slug, command),
    );
    if (exitCode === 0) continue;
    fail({
      code: "rotate-reencrypt",
      summary: "What the former key encrypted was not encrypted anew",
      detail: `${command.join(" ")} ended with exit code ${exitCode}: ${(stderr || stdout).trim().split("\n").at(-1)}`,
      address: environment,
      remedy: `Both keys are known, nothing is lost. See why with \`doge exec ${environment} ${command.join(" ")}\`, then run this again.`,
    });
  }
}

/** An env file's text with new values for what is asked for; everything else stays as it is. Pure but for the values. */
export function renewed(
  text: string,
  names: readonly RotatedSecret[],
  login: DatabaseLogin | undefined,
  /** Variable that keeps what SECRET_KEY was. */
  former?: string,
): string {
  const replace = (from: string, key: string, value: (old: string) => string): string =>
    from.replace(new RegExp(`^(${key}=)(.+)$`, "m"), (_, start: string, old: string) => `${start}${value(old)}`);
  let result = text;
  if (names.includes("METRICS_TOKEN")) result = replace(result, "METRICS_TOKEN", token);
  if (names.includes("SECRET_KEY")) {
    if (former) result = withoutFormerKey(result, former);
    result = replace(result, "SECRET_KEY", (old) => {
      const kept = former ? `\n${formerKeyComment}\n${former}=${old}` : "";
      return `${token()}${token()}${kept}`;
    });
  }
  if (names.includes("database") && login) {
    const user = turns(login.owner).find((role) => role !== login.user) ?? login.owner;
    // One that leads elsewhere is another server's matter.
    result = replace(result, "DATABASE_URL", (old) =>
      old.replace(/^(["']?\w+:\/\/)[^@]+(?=@postgres[:/])/, (_, scheme: string) => `${scheme}${user}:${token()}`),
    );
  }
  return result;
}

const formerKeyComment =
  "# SECRET_KEY of before the last rotation, still read. It goes with: doge secrets rotate SECRET_KEY --finish";

/** An env file's text without the key of before, and without what a rotation said of it. Pure. */
export const withoutFormerKey = (text: string, variable: string): string =>
  text.replace(new RegExp(`^(${formerKeyComment}\n)?${variable}=.*\n?`, "m"), "");

const loginIn = (sets: { readonly production: EnvFiles; readonly staging: EnvFiles }): DatabaseLogin | undefined => {
  const { files, app } = dropletEnvFiles("prod", sets.production, sets.staging);
  return loginOf(files, app);
};

const valueOf = (content: Secret | undefined, key: string): string | undefined =>
  new RegExp(`^${key}=(.+)$`, "m").exec(content?.reveal() ?? "")?.[1];

/** Names of what a rotation changes in env files. */
const keysOf = (names: readonly RotatedSecret[], overlap: PreviousKey | null): ReadonlySet<string> =>
  new Set([
    ...names.map((name) => (name === "database" ? "DATABASE_URL" : name)),
    ...(overlap ? [overlap.variable] : []),
  ]);

/** Files whose new values of these keys a droplet does not have yet: a rotation that was cut off made them. */
async function underWay(
  project: Project,
  { production, staging }: { readonly production: EnvFiles; readonly staging: EnvFiles },
  keys: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const begun = new Set<string>();
  for (const environment of environmentNames) {
    const there = await deployedEnvFiles(project, environment);
    if (!there) continue;
    for (const { path, content } of dropletEnvFiles(environment, production, staging).files) {
      if (keysThatDiffer(content, there.get(path)).some(({ key }) => keys.has(key))) begun.add(path);
    }
  }
  return begun;
}
