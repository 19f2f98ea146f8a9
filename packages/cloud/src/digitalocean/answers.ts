import { findImage, findRegion, findSize, imageAnswer } from "./catalog.ts";
import type { Action, Droplet, Office, Vpc } from "./model.ts";

/** A droplet as the API shows it. */
export function dropletAnswer({ actions }: Office, droplet: Droplet): Record<string, unknown> {
  const size = findSize(droplet.size);
  const image = findImage(droplet.image);
  const network = droplet.address.split(".").slice(0, 2).join(".");
  const privateNetwork = droplet.privateAddress.split(".").slice(0, 2).join(".");
  return {
    id: droplet.id,
    name: droplet.name,
    memory: size?.memory ?? 0,
    vcpus: size?.vcpus ?? 0,
    disk: size?.disk ?? 0,
    disk_info: size?.disk_info ?? [],
    locked: actions.list((a) => a.resource_id === droplet.id && a.status === "in-progress").length > 0,
    status: droplet.status,
    created_at: droplet.createdAt,
    features: droplet.features,
    backup_ids: [],
    next_backup_window: null,
    snapshot_ids: [],
    image: image ? imageAnswer(image) : {},
    volume_ids: [],
    size,
    size_slug: droplet.size,
    networks: {
      v4: [
        {
          ip_address: droplet.privateAddress,
          netmask: "255.255.240.0",
          gateway: `${privateNetwork}.0.1`,
          type: "private",
        },
        { ip_address: droplet.address, netmask: "255.255.240.0", gateway: `${network}.0.1`, type: "public" },
      ],
      v6: [],
    },
    region: findRegion(droplet.region),
    tags: droplet.tags,
    vpc_uuid: droplet.vpc,
  };
}

export const actionAnswer = (action: Action): Record<string, unknown> => ({
  ...action,
  region: findRegion(action.region_slug),
});

/** `links` beside a new droplet: where its create action stands. */
export const actionLink = ({ context }: Office, action: Action): Record<string, unknown> => ({
  id: action.id,
  rel: action.type,
  href: `${context.url("digitalocean")}/v2/actions/${action.id}`,
});

export const vpcAnswer = (vpc: Vpc): Record<string, unknown> => ({ ...vpc, urn: `do:vpc:${vpc.id}` });

/** Tags with what carries them. Only droplets carry tags here. */
export function tagAnswer({ droplets, context }: Office, name: string): Record<string, unknown> {
  const tagged = droplets.list((droplet) => droplet.tags.includes(name));
  const last = tagged.at(-1);
  const counted = {
    count: tagged.length,
    ...(last && { last_tagged_uri: `${context.url("digitalocean")}/v2/droplets/${last.id}` }),
  };
  const none = { count: 0 };
  return {
    name,
    resources: {
      ...counted,
      droplets: counted,
      images: none,
      volumes: none,
      volume_snapshots: none,
      databases: none,
    },
  };
}
