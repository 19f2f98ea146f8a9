import { type Attributes, defineResource } from "@doge/engine";
import { complete, required } from "../shared/attributes.ts";
import { alreadyExists, createOnce } from "../shared/errors.ts";
import { computedString, requiredString } from "../shared/schema.ts";
import type { SshKey } from "./client/account.ts";
import { vendor } from "./client/api.ts";
import type { DigitalOcean } from "./configure.ts";

const schema = {
  description: "A public key that new droplets accept.",
  attributes: {
    id: computedString,
    name: requiredString,
    public_key: {
      type: "string",
      required: true,
      forceNew: true,
      same: (prior: unknown, proposed: unknown) => String(prior).trim() === String(proposed).trim(),
    },
    fingerprint: computedString,
  },
} as const;

const state = (key: SshKey): Attributes => complete(schema, { ...key, id: String(key.id) });

/** Algorithm and key: a comment behind them is no part of it. */
const material = (publicKey: string): string => publicKey.trim().split(/\s+/).slice(0, 2).join(" ");

async function byMaterial({ api }: DigitalOcean, config: Attributes): Promise<SshKey | undefined> {
  const wanted = material(required(config, "public_key"));
  return (await api.sshKeys.list()).find((key) => material(key.public_key) === wanted);
}

export const sshKey = defineResource<DigitalOcean>()({
  type: "digitalocean_ssh_key",
  schemaVersion: 0,
  schema,

  async read({ api }, prior) {
    const key = await api.sshKeys.get(required(prior, "id"));
    return key && state(key);
  },

  // An account holds a public key once: there is no other one it could be.
  async find(client, { config }) {
    const key = await byMaterial(client, config);
    return key && state(key);
  },

  async reconcile(client, { config, prior, created }) {
    const name = required(config, "name");
    if (prior) return state(await client.api.sshKeys.rename(required(prior, "id"), name));
    const key = await createOnce({
      create: () => client.api.sshKeys.create({ name, public_key: required(config, "public_key") }),
      find: () => byMaterial(client, config),
      taken: [409, 422],
      exists: (key) =>
        alreadyExists(vendor, {
          type: "digitalocean_ssh_key",
          name: key.name,
          importId: String(key.id),
          rename: "make another key",
        }),
    });
    await created(state(key));
    return state(key);
  },

  remove: ({ api }, prior) => api.sshKeys.delete(required(prior, "id")),
  importState: (id) => ({ id }),
});
