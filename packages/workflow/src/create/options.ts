import type { ProjectConfigInput } from "../config/schema.ts";

/** What a new project may have or leave out, each with what it is unless told. */
export interface TemplateOptions {
  /** Who sends mail in production. SMTP is always there; a provider adds its HTTP API. */
  readonly mail: (typeof choices.mail)[number];
  /** Whether the cache is Redis, beside Postgres, or a table of Postgres. */
  readonly redis: boolean;
  /** Where jobs run on a droplet: in a process of their own, or in the web process. */
  readonly jobs: (typeof choices.jobs)[number];
  /** JSON API with tokens and its OpenAPI document. */
  readonly api: boolean;
  /** Where the app's images are: GitHub's registry, or nowhere: they are sent to the droplets. */
  readonly registry: (typeof choices.registry)[number];
  readonly licence: (typeof choices.licence)[number];
  /** Whose settings come along. */
  readonly editor: (typeof choices.editor)[number];
}

export const choices = {
  mail: ["smtp", "postmark", "resend"],
  jobs: ["worker", "web"],
  registry: ["ghcr", "none"],
  licence: ["none", "mit", "apache-2.0"],
  editor: ["vscode", "jetbrains", "none"],
} as const;

export const defaultOptions: TemplateOptions = {
  mail: "smtp",
  redis: false,
  jobs: "worker",
  api: true,
  registry: "ghcr",
  licence: "none",
  editor: "vscode",
};

const mailUrls = {
  smtp: "smtp://user:password@host:587",
  postmark: "postmark://TOKEN@api.postmarkapp.com",
  resend: "resend://KEY@api.resend.com",
} as const;

/** The address of the chosen way to send mail, as an example. */
export const mailUrl = ({ mail }: TemplateOptions): string => mailUrls[mail];

const spdx = { none: "UNLICENSED", mit: "MIT", "apache-2.0": "Apache-2.0" } as const;

/** The options as words of the template: "yes" or nothing for what `{{#if …}}` asks. */
export function optionWords(options: TemplateOptions): Readonly<Record<string, string>> {
  const { mail, redis, jobs, api, registry, licence, editor } = options;
  const yes = (is: boolean): string => (is ? "yes" : "");
  return {
    mail,
    mail_url: mailUrl(options),
    // The providers that have an API of their own.
    provider: mail === "smtp" ? "" : mail,
    postmark: yes(mail === "postmark"),
    resend: yes(mail === "resend"),
    redis: yes(redis),
    worker: yes(jobs === "worker"),
    api: yes(api),
    packages: yes(registry === "ghcr"),
    spdx: spdx[licence],
    mit: yes(licence === "mit"),
    apache: yes(licence === "apache-2.0"),
    vscode: yes(editor === "vscode"),
    jetbrains: yes(editor === "jetbrains"),
  };
}

/** What `doge.config.ts` says of the template's app. */
export const appConfig = ({
  jobs,
  registry,
}: TemplateOptions): Pick<ProjectConfigInput, "app" | "processes" | "registry"> => ({
  ...(registry === defaultOptions.registry ? {} : { registry }),
  app: {
    compile: ["node", "src/commands/compile.ts"],
    readOnly: true,
    previousKey: { variable: "SECRET_KEY_PREVIOUS", reencrypt: ["node", "dist/commands/reencrypt.js"] },
  },
  ...(jobs === "worker" ? { processes: { worker: { command: ["node", "dist/worker.js"] } } } : {}),
});

/** Lines of `.envs/.production/.app` that the options want. */
export const optionSettings = ({ jobs, redis }: TemplateOptions): readonly string[] => [
  ...(jobs === "worker" ? ["# A process of its own runs the jobs: doge.config.ts.", "JOBS_IN_WEB=false"] : []),
  ...(redis ? ["CACHE_URL=redis://redis:6379"] : []),
];
