import { z } from "zod";

const slug = z
  .string()
  .regex(/^[a-z][a-z0-9-]{1,38}[a-z0-9]$/, "must be 3 to 40 of a-z, 0-9 and '-', starting with a letter");

const hostName = z
  .string()
  .regex(
    /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/,
    "must be a domain name such as example.com",
  );

const environment = (soakSeconds: number) =>
  z.strictObject({
    size: z
      .string()
      .default("s-1vcpu-1gb")
      .describe("Droplet size slug; `doge doctor` checks that it exists in the region."),
    soakSeconds: z
      .number()
      .min(0)
      .max(3600)
      .default(soakSeconds)
      .describe("How long a deploy watches real traffic after its switch; worse than before is switched back."),
  });

const command = z.array(z.string()).min(1);
const signal = z.string().regex(/^SIG[A-Z0-9]+$/, "must be a signal such as SIGTERM");
const memory = z
  .string()
  .regex(/^\d+[mg]$/, "must be megabytes or gigabytes such as 256m or 1g")
  .describe("Most memory it may use, such as 256m; over it the engine ends it.");
const cpus = z.number().positive().describe("Most processor it may use, in cores.");

const cronTimes = z
  .string()
  .regex(/^(@(hourly|daily|weekly|monthly)|[\d*,/-]+( [\d*,/-]+){4})$/, "must be five fields of cron, or @daily");

const process = z.strictObject({
  command: command.describe("Runs in the app's image, with its env files."),
  memory: memory.optional(),
  cpus: cpus.optional(),
  replicas: z.int().min(1).max(32).default(1).describe("How many of it run."),
  stopSignal: signal.default("SIGTERM").describe("Tells it to finish its job and end."),
  graceSeconds: z.int().min(0).max(3600).default(60).describe("How long it may take to finish its job."),
  schedule: cronTimes
    .optional()
    .describe("Times of cron (UTC): a job that runs then and ends. Without it, a worker that always runs."),
});

