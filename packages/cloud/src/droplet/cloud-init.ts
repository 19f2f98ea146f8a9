import { gunzipSync } from "node:zlib";
import { parse } from "yaml";

export interface CloudInitUser {
  readonly name: string;
  /** In the droplet: `/home/ada`. */
  readonly home: string;
  readonly keys: readonly string[];
  readonly shell: string;
}

/** What of a `#cloud-config` the local droplet carries out, and what it only records. */
export interface CloudInit {
  readonly users: readonly CloudInitUser[];
  readonly files: readonly {
    readonly path: string;
    readonly content: Buffer;
    readonly mode: number;
    readonly append: boolean;
  }[];
  /** Private host key, OpenSSH or PEM; undefined where the droplet makes its own. */
  readonly hostKey: string | undefined;
  readonly sshPort: number;
  /** For /var/log/cloud-init-output.log. */
  readonly log: readonly string[];
}

type Raw = Readonly<Record<string, unknown>>;
const object = (value: unknown): Raw => (typeof value === "object" && value !== null ? (value as Raw) : {});
const list = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
const strings = (value: unknown): string[] => list(value).map(String);

const carriedOut = new Set([
  "users",
  "groups",
  "ssh_keys",
  "write_files",
  "ssh_authorized_keys",
  "disable_root",
  "ssh_pwauth",
  "ssh_deletekeys",
  "hostname",
  "fqdn",
]);

/** Reads user data. What is no `#cloud-config` is recorded and not run, as are packages and commands. */
export function readCloudInit(userData: string, rootKeys: readonly string[]): CloudInit {
  const isConfig = /^#cloud-config\s*$/m.test(userData.split("\n")[0] ?? "");
  const config = isConfig ? object(parse(userData)) : {};
  const log: string[] = [];
  if (userData.trim() !== "" && !isConfig) log.push("not run: the local droplet reads #cloud-config only, not scripts");
  for (const name of strings(config["packages"]))
    log.push(`package ${name}: not run: the local droplet has no packages`);
  for (const [key, value] of Object.entries(config)) {
    if (key === "runcmd" || key === "bootcmd") {
      for (const command of list(value)) {
        log.push(
          `${key} ${Array.isArray(command) ? command.map(String).join(" ") : String(command)}: not run: the local droplet has no packages`,
        );
      }
    } else if (!carriedOut.has(key) && key !== "packages")
      log.push(`${key}: not run: the local droplet doesn't know it`);
  }
  const files = list(config["write_files"]).map((entry) => {
    const { path, content = "", encoding, permissions = "0644", append } = object(entry);
    return {
      path: String(path),
      content: decode(String(content), typeof encoding === "string" ? encoding : ""),
      mode: Number.parseInt(String(permissions), 8) & 0o777,
      append: append === true,
    };
  });
  const sshd = files
    .filter(({ path }) => path === "/etc/ssh/sshd_config" || /^\/etc\/ssh\/sshd_config\.d\/[^/]+\.conf$/.test(path))
    .map(({ content }) => content.toString("utf8"))
    .join("\n");
  const rootMayLogIn = config["disable_root"] !== true && !/^\s*PermitRootLogin\s+no\b/im.test(sshd);
  const root: CloudInitUser = {
    name: "root",
    home: "/root",
    shell: "/bin/sh",
    keys: [...rootKeys, ...strings(config["ssh_authorized_keys"])],
  };
  const hostKey = object(config["ssh_keys"])["ed25519_private"];
  return {
    users: [...(rootMayLogIn ? [root] : []), ...list(config["users"]).flatMap(readUser)],
    files,
    hostKey: typeof hostKey === "string" ? hostKey : undefined,
    sshPort: Number(/^\s*Port\s+(\d+)/im.exec(sshd)?.[1] ?? 22),
    log,
  };
}

function readUser(entry: unknown): CloudInitUser[] {
  const raw = object(entry);
  const name = raw["name"];
  if (typeof name !== "string") return [];
  const home = typeof raw["homedir"] === "string" ? raw["homedir"] : `/home/${name}`;
  return [
    {
      name,
      home,
      shell: typeof raw["shell"] === "string" ? raw["shell"] : "/bin/sh",
      keys: strings(raw["ssh_authorized_keys"]),
    },
  ];
}

function decode(content: string, encoding: string): Buffer {
  const isBase64 = /b64|base64/.test(encoding);
  const bytes = Buffer.from(content, isBase64 ? "base64" : "utf8");
  return encoding.startsWith("gz") ? gunzipSync(bytes) : bytes;
}
