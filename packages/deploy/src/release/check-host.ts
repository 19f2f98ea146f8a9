import { type Clock, type Diagnostic, DogeError, error, type Names, warning } from "@doge/core";
import { docker } from "../containers/docker.ts";
import { edgeContainer } from "../edge/traffic.ts";
import { certificateOf } from "../edge/certificate.ts";
import type { Host } from "../host/host.ts";
import { commandLine, shellScript } from "../host/quote.ts";

/** What a host says of itself, in one round trip. */
export interface HostFacts {
  /** Version of the container engine; undefined where it does not answer. */
  readonly engine: string | undefined;
  readonly compose: string | undefined;
  /** `linux/amd64`: what the engine runs; undefined where it does not tell. */
  readonly platform: string | undefined;
  /** Last words of an engine that does not answer. */
  readonly engineTrouble: string;
  readonly booting: boolean;
  readonly diskTrouble: string;
  readonly diskFreeKilobytes: number | undefined;
  readonly inodesFree: number | undefined;
  /** Undefined where the host does not tell. */
  readonly memoryFreeKilobytes: number | undefined;
  /** Seconds since 1970. */
  readonly time: number;
  readonly edgeRuns: boolean;
  /** What listens on port 80 or 443 of all interfaces, as `ss` shows it. */
  readonly listeners: readonly string[];
}

const script = `
  say() { printf '%s=%s\\n' "$1" "$2"; }
  say time "$(date +%s)"
  engine=$(${commandLine(docker.version())} 2>/dev/null || true)
  case "$engine" in
    *" platform="*) say engine "\${engine%% *}"; say platform "\${engine##*=}"
      say compose "$(docker compose version --short 2>/dev/null || true)";;
    *) say engineTrouble "$(docker version 2>&1 >/dev/null | tail -n 1 || true)";;
  esac
  # Asking costs half a second of the processor; the file of this boot says that it is through.
  if [ ! -e /run/cloud-init/result.json ] && command -v cloud-init >/dev/null; then say boot "$(cloud-init status 2>/dev/null | head -n 1 || true)"; fi
  say diskTrouble "$(mkdir -p "$1" 2>&1 || true)"
  say disk "$(df -Pk "$1" 2>/dev/null | tail -n 1 || true)"
  say inodes "$(df -Pi "$1" 2>/dev/null | tail -n 1 || true)"
  if [ -r /proc/meminfo ]; then say memory "$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)"; fi
  say edge "$(docker inspect --format '{{.State.Running}}' ${edgeContainer} 2>/dev/null || true)"
  if command -v ss >/dev/null; then
    ss -Hltn 2>/dev/null | awk '$4 ~ /^(0\\.0\\.0\\.0|\\*|\\[::\\]):(80|443)$/ { print "listener=" $4 }' || true
  fi`;

/** Argv that prints what the checks need to know. */
export const hostFactsArgv = (root: string): readonly string[] => shellScript(script.trim(), root);

export function readFacts(text: string): HostFacts {
  const pairs = text.split("\n").map((line) => line.split(/=(.*)/s) as [string, string?]);
  const of = (name: string): string => pairs.find(([key]) => key === name)?.[1]?.trim() ?? "";
  const number = (word: string | undefined): number | undefined => {
    const value = Number(word);
    return word && Number.isFinite(value) ? value : undefined;
  };
  const fourth = (line: string): number | undefined => number(line.split(/\s+/)[3]);
  return {
    engine: of("engine") || undefined,
    compose: of("compose") || undefined,
    platform: of("platform") || undefined,
    engineTrouble: of("engineTrouble"),
    booting: of("boot").includes("running"),
    diskTrouble: of("diskTrouble"),
    diskFreeKilobytes: fourth(of("disk")),
    inodesFree: fourth(of("inodes")),
    memoryFreeKilobytes: number(of("memory")),
    time: number(of("time")) ?? 0,
    edgeRuns: of("edge") === "true",
    listeners: pairs.flatMap(([key, value]) => (key === "listener" && value ? [value] : [])),
  };
}

const afresh =
  "A new droplet, without the database of this one: `doge taint ENVIRONMENT digitalocean_droplet.this`, then `doge apply ENVIRONMENT`.";

const megabytes = (kilobytes: number): string => `${Math.round(kilobytes / 1024)} MB are free`;
const leastDisk = 512 * 1024;
const littleDisk = 2 * 1024 * 1024;
const leastMemory = 48 * 1024;
const littleMemory = 128 * 1024;

