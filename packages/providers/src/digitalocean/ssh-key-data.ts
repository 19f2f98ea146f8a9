import { fail } from "@doge/core";
import { defineDataSource } from "@doge/engine";
import { complete, required } from "../shared/attributes.ts";
import { computedString, requiredString } from "../shared/schema.ts";
import type { DigitalOcean } from "./configure.ts";

const schema = {
  description: "An SSH key that is there already, by its name.",
  attributes: {
    id: { type: "number", computed: true },
    name: requiredString,
    public_key: computedString,
    fingerprint: computedString,
  },
} as const;

export const sshKeyData = defineDataSource<DigitalOcean>()({
  type: "digitalocean_ssh_key",
  schema,
  async read({ api }, config) {
    const name = required(config, "name");
    const found = (await api.sshKeys.list()).filter((key) => key.name === name);
    const [key] = found;
    if (!key || found.length > 1)
      fail({
        code: "digitalocean-not-found",
        summary:
          found.length > 1 ? "DigitalOcean has several SSH keys of that name" : "DigitalOcean has no such SSH key",
        detail: `"${name}" names ${found.length} of the keys of this account.`,
        remedy: "Apply the workspace that makes it first, or give each key a name of its own.",
      });
    return complete(schema, { id: key.id, name, public_key: key.public_key, fingerprint: key.fingerprint });
  },
});
