/** A droplet of the local cloud, made and booted by DigitalOcean's interface as the workflow does. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningCloud, startCloud } from "../../packages/cloud/src/index.ts";
import { noTerraform } from "../../packages/cloud/test/control/mini.ts";
import { type Machine, Secret } from "../../packages/core/src/index.ts";
import { nodeMachine } from "../../packages/core/src/node/index.ts";
import { makeKeys } from "../../packages/deploy/test/support/ssh-server.ts";
import type { ConnectOptions, RegistryAccess } from "../../packages/deploy/src/index.ts";

export interface LocalDroplet {
  readonly folder: string;
  readonly machine: Machine;
  /** How the deploy user gets in. */
  readonly ssh: ConnectOptions;
  readonly registryUrl: string;
  readonly access: RegistryAccess;
  readonly spaces: { readonly endpoint: string; readonly id: string; readonly secret: string };
  stop(): Promise<void>;
}

/** Starts a local cloud with one droplet, to which the domain and its `www` lead. */
export async function startLocalDroplet(seed: string, domain: string): Promise<LocalDroplet> {
  const folder = mkdtempSync(join(tmpdir(), `doge-${seed}-`));
  const cloud = await startCloud({ folder: join(folder, "cloud"), basePort: 0, seed, terraform: noTerraform });
  const machine = nodeMachine({ ...process.env, ...cloud.endpoints });
  const registryUrl = cloud.endpoints["DOGE_REGISTRY_URL"] ?? "";
  return {
    folder,
    machine,
    ssh: await boot(cloud, machine, domain),
    registryUrl,
    access: {
      host: new URL(registryUrl).host,
      username: "doge",
      token: new Secret(cloud.endpoints["GITHUB_TOKEN"] ?? ""),
    },
    spaces: {
      endpoint: cloud.endpoints["SPACES_ENDPOINT_URL"] ?? "",
      id: cloud.endpoints["SPACES_ACCESS_KEY_ID"] ?? "",
      secret: cloud.endpoints["SPACES_SECRET_ACCESS_KEY"] ?? "",
    },
    async stop() {
      await cloud.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function boot(cloud: RunningCloud, machine: Machine, domain: string): Promise<ConnectOptions> {
  const [birth, user] = [makeKeys(), makeKeys()];
  const userData = {
    users: [{ name: "doge", groups: "docker", ssh_authorized_keys: [user.publicKey] }],
    ssh_keys: { ed25519_private: birth.privateKey, ed25519_public: birth.publicKey },
    write_files: [{ path: "/etc/ssh/sshd_config.d/10-doge.conf", content: "Port 2222\n" }],
  };
  const post = async (path: string, body: object): Promise<Record<string, never>> => {
    const response = await machine.http.send({
      method: "POST",
      url: `${cloud.endpoints["DIGITALOCEAN_API_URL"]}/v2${path}`,
      headers: { authorization: `Bearer ${cloud.endpoints["DIGITALOCEAN_TOKEN"]}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (response.status >= 300) throw new Error(`POST ${path}: ${response.status} ${response.text()}`);
    return response.json() as Record<string, never>;
  };
  const made = await post("/droplets", {
    name: "such-app-prod",
    region: "fra1",
    size: "s-1vcpu-1gb",
    image: "debian-13-x64",
    user_data: `#cloud-config\n${JSON.stringify(userData)}\n`,
  });
  const { networks } = made["droplet"] as unknown as { networks: { v4: { type: string; ip_address: string }[] } };
  const host = networks.v4.find(({ type }) => type === "public")?.ip_address ?? "";
  await post("/domains", { name: domain, ip_address: host });
  await post(`/domains/${domain}/records`, { type: "CNAME", name: "www", data: "@" });
  const privateKey = new Secret(user.privateKey);
  return { host, port: 2222, user: "doge", privateKey, hostKey: birth.publicKey, clock: machine.clock };
}
