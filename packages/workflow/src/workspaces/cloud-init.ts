import { Expression, literal } from "@doge/engine";
import type { ProjectConfig } from "../config/schema.ts";

/**
 * JSON text with Terraform expressions in it: each becomes `${jsonencode(…)}`, so that keys with line breaks
 * stay valid. cloud-init reads it: JSON is YAML.
 */
export function jsonTemplate(value: unknown): string {
  if (value instanceof Expression) return `\${jsonencode(${value.source})}`;
  if (Array.isArray(value)) return `[${value.map(jsonTemplate).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    return `{${Object.entries(value)
      .map(([key, entry]) => `${literal(JSON.stringify(key))}:${jsonTemplate(entry)}`)
      .join(",")}}`;
  }
  return literal(JSON.stringify(value));
}

/** The first boot of a droplet: deploy user, pinned host key, hardened SSH, Docker with compose. */
export function cloudInit(
  config: ProjectConfig,
  keys: {
    readonly deployKey: Expression<string>;
    readonly hostPrivate: Expression<string>;
    readonly hostPublic: Expression<string>;
  },
): string {
  const document = {
    users: [
      {
        name: config.ssh.user,
        groups: "docker",
        shell: "/bin/bash",
        // `*`, not `!`: a locked account can't log in even with a key.
        passwd: "*",
        lock_passwd: false,
        ssh_authorized_keys: [keys.deployKey],
      },
    ],
    groups: ["docker"],
    disable_root: true,
    ssh_pwauth: false,
    ssh_deletekeys: true,
    // Made by Terraform, so that the first connection is pinned already.
    ssh_keys: { ed25519_private: keys.hostPrivate, ed25519_public: keys.hostPublic },
    write_files: [
      {
        path: "/etc/ssh/sshd_config.d/10-doge.conf",
        permissions: "0644",
        content: `Port ${config.ssh.port}\nPasswordAuthentication no\nPermitRootLogin no\nAllowUsers ${config.ssh.user}\n`,
      },
      {
        path: "/etc/docker/daemon.json",
        permissions: "0644",
        content: `${JSON.stringify({ "log-driver": "json-file", "log-opts": { "max-size": "10m", "max-file": "5" } })}\n`,
      },
      {
        path: "/etc/apt/apt.conf.d/20auto-upgrades",
        permissions: "0644",
        content: 'APT::Periodic::Update-Package-Lists "1";\nAPT::Periodic::Unattended-Upgrade "1";\n',
      },
    ],
    package_update: true,
    packages: ["docker.io", "docker-cli", "docker-compose", "unattended-upgrades", "curl"],
    runcmd: [
      ["systemctl", "restart", "ssh"],
      ["systemctl", "enable", "--now", "docker"],
      // Containers have no business with the droplet's metadata, which holds this file.
      ["iptables", "-I", "DOCKER-USER", "-d", "169.254.169.254", "-j", "DROP"],
    ],
  };
  return `#cloud-config\n${jsonTemplate(document)}\n`;
}
