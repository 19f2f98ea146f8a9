import { expect, test } from "vitest";
import { raw } from "@doge/engine";
import { validateProject } from "../src/config/validate.ts";
import { cloudInit } from "../src/workspaces/cloud-init.ts";

const config = validateProject(
  {
    name: "Shop",
    slug: "shop",
    domain: "shop.test",
    github: { owner: "ada", repository: "shop" },
    hcp: { organization: "ada" },
    ssh: { port: 2200 },
  },
  "doge.config.ts",
).value!;

interface Document {
  readonly users: readonly { readonly groups: string; readonly sudo?: string }[];
  readonly write_files: readonly { readonly path: string; readonly content: string }[];
  readonly packages: readonly string[];
  readonly [key: string]: unknown;
}

const document = (): Document => {
  const text = cloudInit(config, {
    deployKey: raw("key"),
    hostPrivate: raw("host"),
    hostPublic: raw("public"),
  });
  expect(text.startsWith("#cloud-config\n")).toBe(true);
  // Terraform's own part: expressions become JSON strings.
  return JSON.parse(text.slice("#cloud-config\n".length).replace(/\$\{jsonencode\((\w+)\)\}/g, '"$1"')) as Document;
};
const file = (path: string): string => document().write_files.find((entry) => entry.path === path)?.content ?? "";

test("SSH: keys only, the deploy user only, no root, on the configured port", () => {
  expect(document()).toMatchObject({ disable_root: true, ssh_pwauth: false, ssh_keys: { ed25519_private: "host" } });
  expect(document().users).toEqual([expect.not.objectContaining({ sudo: expect.anything() as unknown })]);
  const sshd = file("/etc/ssh/sshd_config.d/10-doge.conf");
  for (const line of ["Port 2200", "PermitRootLogin no", "PasswordAuthentication no", "AllowUsers deployer"])
    expect(sshd.split("\n")).toContain(line);
});

test("the firewall lets SSH and the web in, and keeps containers from the metadata service", () => {
  const rules = file("/etc/nftables.conf");
  expect(rules).toContain("policy drop");
  expect(rules).toContain("tcp dport { 2200, 80, 443 } accept");
  expect(rules).toMatch(/hook forward[^}]*ip daddr 169\.254\.169\.254 drop/);
  expect(rules).not.toContain("flush ruleset");
});

test("who is logged in, and the engine, give way to containers, whose groups are systemd's", () => {
  expect(JSON.parse(file("/etc/docker/daemon.json"))).toMatchObject({
    "exec-opts": ["native.cgroupdriver=systemd"],
  });
  for (const unit of ["ssh", "docker", "cron"]) {
    expect(file(`/etc/systemd/system/${unit}.service.d/10-doge.conf`)).toBe(
      "[Service]\nCPUSchedulingPolicy=idle\nCPUWeight=20\n",
    );
  }
  const commands = (document()["runcmd"] as string[][]).map((argv) => argv.join(" "));
  expect(commands.filter((command) => command.includes("set-property"))).toEqual([
    "systemctl set-property user.slice CPUWeight=20 IOWeight=20",
    "systemctl set-property containerd.service CPUWeight=20",
  ]);
  expect(commands.at(-1)).toBe("systemctl restart ssh cron docker");
});

test("the deploy user may run one program as root: it lets what starts give way", () => {
  expect(file("/etc/sudoers.d/doge")).toBe("deployer ALL=(root) NOPASSWD: /usr/local/sbin/doge-give-way\n");
  expect(file("/usr/local/sbin/doge-give-way")).toMatch(/^#!\/bin\/bash\n/);
  expect(document().packages).toContain("sudo");
});

test("logs are rotated, upgrades install themselves, containers outlive the engine's restart", () => {
  expect(JSON.parse(file("/etc/docker/daemon.json"))).toMatchObject({
    "log-opts": { "max-size": "10m", "max-file": "5" },
    "live-restore": true,
  });
  expect(file("/etc/apt/apt.conf.d/20auto-upgrades")).toContain('Unattended-Upgrade "1"');
  expect(document().packages).toEqual(expect.arrayContaining(["unattended-upgrades", "nftables", "cron"]));
});
