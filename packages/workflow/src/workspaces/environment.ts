import { Configuration, raw } from "@doge/engine";
import {
  digitalocean,
  domainData,
  droplet,
  projectData,
  projectResources,
  record,
  sizesData,
  spacesBucket,
  sshKeyData,
} from "@doge/providers/digitalocean";
import { actionsEnvironmentSecret, github, repositoryData, repositoryEnvironment } from "@doge/providers/github";
import { privateKey, tls } from "@doge/providers/tls";
import type { ProjectConfig } from "../config/schema.ts";
import { cloudInit } from "./cloud-init.ts";
import { type EnvironmentName, hostsOf } from "./names.ts";

/** One environment: droplet, bucket, records, and the GitHub environment with its secrets. */
export function environmentWorkspace(config: ProjectConfig, environment: EnvironmentName): Configuration {
  const c = new Configuration();
  const secret = { type: "string", sensitive: true } as const;
  c.provider(digitalocean, {
    token: c.variable("do_token", secret),
    spaces_access_id: c.variable("do_spaces_access_id", secret),
    spaces_secret_key: c.variable("do_spaces_secret_key", secret),
  });
  c.provider(github, { token: c.variable("gh_token", secret), owner: config.github.owner });
  c.provider(tls);
  const envFiles = c.variable("env_file_map", { ...secret, description: "Env files by secret name, base64, as JSON" });

  const deployKey = c.data(sshKeyData, "deploy", { name: config.slug });
  const project = c.data(projectData, "this", { name: config.slug });
  const zone = c.data(domainData, "this", { name: config.domain });
  const { size } = config.environments[environment];
  const { sizes } = c.data(sizesData, "this", { filter: [{ key: "slug", values: [size] }] });

  // Made here, not on the droplet: the first connection already knows whom it talks to.
  const hostKey = c.resource(privateKey, "host", { algorithm: "ED25519" });
  const server = c.resource(
    droplet,
    "this",
    {
      name: `${config.slug}-${environment}`,
      region: config.digitalocean.region,
      size,
      image: config.digitalocean.image,
      monitoring: true,
      ssh_keys: [deployKey.fingerprint],
      user_data: cloudInit(config, {
        deployKey: deployKey.public_key,
        hostPrivate: hostKey.private_key_openssh,
        hostPublic: hostKey.public_key_openssh,
      }),
    },
    // Only the first boot reads them: another version of Doge must not replace a droplet with its database for their sake.
    { lifecycle: { ignore_changes: ["user_data", "ssh_keys"] } },
  );

  const site = `https://${hostsOf(environment, config.domain)[0]}`;
  const bucket = c.resource(spacesBucket, "this", {
    name: `${config.slug}-${environment}`,
    region: config.digitalocean.region,
    acl: "private",
    force_destroy: environment === "stage",
    cors_rule: [
      { allowed_methods: ["GET", "HEAD"], allowed_origins: [site], allowed_headers: ["*"], max_age_seconds: 3600 },
    ],
  });

  c.resource(record, "site", {
    domain: zone.name,
    type: "A",
    name: environment === "stage" ? "staging" : "@",
    value: server.ipv4_address,
    ttl: 300,
  });
  if (environment === "prod") {
    c.resource(record, "www", { domain: zone.name, type: "CNAME", name: "www", value: "@", ttl: 300 });
  }
  c.resource(projectResources, "this", { project: project.id, resources: [server.urn, bucket.urn] });

  const repository = c.data(repositoryData, "this", {
    full_name: `${config.github.owner}/${config.github.repository}`,
  });
  const githubEnvironment = c.resource(repositoryEnvironment, "this", {
    repository: repository.name,
    environment,
  });
  const secrets = { DROPLET_HOST: server.ipv4_address, DROPLET_HOST_KEY: hostKey.public_key_openssh };
  for (const [name, value] of Object.entries(secrets)) {
    c.resource(actionsEnvironmentSecret, name.toLowerCase(), {
      repository: repository.name,
      environment: githubEnvironment.environment,
      secret_name: name,
      plaintext_value: value,
    });
  }
  // The names of the files are no secret, their contents are.
  c.resource(
    actionsEnvironmentSecret,
    "env_file",
    {
      repository: repository.name,
      environment: githubEnvironment.environment,
      secret_name: raw<string>("each.key"),
      plaintext_value: raw<string>(`jsondecode(${envFiles.source})[each.key]`),
    },
    { forEach: raw(`toset(nonsensitive(keys(jsondecode(${envFiles.source}))))`) },
  );

  c.output("droplet_ipv4", server.ipv4_address);
  c.output("host_public_key", hostKey.public_key_openssh);
  c.output("bucket", bucket.name);
  c.output("url", site);
  // Dollars, by DigitalOcean's list: a plan's JSON carries it to `monthlyCost`, whoever made the plan.
  c.output("monthly_cost", raw<number>(`one(${sizes.source}[*].price_monthly)`));
  return c;
}
