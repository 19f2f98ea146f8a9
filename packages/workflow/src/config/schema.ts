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

const environment = z.strictObject({
  size: z
    .string()
    .default("s-1vcpu-1gb")
    .describe("Droplet size slug; `doge doctor` checks that it exists in the region."),
});

const command = z.array(z.string()).min(1);

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
    .describe("Where state lives and remote runs happen."),
  digitalocean: z
    .strictObject({
      region: z.string().default("fra1").describe("Region of droplets and of the Spaces buckets."),
      image: z.string().default("debian-13-x64").describe("Droplet image slug."),
    })
    .prefault({})
    .describe("Where the machines are."),
  environments: z
    .strictObject({ stage: environment.prefault({}), prod: environment.prefault({}) })
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
      base: z.string().default("docker.io/library/node:24-bookworm-slim").describe("Base image of the app's image."),
    })
    .prefault({})
    .describe("How the app runs."),
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
  ssh: z
    .strictObject({
      user: z.string().default("doge").describe("Deploy user, made by cloud-init."),
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
    .enum(["hcp", "native"])
    .default("hcp")
    .describe("Who carries out runs of base, stage and prod: HCP Terraform, or Doge's own engine on this machine."),
});

export type ProjectConfig = z.output<typeof projectSchema>;
export type ProjectConfigInput = z.input<typeof projectSchema>;

/** Types `doge.config.ts` as it is written. */
export const defineProject = (config: ProjectConfigInput): ProjectConfigInput => config;