/** `doge.config.ts`: the one place that describes a project. Type, validation and docs come from here. */
export const projectSchema = z.strictObject({
  name: z.string().min(1).describe("What people read: titles, comments, the DigitalOcean project."),
  slug: slug.describe("What machines read: prefix of workspaces, droplets and buckets. Changing it makes new ones."),
  domain: hostName.describe("The apex domain. Production serves it and www; staging serves `staging.` below it."),
  github: z
    .strictObject({
      owner: z.string().min(1).describe("User or organisation that owns the repository."),
      repository: z.string().min(1).describe("Repository name."),
      private: z.boolean().default(true).describe("Whether `doge repo create` makes it private."),
    })
    .describe("Where the code lives."),
  hcp: z
    .strictObject({ organization: z.string().min(1).describe("HCP Terraform organisation; the free plan is enough.") })
    .describe("Has the workspaces; states live and runs happen there, unless `state` and `executor` say otherwise."),
  digitalocean: z
    .strictObject({
      region: z.string().default("fra1").describe("Region of droplets and of the Spaces buckets."),
      image: z.string().default("debian-13-x64").describe("Droplet image slug."),
    })
    .prefault({})
    .describe("Where the machines are."),
  environments: z
    .strictObject({ stage: environment(3).prefault({}), prod: environment(10).prefault({}) })
    .prefault({})
    .describe("The droplets of staging and production."),
  app: z
    .strictObject({
      port: z
        .int()
        .min(1024)
        .max(65_535)
        .default(3000)
        .describe("Port that the app listens on, on all interfaces, inside its container."),
      alive: z.string().startsWith("/").default("/healthz").describe("Path that answers 200 while the process works."),
      ready: z.string().startsWith("/").default("/readyz").describe("Path that answers 200 when requests may come."),
      migrate: command
        .nullable()
        .default(["node", "src/migrate.ts"])
        .describe("Command that migrates the database, run once in the new image; null for none."),
      pending: command
        .nullable()
        .default(["node", "src/migrate.ts", "--list", "--json"])
        .describe("Command that lists pending migrations as JSON and changes nothing; null where there is none."),
      build: z
        .enum(["assemble", "dockerfile"])
        .default("assemble")
        .describe(
          "Who makes the image: Doge puts it together (plain Node apps, no engine), or the engine builds the Dockerfile.",
        ),
      drainSignal: signal
        .nullable()
        .default("SIGUSR1")
        .describe("After it the app answers 503 on `ready`; null for an app that does not know such a signal."),
      memory: memory.optional(),
      cpus: cpus.optional(),
      readOnly: z
        .boolean()
        .default(false)
        .describe("Whether its containers write nowhere but in /tmp, and have no rights of the kernel's."),
      compile: command
        .nullable()
        .default(null)
        .describe("Node program, in a clean export without node_modules, that makes what the assembled image runs."),
      previousKey: z
        .strictObject({
          variable: z
            .string()
            .regex(/^[A-Z][A-Z0-9_]*$/, "must be a name such as SECRET_KEY_PREVIOUS")
            .describe("Variable in which the app finds the key of before."),
          days: z.int().min(0).default(14).describe("How long what the former key signed may still be of use."),
          reencrypt: command
            .nullable()
            .default(null)
            .describe("Command in the live release that encrypts anew what the former key encrypted; null for none."),
        })
        .nullable()
        .default(null)
        .describe("How the app takes the SECRET_KEY of before a rotation; null for one that knows one key at a time."),
      base: z.string().default("docker.io/library/node:24-bookworm-slim").describe("Base image of the app's image."),
    })
    .prefault({})
    .describe("How the app runs."),
  registry: z
    .enum(["ghcr", "none"])
    .default("ghcr")
    .describe(
      "Where the app's images are: GitHub's container registry; or `none`, and each is sent to the droplet over SSH, only what it lacks.",
    ),
  ci: z
    .strictObject({
      checks: z
        .array(command)
        .nullable()
        .default(null)
        .describe(
          "Commands that `doge ci check` runs, in order; null for package.json's lint, build and test scripts.",
        ),
    })
    .prefault({})
    .describe("What continuous integration does."),
  processes: z
    .record(z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, "must be a short name of a-z, 0-9 and '-'"), process)
    .refine((all) => !("app" in all), "`app` is the web process itself: describe it under the key app")
    .default({})
    .describe("Workers and scheduled jobs beside the web process, by name."),
  backups: z
    .strictObject({
      schedule: cronTimes
        .nullable()
        .default("17 3 * * *")
        .describe("When each environment's database is backed up, in UTC; null for never."),
      staleHours: z.int().min(1).default(26).describe("`doge status` calls a backup stale that is older."),
      sanitize: z
        .string()
        .nullable()
        .default(null)
        .describe("SQL file that takes private data out of a copy of production before it goes to staging."),
    })
    .prefault({})
    .describe("Backups of the database; each is restored into a throw-away database and compared."),
  ssh: z
    .strictObject({
      // A word that nothing else is called: it becomes a secret, and GitHub masks secrets wherever they stand.
      user: z.string().default("deployer").describe("Deploy user, made by cloud-init."),
      port: z.int().min(1).max(65_535).default(2222).describe("Port of the droplets' SSH servers, set by cloud-init."),
    })
    .prefault({})
    .describe("How Doge reaches the droplets."),
  state: z
    .strictObject({
      backend: z
        .enum(["hcp", "folder", "spaces"])
        .default("hcp")
        .describe("HCP Terraform, a folder of this machine, or a Spaces bucket. Runs in HCP need `hcp`."),
      folder: z.string().default(".doge/state").describe("Folder of the `folder` backend, relative to the project."),
      bucket: z
        .string()
        .optional()
        .describe("Bucket of the `spaces` backend; `<slug>-state` unless told, made where it is missing."),
    })
    .prefault({})
    .describe("Where states live. Outside of HCP they are sealed where DOGE_STATE_KEY is set."),
  executor: z
    .enum(["hcp", "native", "terraform"])
    .default("hcp")
    .describe(
      "Who carries out runs of base, stage and prod: HCP Terraform, or Doge's own engine or the terraform program on this machine.",
    ),
});

export type ProjectConfig = z.output<typeof projectSchema>;
export type ProjectConfigInput = z.input<typeof projectSchema>;

/** Types `doge.config.ts` as it is written. */
export const defineProject = (config: ProjectConfigInput): ProjectConfigInput => config;
