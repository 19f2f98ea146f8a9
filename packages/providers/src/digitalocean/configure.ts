import { Secret, fail } from "@doge/core";
import type { Attributes, ProviderContext } from "@doge/engine";
import { text } from "../shared/attributes.ts";
import { optionalString } from "../shared/schema.ts";
import { type DigitalOceanApi, createDigitalOcean } from "./client.ts";
import { type Spaces, createSpaces } from "./client/spaces.ts";

/** What the resources work with. Spaces has keys of its own, asked for only where a bucket is. */
export interface DigitalOcean {
  readonly api: DigitalOceanApi;
  spaces(region: string): Spaces;
}

export const providerSchema = {
  attributes: {
    token: { type: "string", optional: true, sensitive: true, description: "DIGITALOCEAN_TOKEN where left out." },
    api_endpoint: { ...optionalString, description: "DIGITALOCEAN_API_URL where left out." },
    spaces_access_id: { type: "string", optional: true, sensitive: true },
    spaces_secret_key: { type: "string", optional: true, sensitive: true },
    spaces_endpoint: {
      ...optionalString,
      description: "SPACES_ENDPOINT_URL where left out; `{{.Region}}` is the region.",
    },
    http_retry_max: { type: "number", optional: true },
    http_retry_wait_min: { type: "number", optional: true },
    http_retry_wait_max: { type: "number", optional: true },
    requests_per_second: { type: "number", optional: true },
  },
} as const;

export function configure(config: Attributes, context: ProviderContext): DigitalOcean {
  const { env, http, clock, emit, signal } = context;
  const shared = { http, clock, emit, ...(signal ? { signal } : {}) };
  const token = text(config, "token") ?? env["DIGITALOCEAN_TOKEN"] ?? env["DIGITALOCEAN_ACCESS_TOKEN"];
  if (!token)
    fail({
      code: "digitalocean-token-missing",
      summary: "There is no DigitalOcean token",
      detail: "Neither the provider's `token` nor DIGITALOCEAN_TOKEN is set.",
      remedy: "Make one (API → Tokens → Generate New Token) and set DIGITALOCEAN_TOKEN.",
    });
  const regions = new Map<string, Spaces>();
  return {
    api: createDigitalOcean({
      ...shared,
      token: new Secret(token),
      apiUrl: text(config, "api_endpoint") ?? env["DIGITALOCEAN_API_URL"],
    }),
    spaces(region) {
      const known = regions.get(region);
      if (known) return known;
      const id = text(config, "spaces_access_id") ?? env["SPACES_ACCESS_KEY_ID"];
      const key = text(config, "spaces_secret_key") ?? env["SPACES_SECRET_ACCESS_KEY"];
      if (!id || !key)
        fail({
          code: "spaces-keys-missing",
          summary: "There are no keys for DigitalOcean Spaces",
          detail: "A bucket needs SPACES_ACCESS_KEY_ID and SPACES_SECRET_ACCESS_KEY besides the API token.",
          remedy: "Make a key (API → Spaces Keys → Create Access Key) and set both.",
        });
      const spaces = createSpaces({
        ...shared,
        accessKeyId: new Secret(id),
        secretAccessKey: new Secret(key),
        endpoint: text(config, "spaces_endpoint") ?? env["SPACES_ENDPOINT_URL"],
        region,
      });
      regions.set(region, spaces);
      return spaces;
    },
  };
}