/** What is wrong with a host, each with its cause and its remedy. Pure. `now` in seconds since 1970. */
export function judgeHost(facts: HostFacts, name: string, now: number): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  const address = name;
  if (!facts.engine || !facts.compose) {
    found.push(
      error({
        code: "host-engine",
        summary: "The droplet has no working container engine",
        detail: facts.engine ? "docker answers, docker compose does not" : facts.engineTrouble || "docker: not found",
        address,
        remedy: facts.engineTrouble.includes("not found")
          ? `See with \`doge ssh\` what the first boot said: \`cloud-init status --long\`. ${afresh}`
          : `See with \`doge ssh\` why it does not answer: \`systemctl status docker\`. ${afresh}`,
      }),
    );
  }
  const disk = {
    code: "host-disk",
    summary: "The droplet's disk is full",
    address,
    remedy: "Make room with `doge ssh` (`docker system prune`), or choose a larger droplet.",
  };
  const { diskFreeKilobytes: free, inodesFree, memoryFreeKilobytes: memory } = facts;
  if (facts.diskTrouble) found.push(error({ ...disk, detail: facts.diskTrouble }));
  else if (free !== undefined && free < leastDisk) found.push(error({ ...disk, detail: megabytes(free) }));
  else if (inodesFree !== undefined && inodesFree > 0 && inodesFree < 5_000)
    found.push(error({ ...disk, detail: `only ${inodesFree} more files can be made (inodes)` }));
  else if (free !== undefined && free < littleDisk)
    found.push(warning({ ...disk, summary: "The droplet's disk is nearly full", detail: megabytes(free) }));
  if (memory !== undefined && memory < littleMemory) {
    const make = memory < leastMemory ? error : warning;
    found.push(
      make({
        code: "host-memory",
        summary: "The droplet is short of memory",
        detail: `${megabytes(memory)}; during a deploy the old and the new release run side by side`,
        address,
        remedy:
          "Choose a larger droplet (`environments` in doge.config.ts), or set `app.memory` and limits of workers.",
      }),
    );
  }
  const skew = Math.round(facts.time - now);
  if (Math.abs(skew) > 30) {
    found.push(
      (Math.abs(skew) > 300 ? error : warning)({
        code: "host-clock",
        summary: "The droplet's clock is wrong",
        detail: `${Math.abs(skew)} s ${skew > 0 ? "ahead of" : "behind"} this machine's: certificates, sessions and backups rely on it`,
        address,
        remedy: "See `timedatectl` with `doge ssh`, and this machine's own clock.",
      }),
    );
  }
  if (!facts.edgeRuns && facts.listeners.length > 0) {
    found.push(
      error({
        code: "host-ports",
        summary: "Something else listens on the edge's ports",
        detail: facts.listeners.join(", "),
        address,
        remedy: "See who with `doge ssh` (`docker ps`, `ss -ltn`), and stop it: the edge needs 80 and 443.",
      }),
    );
  }
  return found;
}

/** A fresh droplet installs its engine on the first boot, after SSH answers. */
const engineMilliseconds = 300_000;

/** Waits for the engine of a droplet that is still booting; then throws what must be mended, and returns warnings. */
export async function checkHost(
  host: Host,
  clock: Clock,
  root: string,
  say: (message: string) => void,
): Promise<{ readonly facts: HostFacts; readonly warnings: readonly Diagnostic[] }> {
  const end = clock.now().getTime() + engineMilliseconds;
  for (;;) {
    const asked = clock.now().getTime();
    const facts = readFacts((await host.run({ argv: hostFactsArgv(root) })).stdout);
    // The host read its clock somewhere between the question and the answer.
    const middle = (asked + clock.now().getTime()) / 2_000;
    const found = judgeHost(facts, host.name, middle);
    const waits = facts.booting && !(facts.engine && facts.compose) && clock.now().getTime() < end;
    if (!waits) {
      const errors = found.filter(({ severity }) => severity === "error");
      if (errors.length > 0) throw new DogeError(errors);
      return { facts, warnings: found };
    }
    say("waiting for the droplet's first boot to end");
    await clock.sleep(2_000);
  }
}

const renewalDays = 14;

/** Whether the site's names lead here and its certificate will last. Warnings: the first deploy comes before both. */
export async function checkPublic(
  host: Host,
  clock: Clock,
  domains: readonly string[],
  dns: { readonly names: Names; readonly address: string } | undefined,
): Promise<readonly Diagnostic[]> {
  const pointing = (dns ? domains : []).map(async (name) => {
    const addresses = await dns!.names.addresses(name);
    if (addresses.includes(dns!.address)) return [];
    return [
      warning({
        code: "host-dns",
        summary: "A name of the site does not lead to this droplet",
        detail: `${name}: ${addresses.length > 0 ? addresses.join(", ") : "does not resolve"}; the droplet is ${dns!.address}`,
        address: host.name,
        remedy:
          "Until it does, visitors don't come here and there is no certificate. See `doge doctor` for the name servers; changes take as long as the record's TTL.",
      }),
    ];
  });
  const [domain = ""] = domains;
  const certificate = await certificateOf(host, domain);
  const days = certificate && Math.floor((certificate.notAfter.getTime() - clock.now().getTime()) / 86_400_000);
  const expiring =
    days !== undefined && days < renewalDays
      ? [
          warning({
            code: "host-certificate",
            summary: "The site's certificate runs out and was not renewed",
            detail: `${domain}: ${days < 0 ? "expired" : `${days} days left`} (${certificate?.notAfter.toISOString()})`,
            address: host.name,
            remedy: "See why with `doge logs --service caddy`: mostly DNS or a firewall keeps the authority away.",
          }),
        ]
      : [];
  return [...(await Promise.all(pointing)).flat(), ...expiring];
}
