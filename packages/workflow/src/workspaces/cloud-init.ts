import { giveWayPath, giveWayProgram } from "@doge/deploy";
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

/**
 * nftables of a droplet: SSH, HTTP and HTTPS come in, nothing else; containers don't reach the metadata service,
 * which holds cloud-init's document. Only our own table is replaced: Docker's rules stand beside it.
 */
export const firewall = (sshPort: number): string => `#!/usr/sbin/nft -f
table inet doge
delete table inet doge
table inet doge {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    ct state invalid drop
    iif lo accept
    meta l4proto { icmp, ipv6-icmp } accept
    udp sport 67 udp dport 68 accept
    tcp dport { ${sshPort}, 80, 443 } accept
    udp dport 443 accept
  }
  chain forward {
    type filter hook forward priority filter - 10; policy accept;
    ip daddr 169.254.169.254 drop
  }
}
`;

/** SSH by keys only, for the deploy user only; tunnels to the droplet itself, which deploys use, and no others. */
const sshd = (user: string, port: number): string =>
  [
    `Port ${port}`,
    `AllowUsers ${user}`,
    "PermitRootLogin no",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "AuthenticationMethods publickey",
    "AllowTcpForwarding local",
    "AllowAgentForwarding no",
    "X11Forwarding no",
    "MaxAuthTries 3",
    "LoginGraceTime 20",
    "",
  ].join("\n");

/**
 * Containers' logs are rotated; they live on while the engine is restarted or upgraded. Their groups are systemd's, beside
 * those of its services, with whose weights theirs are compared.
 */
const daemon = {
  "exec-opts": ["native.cgroupdriver=systemd"],
  "log-driver": "json-file",
  "log-opts": { "max-size": "10m", "max-file": "5" },
  "live-restore": true,
  "no-new-privileges": true,
};

/**
 * Services that give way to what serves, with all that they start: a visitor's request never waits for the end of their
 * slice of the processor, and finds a core that only they use as good as free. Where others want all of it, they have a fifth.
 * Not containerd: what it starts are the containers.
 */
const givingWay = ["ssh", "docker", "cron"].map((unit) => ({
  path: `/etc/systemd/system/${unit}.service.d/10-doge.conf`,
  permissions: "0644",
  content: "[Service]\nCPUSchedulingPolicy=idle\nCPUWeight=20\n",
}));

/** The first boot of a droplet: deploy user, pinned host key, firewall, hardened SSH, upgrades, Docker with compose. */
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
        content: sshd(config.ssh.user, config.ssh.port),
      },
      {
        path: "/etc/docker/daemon.json",
        permissions: "0644",
        content: `${JSON.stringify(daemon, null, 2)}\n`,
      },
      { path: "/etc/nftables.conf", permissions: "0755", content: firewall(config.ssh.port) },
      ...givingWay,
      { path: giveWayPath, permissions: "0755", content: giveWayProgram },
      // Not more than the group docker allows anyway, and only this.
      {
        path: "/etc/sudoers.d/doge",
        permissions: "0440",
        content: `${config.ssh.user} ALL=(root) NOPASSWD: ${giveWayPath}\n`,
      },
      {
        path: "/etc/apt/apt.conf.d/20auto-upgrades",
        permissions: "0644",
        content: 'APT::Periodic::Update-Package-Lists "1";\nAPT::Periodic::Unattended-Upgrade "1";\n',
      },
    ],
    package_update: true,
    packages: [
      "docker.io",
      "docker-cli",
      "docker-compose",
      "unattended-upgrades",
      "nftables",
      "cron",
      "curl",
      "openssl",
      "sudo",
    ],
    // The old and the new release run side by side for a while, on a small machine.
    swap: { filename: "/swapfile", size: "1G", maxsize: "1G" },
    runcmd: [
      ["systemctl", "daemon-reload"],
      ["systemctl", "enable", "--now", "nftables"],
      ["systemctl", "enable", "cron", "docker"],
      // Whoever is logged in, and so every command of a deploy, is in this slice.
      ["systemctl", "set-property", "user.slice", "CPUWeight=20", "IOWeight=20"],
      ["systemctl", "set-property", "containerd.service", "CPUWeight=20"],
      // They may have begun before their settings were there.
      ["systemctl", "restart", "ssh", "cron", "docker"],
    ],
  };
  return `#cloud-config\n${jsonTemplate(document)}\n`;
}
