import { createHash } from "node:crypto";
import type { Attributes } from "@doge/engine";
import { blocksOf, complete, defined, flag, number, required, sorted, strings, text } from "../shared/attributes.ts";
import {
  computedBool,
  computedNumber,
  computedString,
  lowerCase,
  onOff,
  requiredString,
  stringSet,
} from "../shared/schema.ts";
import type { BackupPolicy, Droplet, DropletRequest } from "./client/droplets.ts";

/** User data may hold secrets and is never read back: the state has its SHA-1. */
const hashed = (value: unknown): unknown =>
  typeof value === "string" && value !== "" ? createHash("sha1").update(value).digest("hex") : value;

/** States from before the hash hold the text itself. */
const sameUserData = (prior: unknown, proposed: unknown): boolean =>
  prior === proposed || (typeof proposed === "string" && proposed !== "" && hashed(prior) === proposed);

export const dropletSchema = {
  description: "A virtual machine. Billing starts when the API accepts it, before it boots.",
  attributes: {
    id: computedString,
    name: requiredString,
    image: { type: "string", required: true, forceNew: true, description: "Slug or id." },
    region: { type: "string", optional: true, computed: true, forceNew: true, normalize: lowerCase },
    size: {
      type: "string",
      required: true,
      normalize: lowerCase,
      description: "Slug. A change powers off for a while.",
    },
    resize_disk: { ...onOff(true), description: "Grow the disk with the size. A grown disk never shrinks." },
    user_data: { type: "string", optional: true, forceNew: true, normalize: hashed, same: sameUserData },
    ssh_keys: { type: stringSet, optional: true, forceNew: true, description: "Ids or fingerprints." },
    tags: { type: stringSet, optional: true },
    monitoring: { ...onOff(false), forceNew: true },
    ipv6: onOff(false),
    vpc_uuid: { type: "string", optional: true, computed: true, forceNew: true },
    backups: onOff(false),
    volume_ids: { type: stringSet, optional: true, computed: true },
    droplet_agent: { type: "bool", optional: true, forceNew: true },
    public_networking: { type: "bool", optional: true, computed: true, forceNew: true },
    private_networking: { type: "bool", optional: true, computed: true },
    graceful_shutdown: { ...onOff(false), description: "Shut down before destroying, instead of pulling the plug." },
    gpu_partition_mode: { type: "string", optional: true, forceNew: true },
    ipv4_address: computedString,
    ipv4_address_private: computedString,
    ipv6_address: { type: "string", optional: true, computed: true, recomputedBy: ["ipv6"] },
    urn: computedString,
    created_at: computedString,
    status: computedString,
    locked: computedBool,
    disk: { ...computedNumber, recomputedBy: ["size"] },
    vcpus: { ...computedNumber, recomputedBy: ["size"] },
    memory: { ...computedNumber, recomputedBy: ["size"] },
    price_hourly: { ...computedNumber, recomputedBy: ["size"] },
    price_monthly: { ...computedNumber, recomputedBy: ["size"] },
  },
  blocks: {
    backup_policy: {
      nesting: "list",
      maxItems: 1,
      block: {
        attributes: {
          plan: { type: "string", optional: true, description: "daily or weekly." },
          weekday: { type: "string", optional: true },
          hour: { type: "number", optional: true },
        },
      },
    },
  },
} as const;

/** The state's attributes. `known` (state or configuration) keeps what the API never tells. */
export function dropletState(droplet: Droplet, known: Attributes, image?: string): Attributes {
  const address = (family: "v4" | "v6", type: "public" | "private") =>
    droplet.networks[family]?.find((network) => network.type === type)?.ip_address ?? "";
  const ipv4 = address("v4", "public");
  return complete(dropletSchema, {
    // Slugs move on to newer images: the image that was asked for stays, whatever it is now.
    image: image ?? known["image"],
    ssh_keys: known["ssh_keys"] && sorted(strings(known, "ssh_keys")),
    user_data: known["user_data"],
    droplet_agent: known["droplet_agent"],
    gpu_partition_mode: known["gpu_partition_mode"],
    backup_policy: known["backup_policy"],
    resize_disk: known["resize_disk"] ?? true,
    graceful_shutdown: known["graceful_shutdown"] ?? false,
    id: String(droplet.id),
    name: droplet.name,
    region: droplet.region.slug,
    size: droplet.size_slug,
    tags: sorted(droplet.tags),
    volume_ids: sorted(droplet.volume_ids),
    vpc_uuid: droplet.vpc_uuid ?? "",
    backups: droplet.features.includes("backups"),
    ipv6: droplet.features.includes("ipv6"),
    monitoring: droplet.features.includes("monitoring"),
    private_networking: droplet.features.includes("private_networking"),
    public_networking: ipv4 !== "",
    ipv4_address: ipv4,
    ipv4_address_private: address("v4", "private"),
    ipv6_address: address("v6", "public").toLowerCase(),
    urn: `do:droplet:${droplet.id}`,
    created_at: droplet.created_at,
    status: droplet.status,
    locked: droplet.locked,
    disk: droplet.disk,
    vcpus: droplet.vcpus,
    memory: droplet.memory,
    price_hourly: droplet.size.price_hourly,
    price_monthly: droplet.size.price_monthly,
  });
}

/** What the state holds of a configuration: hashed user data, lower case. */
export const asStored = (config: Attributes): Attributes => ({ ...config, user_data: hashed(config["user_data"]) });

export const numberOrText = (value: string): string | number => (/^\d+$/.test(value) ? Number(value) : value);

export function dropletRequest(config: Attributes): DropletRequest {
  return defined({
    name: required(config, "name"),
    region: text(config, "region")?.toLowerCase(),
    size: required(config, "size").toLowerCase(),
    image: numberOrText(required(config, "image")),
    ssh_keys: strings(config, "ssh_keys").map(numberOrText),
    tags: sorted(strings(config, "tags")),
    user_data: text(config, "user_data"),
    backups: flag(config, "backups") ?? false,
    backup_policy: backupPolicy(config),
    ipv6: flag(config, "ipv6") ?? false,
    monitoring: flag(config, "monitoring") ?? false,
    volumes: optional(strings(config, "volume_ids")),
    vpc_uuid: text(config, "vpc_uuid"),
    with_droplet_agent: flag(config, "droplet_agent"),
    public_networking: flag(config, "public_networking") === false ? false : undefined,
  }) as DropletRequest;
}

export function backupPolicy(config: Attributes): BackupPolicy | undefined {
  const block = blocksOf(config, "backup_policy")[0];
  if (!block) return undefined;
  return defined({
    plan: text(block, "plan"),
    weekday: text(block, "weekday"),
    hour: number(block, "hour"),
  }) as BackupPolicy;
}

const optional = <T>(values: readonly T[]): readonly T[] | undefined => (values.length > 0 ? values : undefined);
