import { Client, type ConnectConfig } from "ssh2";
import { type Clock, type Emit, fail, type Secret, type Trouble } from "@doge/core";
import type { Host } from "./host.ts";
import { sshHost } from "./ssh.ts";

export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** OpenSSH or PEM. */
  readonly privateKey: Secret;
  /** `ssh-ed25519 AAAA…`: the key the droplet was born with. Another key is never accepted. */
  readonly hostKey: string;
  readonly clock: Clock;
  readonly emit?: Emit;
  /** How long a droplet may take to boot, in milliseconds; 180 000 unless told, 0 for a single try. */
  readonly bootMilliseconds?: number;
  /** For one try; 10 s unless told. */
  readonly connectMilliseconds?: number;
  readonly signal?: AbortSignal;
}

export type ConnectFailure = "refused" | "timeout" | "auth" | "host-key" | "address" | "key" | "broken";

/** A booting droplet answers before cloud-init has made the deploy user; what can't mend itself is not waited for. */
function patienceFor(failure: ConnectFailure, bootMilliseconds: number): number {
  if (failure === "auth") return Math.min(60_000, bootMilliseconds);
  return ["refused", "timeout", "broken"].includes(failure) ? bootMilliseconds : 0;
}

/**
 * Connects by SSH with a pinned host key; waits while the droplet boots.
 * Throws `ssh-refused`, `ssh-timeout`, `ssh-auth`, `ssh-host-key`, `ssh-address`, `ssh-key`, `ssh-broken`.
 */
export async function connectHost(options: ConnectOptions): Promise<Host> {
  const { clock, bootMilliseconds = 180_000 } = options;
  const name = `${options.user}@${options.host}:${options.port}`;
  const started = clock.now().getTime();
  for (let attempt = 1; ; attempt++) {
    const outcome = await tryToConnect(options);
    if (outcome instanceof Client) return sshHost(outcome, name);
    const waited = clock.now().getTime() - started;
    const limit = patienceFor(outcome.failure, bootMilliseconds);
    if (waited >= limit) fail(trouble(outcome.failure, name, options, waited));
    options.emit?.({
      type: "step.progress",
      step: "connect",
      message: `${name} is not ready yet (${outcome.failure}), ${Math.round(waited / 1000)} s`,
    });
    await clock.sleep(Math.min(3_000, 250 * attempt), options.signal);
  }
}

interface Failed {
  readonly failure: ConnectFailure;
}

function tryToConnect(options: ConnectOptions): Promise<Client | Failed> {
  const [type = "", pinned = ""] = options.hostKey.trim().split(/\s+/);
  let foreign = false;
  const config: ConnectConfig = {
    host: options.host,
    port: options.port,
    username: options.user,
    privateKey: options.privateKey.reveal(),
    readyTimeout: options.connectMilliseconds ?? 10_000,
    keepaliveInterval: 10_000,
    keepaliveCountMax: 6,
    // Only the pinned kind of key is asked for: a server with several shows the right one.
    algorithms: { serverHostKey: type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256"] : [type as "ssh-ed25519"] },
    hostVerifier: (key: Buffer): boolean => {
      foreign = key.toString("base64") !== pinned;
      return !foreign;
    },
  };
  return new Promise((resolve) => {
    const client = new Client();
    const failed = (thrown: Error & { readonly level?: string; readonly code?: string }): void => {
      client.destroy();
      resolve({ failure: foreign ? "host-key" : failureOf(thrown) });
    };
    client.on("error", failed);
    client.on("close", () => failed(Object.assign(new Error("closed"), { code: "ECONNRESET" })));
    client.on("ready", () => {
      // Small packets must not wait for acknowledgements: it makes a command ten times as fast.
      client.setNoDelay(true);
      client.removeAllListeners("error").removeAllListeners("close");
      resolve(client);
    });
    try {
      client.connect(config);
    } catch {
      // Thrown before any connection: the private key can't be read.
      resolve({ failure: "key" });
    }
  });
}

function failureOf(thrown: { readonly level?: string; readonly code?: string }): ConnectFailure {
  if (thrown.level === "client-authentication") return "auth";
  if (thrown.level === "client-timeout" || thrown.code === "ETIMEDOUT") return "timeout";
  if (["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH"].includes(thrown.code ?? "")) return "refused";
  if (thrown.code === "ENOTFOUND" || thrown.code === "EAI_AGAIN") return "address";
  // No common algorithm: the server has no key of the pinned kind.
  if (thrown.level === "handshake") return "host-key";
  return "broken";
}

function trouble(failure: ConnectFailure, name: string, options: ConnectOptions, waited: number): Trouble {
  const after = waited >= 1_000 ? ` for ${Math.round(waited / 1000)} s` : "";
  const troubles: Readonly<Record<ConnectFailure, Trouble>> = {
    refused: {
      code: "ssh-refused",
      summary: "The droplet does not accept SSH connections",
      detail: `port ${options.port} refused${after}`,
      remedy: "Look at the droplet's console on DigitalOcean: cloud-init sets the SSH port on the first boot.",
    },
    timeout: {
      code: "ssh-timeout",
      summary: "The droplet does not answer",
      detail: `no answer from port ${options.port}${after}`,
      remedy: "Check that the droplet is on (`doge status`) and that no firewall stands between.",
    },
    auth: {
      code: "ssh-auth",
      summary: "The droplet does not accept the SSH key",
      detail: `for user ${options.user}${after}`,
      remedy: "The key in SSH_KEY must be the one that base made: run `doge apply base`, then apply the environment.",
    },
    "host-key": {
      code: "ssh-host-key",
      summary: "The droplet shows another host key than it was born with",
      detail: `expected ${options.hostKey.split(/\s+/).slice(0, 2).join(" ")}`,
      remedy:
        "If the droplet was replaced by hand, run `doge apply` for its environment, which renews DROPLET_HOST_KEY. If not, someone may be listening: do not go on.",
    },
    address: {
      code: "ssh-address",
      summary: "The droplet's name does not resolve",
      detail: options.host,
      remedy: "Check DROPLET_HOST: it should be the droplet's address.",
    },
    key: {
      code: "ssh-key",
      summary: "The SSH key can't be read",
      detail: "it is neither an OpenSSH nor a PEM private key, or it has a passphrase",
      remedy: "Give the whole private key in SSH_KEY, with its first and last line and its line breaks.",
    },
    broken: {
      code: "ssh-broken",
      summary: "The SSH connection broke before it was ready",
      detail: `port ${options.port} answered, but not as an SSH server that lets us in${after}`,
      remedy: "Run this again; if it stays, look at the droplet's console.",
    },
  };
  return { ...troubles[failure], address: name };
}
