import { Configuration } from "@doge/engine";
import { digitalocean, domain, project, sshKey } from "@doge/providers/digitalocean";
import { actionsSecret, branch, branchProtection, github, repositoryData } from "@doge/providers/github";
import { privateKey, tls } from "@doge/providers/tls";
import type { ProjectConfig } from "../config/schema.ts";

/** Pull requests into these branches need this check to pass. */
export const requiredChecks = { develop: "ci", stage: "plan", main: "plan" } as const;

/** What both environments share: the deploy key, the domain, the DigitalOcean project, and the repository's rules. */
export function baseWorkspace(config: ProjectConfig): Configuration {
  const c = new Configuration();
  const secret = { type: "string", sensitive: true } as const;
  c.provider(digitalocean, { token: c.variable("do_token", secret) });
  c.provider(github, { token: c.variable("gh_token", secret), owner: config.github.owner });
  c.provider(tls);
  const tfToken = c.variable("tf_api_token", secret);

  const key = c.resource(privateKey, "deploy", { algorithm: "ED25519" });
  const uploaded = c.resource(sshKey, "deploy", { name: config.slug, public_key: key.public_key_openssh });
  c.resource(domain, "this", { name: config.domain });
  c.resource(project, "this", {
    name: config.slug,
    description: config.name,
    purpose: "Web Application",
    environment: "Production",
  });

  const repository = c.data(repositoryData, "this", {
    full_name: `${config.github.owner}/${config.github.repository}`,
  });
  const secrets = { SSH_KEY: key.private_key_openssh, TF_API_TOKEN: tfToken, DROPLET_USER: config.ssh.user };
  for (const [name, value] of Object.entries(secrets)) {
    c.resource(actionsSecret, name.toLowerCase(), {
      repository: repository.name,
      secret_name: name,
      plaintext_value: value,
    });
  }

  const branches = (["develop", "stage"] as const).map((name) =>
    c.resource(branch, name, { repository: repository.name, branch: name, source_branch: "main" }),
  );
  for (const [name, check] of Object.entries(requiredChecks)) {
    c.resource(
      branchProtection,
      name,
      {
        repository_id: repository.node_id,
        pattern: name,
        allows_force_pushes: false,
        allows_deletions: false,
        required_status_checks: [{ strict: false, contexts: [check] }],
        required_pull_request_reviews: [{ required_approving_review_count: 0 }],
      },
      { dependsOn: branches },
    );
  }

  c.output("deploy_private_key", key.private_key_openssh, { sensitive: true });
  c.output("ssh_key_fingerprint", uploaded.fingerprint);
  return c;
}
